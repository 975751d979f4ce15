// Stages of character diffusion: chars_load reads and packs the weights, chars_step is one
// evaluation of a block of 256 characters.
#pragma once

#include <string>
#include <vector>

#include "bench/row.h"
#include "engine/core/policy.h"

namespace yent {

// With `roofline`, also prints every layer.
std::vector<Row> bench_characters(const std::string& model, TraceBackend& trace,
                                  const Policy& policy, const Machine& machine, bool roofline);

}  // namespace yent
