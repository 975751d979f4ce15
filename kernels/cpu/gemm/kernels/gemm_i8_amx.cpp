#include "kernels/cpu/gemm/kernels/gemm_amx.h"

namespace yent {
namespace {

void pack_b(void* panel, const void* weight, size_t ld, int columns, int k) {
  int8_t* to = static_cast<int8_t*>(panel);
  const int8_t* from = static_cast<const int8_t*>(weight);
  for (int p = 0; p < k; p += 4) {
    for (int j = 0; j < amx_nr; ++j) {
      int32_t four = 0;
      if (j < columns) __builtin_memcpy(&four, from + j * ld + p, 4);
      __builtin_memcpy(to + amx_panel_at(j, p), &four, 4);
    }
  }
}

}  // namespace

extern const Gemm gemm_i8_amx = {.name = "amx",
                                 .isa = Isa::amx,
                                 .mr = amx_mr,
                                 .nr = amx_nr,
                                 .kr = 64,
                                 .input = Element::i8,
                                 .a_bytes = 1,
                                 .b_bytes = 1,
                                 .pack_b = pack_b,
                                 .store_tile = store_quantized_tile<amx_nr>,
                                 .begin = tiles_begin,
                                 .end = tiles_end,
                                 .multiply_in_place = multiply_amx<true>,
                                 .multiply_row_in_place = multiply_row_amx<Quads, true>};

}  // namespace yent
