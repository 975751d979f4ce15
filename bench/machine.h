// The peak speeds of this machine, measured now.
#pragma once

#include <string>

#include "kernels/backend.h"

namespace yent {

struct Machine {
  double macs_per_s = 0;   // f32 multiply-accumulates, all threads together
  double bytes_per_s = 0;  // read from memory, all threads together
  std::string name;        // of the processor
};

// Takes about half a second. `isa` is a cap as for the backend.
Machine measure_machine(const std::string& isa, int threads);

// The same for another device: f16 multiply-accumulates in a large linear, and the bytes that a
// large linear combination reads and writes.
Machine measure_device(Backend& backend);

}  // namespace yent
