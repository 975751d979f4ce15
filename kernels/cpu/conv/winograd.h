// The contract of a Winograd kernel: convolutions of stride 1 whose results are made in tiles of
// 4x4, with fewer products than the direct way: 36 instead of 144 for 3x3 taps, F(4x4, 3x3); 25
// instead of 64 for the 2x2 taps of a phase, F(4x4, 2x2). From a window d of 6x6 (5x5) pixels and a
// filter g:
//
//   y = A^T [(G g G^T) * (B^T d B)] A                           (Lavin and Gray 2015, arXiv
//                                                                1509.09308; * is elementwise)
//
// The sum over channels is taken between the brackets, so that there are 36 (25) matrix products,
// one for each position of the window: M = V U, V from the image, U from the weight.
//
// In int8 everything is in integers, and the results are those of the direct way, bit by bit. The
// matrices have no fractions: rows of G and B^T have been multiplied by whole numbers, so that y is
// 576 times (36 times) the convolution.
//
//         |4  0 -5  0  1  0|        |6  0  0|
//         |0  4  4 -1 -1  0|        |4  4  4|         |1  1  1  1  1  0|
//   B^T = |0 -4  4  1 -1  0|    G = |4 -4  4|   A^T = |0  1 -1  2 -2  0|
//         |0 -2 -1  2  1  0|        |1  2  4|         |0  1  1  4  4  0|
//         |0  2 -1 -2  1  0|        |1 -2  4|         |0  1 -1  8 -8  4|
//         |0  4  0 -5  0  1|        |0  0  6|
//
//         |2 -1 -2  1  0|           |3  0|
//         |0  2  1 -1  0|           |3  3|            |1  1  1  1  0|
//   B^T = |0 -2  3 -1  0|       G = |1 -1|      A^T = |0  1 -1  2  0|
//         |0 -1  0  1  0|           |1  2|            |0  1  1  4  0|
//         |0  2 -1 -2  1|           |0  6|            |0  1 -1  8  1|
//
// Bounds. Quantized values lie in [-127, 127]. No row of B^T has a sum of magnitudes above 10 (6),
// none of G above 12 (6), so |V| <= 10 * 10 * 127 = 12,700 and |U| <= 12 * 12 * 127 = 18,288, and
// so do all sums on the way: 16 bits hold them. A pair of products stays below 2^29.
//
// M and y are computed modulo 2^32: they may wrap. Let S be the true sum of the convolution. Then y
// = 64 * 9 * S (4 * 9 * S) modulo 2^32. Multiplying by the inverse of 9 modulo 2^32, 0x38e38e39,
// leaves 64 S (4 S) modulo 2^32. If -2^25 <= S < 2^25 (2^29), then 64 S fits a signed 32-bit
// number, so this is 64 S itself, and S is that shifted down by 6 (2): exact. At S = 2^25 it wraps:
// the bound cannot be moved. The weights of an output channel bound its sums: |S| <= 127 sum |w|.
// Where that exceeds the bound, the channels of the image are cut into segments whose S are added
// (conv_winograd.h).
#pragma once

#include "kernels/cpu/simd/leaf.h"

namespace yent {

static constexpr int winograd_tile = 4;  // results of a tile, along a side

// The rows of the next tile of a product, at most `most`, where `left` rows are left: all tiles get
// nearly the same height.
static constexpr int even_height(int left, int most) {
  const int tiles = (left + most - 1) / most;
  return (left + tiles - 1) / tiles;
}

// A row works on the panels of a weight that the row of gemm.h packed beside which it stands. V and
// U keep groups of `granule` channels in an order of their own. Steps and `line`, `pixel`, `tap`
// are in bytes.
struct Winograd {
  int window = 0, taps = 0;      // along a side
  int granule = 0;               // of channels
  int v_bytes = 0, u_bytes = 0;  // of a channel in V; of a channel and a column in U
  int32_t max_sum = 0;           // int8: S lies below it
  double cost = 1;               // see suits_winograd()

  constexpr int positions() const { return window * window; }

  // V of one tile from `channels` channels, a multiple of the granule, of the pixels of its window.
  // Position p goes to v + p * step.
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
  // int8: adds to sums[nr] those of |w| over some channels of one tap of a panel.
  void (*add_magnitudes)(int32_t* sums, const void* panel, int channels) = nullptr;
};

// What a row of gemm.h has: for whole filters, and for those of a phase.
struct WinogradPair {
  Winograd taps3 = {}, taps2 = {};
};

}  // namespace yent
