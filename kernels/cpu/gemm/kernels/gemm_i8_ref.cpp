// gemm_i8 in plain C++: values in [-127, 127] on both sides, exact int32 sums.
#define YENT_PLAIN_SIMD
#include "kernels/cpu/gemm/kernels/epilogue.h"

namespace yent {
namespace {

constexpr int mr = 4, nr = 8;

void pack_b(void* panel, const void* weight, size_t ld, int columns, int k) {
  int8_t* to = static_cast<int8_t*>(panel);
  const int8_t* from = static_cast<const int8_t*>(weight);
  for (int p = 0; p < k; ++p) {
    for (int j = 0; j < nr; ++j) to[p * nr + j] = j < columns ? from[j * ld + p] : 0;
  }
}

void pack_a(void* panel, int at, const void* const* sources, int rows, int count) {
  int8_t* to = static_cast<int8_t*>(panel) + at * mr;
  for (int i = 0; i < rows; ++i) {
    const int8_t* from = static_cast<const int8_t*>(sources[i]);
    for (int p = 0; p < count; ++p) to[p * mr + i] = from[p];
  }
}

void accumulate(void* sums, const void* a, const void* b, int rows, int k, bool add, const void*,
                size_t) {
  const int8_t *left = static_cast<const int8_t*>(a), *right = static_cast<const int8_t*>(b);
  for (int i = 0; i < rows; ++i) {
    int32_t* to = static_cast<int32_t*>(sums) + i * nr;
    for (int j = 0; j < nr; ++j) to[j] = add ? to[j] : 0;
    for (int p = 0; p < k; ++p) {
      for (int j = 0; j < nr; ++j) to[j] += left[p * mr + i] * right[p * nr + j];
    }
  }
}

}  // namespace

extern const Gemm gemm_i8_ref = {.name = "ref",
                                 .isa = Isa::ref,
                                 .mr = mr,
                                 .nr = nr,
                                 .kr = 1,
                                 .input = Element::i8,
                                 .a_bytes = 1,
                                 .b_bytes = 1,
                                 .pack_b = pack_b,
                                 .store_tile = store_quantized_tile<nr>,
                                 .pack_a = pack_a,
                                 .accumulate = accumulate};

}  // namespace yent
