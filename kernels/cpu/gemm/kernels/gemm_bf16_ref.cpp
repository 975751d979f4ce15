// gemm_bf16 in plain C++: both operands rounded to bf16, sums in f32.
#define YENT_PLAIN_SIMD
#include "kernels/cpu/gemm/kernels/epilogue.h"
#include "kernels/half.h"

namespace yent {
namespace {

constexpr int mr = 4, nr = 8;

void pack_b(void* panel, const void* weight, size_t ld, int columns, int k) {
  uint16_t* to = static_cast<uint16_t*>(panel);
  const float* from = static_cast<const float*>(weight);
  for (int p = 0; p < k; ++p) {
    for (int j = 0; j < nr; ++j) to[p * nr + j] = j < columns ? f32_to_bf16(from[j * ld + p]) : 0;
  }
}

void pack_a(void* panel, int at, const void* const* sources, int rows, int count) {
  uint16_t* to = static_cast<uint16_t*>(panel) + at * mr;
  for (int i = 0; i < rows; ++i) {
    const uint16_t* from = static_cast<const uint16_t*>(sources[i]);
    for (int p = 0; p < count; ++p) to[p * mr + i] = from[p];
  }
}

void accumulate(void* sums, const void* a, const void* b, int rows, int k, bool add, const void*,
                size_t) {
  const uint16_t *left = static_cast<const uint16_t*>(a), *right = static_cast<const uint16_t*>(b);
  for (int i = 0; i < rows; ++i) {
    float* to = static_cast<float*>(sums) + i * nr;
    for (int j = 0; j < nr; ++j) to[j] = add ? to[j] : 0;
    for (int p = 0; p < k; ++p) {
      const float x = bf16_to_f32(left[p * mr + i]);
      for (int j = 0; j < nr; ++j) to[j] += x * bf16_to_f32(right[p * nr + j]);
    }
  }
}

}  // namespace

extern const Gemm gemm_bf16_ref = {.name = "ref",
                                   .isa = Isa::ref,
                                   .mr = mr,
                                   .nr = nr,
                                   .kr = 1,
                                   .input = Element::bf16,
                                   .a_bytes = 2,
                                   .b_bytes = 2,
                                   .pack_b = pack_b,
                                   .store_tile = store_tile<nr>,
                                   .pack_a = pack_a,
                                   .accumulate = accumulate};

}  // namespace yent
