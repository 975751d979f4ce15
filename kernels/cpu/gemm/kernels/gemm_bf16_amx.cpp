#include "kernels/cpu/gemm/kernels/gemm_amx.h"

namespace yent {
namespace {

void pack(void* panel, const void* weight, size_t ld, int columns, int k) {
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

extern const Gemm gemm_bf16_amx = {"amx",
                                   Isa::amx,
                                   amx_mr,
                                   amx_nr,
                                   32,
                                   2,
                                   2,
                                   2,
                                   pack,
                                   nullptr,
                                   nullptr,
                                   store_tile<amx_nr>,
                                   tiles_begin,
                                   tiles_end,
                                   multiply_amx<false>,
                                   multiply_row_amx<V, false>};

}  // namespace yent
