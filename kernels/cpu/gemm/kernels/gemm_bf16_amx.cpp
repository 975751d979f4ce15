#include "kernels/cpu/gemm/kernels/gemm_amx.h"

namespace yent {
namespace {

void pack_b(void* panel, const void* weight, size_t ld, int columns, int k) {
  char* to = static_cast<char*>(panel);
  const float* from = static_cast<const float*>(weight);
  for (int j = 0; j < amx_nr; ++j) {
    for (int p = 0; p < k; p += W) {
      uint16_t row[W] = {};
      if (j < columns) store_bf16(row, load(from + j * ld + p));
      for (int i = 0; i < W; i += 2)
        __builtin_memcpy(to + amx_panel_at(j, 2 * (p + i)), row + i, 4);
    }
  }
}

}  // namespace

extern const Gemm gemm_bf16_amx = {.name = "amx",
                                   .isa = Isa::amx,
                                   .mr = amx_mr,
                                   .nr = amx_nr,
                                   .kr = 32,
                                   .input = Element::bf16,
                                   .a_bytes = 2,
                                   .b_bytes = 2,
                                   .pack_b = pack_b,
                                   .store_tile = store_tile<amx_nr>,
                                   .begin = tiles_begin,
                                   .end = tiles_end,
                                   .multiply_in_place = multiply_amx<false>,
                                   .multiply_row_in_place = multiply_row_amx<V, false>};

}  // namespace yent
