// Runs the body of a test for every instruction set of this machine, with one thread and with
// three.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/isa_table.h"
#include "kernels/cpu/runtime/features.h"

namespace yent {

template <class Call>
void on_every_isa(const Call& call) {
  for (int i = 0; i < isa_count; ++i) {
    const Isa isa = static_cast<Isa>(i);
    if (!supports(detect_features(), isa)) continue;
    INFO(std::string(isa_name(isa)));
    for (const int threads : {1, 3}) call(*make_table_backend(isa, threads));
  }
}

}  // namespace yent
