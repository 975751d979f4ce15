// Norms on threads. Group norm gathers statistics by chunks of pixels, then applies them in one
// more walk; outputs are of any form.
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/vec.h"

namespace yent {

void group_norm(Arena& arena, int threads, const Vec& vec, Tensor out, const Cat& x, const NormW& w,
                int groups, Fn fn);
void layer_norm(Arena& arena, int threads, const Vec& vec, Tensor out, Tensor x, const NormW& w);

}  // namespace yent
