// The contract of a Winograd kernel: 3x3 convolutions of stride 1 by F(4x4, 3x3), which multiplies
// 36 times where the direct way multiplies 144 times. From 6x6 pixels d and a filter g come 4x4
// results:
//
//   y = A^T [(G g G^T) * (B^T d B)] A                           (Lavin and Gray 2015, arXiv
//                                                                1509.09308; * is elementwise)
//
// The sum over channels is taken between the brackets, so that there are 36 matrix products, one
// for each position of the 6x6: M = V U, V from the image, U from the weight.
//
// In int8 everything is in integers, and the results are those of the direct way, bit by bit. G has
// been multiplied by 24 and then rows by powers of two moved between the matrices, so that none has
// a fraction (each of the two sides then carries the factor 24):
//
//         |4  0 -5  0  1  0|        |6  0  0|
//         |0  4  4 -1 -1  0|        |4  4  4|         |1  1  1  1  1  0|
//   B^T = |0 -4  4  1 -1  0|    G = |4 -4  4|   A^T = |0  1 -1  2 -2  0|
//         |0 -2 -1  2  1  0|        |1  2  4|         |0  1  1  4  4  0|
//         |0  2 -1 -2  1  0|        |1 -2  4|         |0  1 -1  8 -8  4|
//         |0  4  0 -5  0  1|        |0  0  6|
//
//   y = 576 times the convolution.
//
// Bounds. Quantized values lie in [-127, 127]. No row of B^T has a sum of magnitudes above 10, none
// of G above 12, so |V| <= 10 * 10 * 127 = 12,700 and |U| <= 12 * 12 * 127 = 18,288, and so do all
// sums on the way: 16 bits hold them. A pair of products stays below 2^29.
//
// M and y are computed modulo 2^32: they may wrap. Let S be the true sum of the convolution. Then y
// = 64 * 9 * S modulo 2^32. Multiplying by the inverse of 9 modulo 2^32, 0x38e38e39, leaves 64 S
// modulo 2^32. If -2^25 <= S < 2^25, then 64 S fits a signed 32-bit number, so this is 64 S itself,
// and S is that shifted down by 6: exact. At S = 2^25 it wraps: the bound cannot be moved. The
// weights of an output channel bound its sums: |S| <= 127 sum |w|. Where that exceeds the bound,
// the channels of the image are cut into segments whose S are added (conv_winograd.h).
#pragma once

#include "kernels/cpu/simd/leaf.h"

namespace yent {

static constexpr int winograd_tile = 4;           // results of a tile, along a side
static constexpr int winograd_window = 6;         // pixels of a tile, along a side
static constexpr int winograd_positions = 36;     // products of a tile
static constexpr int winograd_max_sum = 1 << 25;  // S lies below it

// A row works on the panels of a weight that the row of gemm.h packed beside which it stands. V and
// U keep groups of `granule` channels in an order of their own. Steps and `line`, `pixel`, `tap`
// are in bytes.
struct Winograd {
  int granule = 0;
  int v_bytes = 0, u_bytes = 0;  // of a channel in V; of a channel and a column in U

  // V of one tile from `channels` channels, a multiple of the granule, of its 6x6 pixels. Position
  // p goes to v + p * step.
  void (*transform_input)(void* v, size_t step, const void* pixels, size_t line, size_t pixel,
                          int channels) = nullptr;
  // U of one panel from `channels` channels, whose first tap begins at `panel`. U is filled with
  // zeros up to a multiple of the granule.
  void (*transform_weight)(void* u, size_t step, const void* panel, size_t tap,
                           int channels) = nullptr;
  // m [rows][nr] = (or, if `add`, +=) V U of one position. Rows of V are v_row bytes apart.
  void (*multiply)(void* m, const void* v, size_t v_row, const void* u, int rows, int channels,
                   bool add) = nullptr;
  // The 4x4 sums of one tile, each [nr]: line y of them goes to sums + y * line; or is added.
  void (*transform_output)(void* sums, size_t line, const void* m, size_t step, bool add) = nullptr;
  // sums[nr] = the sums of |w| over some channels of one tap of a panel; or they are added.
  void (*add_magnitudes)(int32_t* sums, const void* panel, int channels) = nullptr;
};

}  // namespace yent
