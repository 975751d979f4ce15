// Group norm on threads: statistics by chunks of pixels, then one walk that applies them.
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/vec.h"

namespace yent {

void group_norm(Arena& arena, int threads, const Vec& vec, Tensor out, const Cat& x, const NormW& w,
                int groups, Fn fn);

}  // namespace yent
