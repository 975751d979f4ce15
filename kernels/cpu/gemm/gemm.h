// The contract of a matrix product's kernel. One row of a table is everything one instruction
// set brings for one precision: how it tiles, how it wants both operands laid out, how it
// multiplies and how it stores. The driver (gemm_driver.h) owns loops, threads and memory.
//
//   C [rows, columns] = A [rows, k] B [k, columns]
//
// A is given as one pointer per row and stretch of k, so that padding, strides, upsampling and
// concatenation are pointers; B is the weight, packed at load. Both are cut into panels (mr rows
// of A, nr columns of B) that run along all of k; every stretch is a multiple of kr there, filled
// up with zeros.
#pragma once

#include "kernels/cpu/simd/leaf.h"

namespace yent {

// One finished tile on its way out: (scales,) bias, then the epilogue of backend.h.
struct GemmTile {
  const void* sums = nullptr;  // [mr][nr] float, int32 in gemm_i8
  int rows = 0, columns = 0;   // of the tile that exist; columns before gating
  void* out = nullptr;         // f32 or bf16; of a gated tile, columns / 2 wide
  Element out_type = Element::f32;
  size_t out_ld = 0;
  bool non_temporal = false;               // may go past the caches
  int prefetch = 0;                        // so many rows further on is what is stored soon
  const float* bias = nullptr;             // [nr]
  const float* const* row_bias = nullptr;  // one pointer per row; may be null
  const void* residual = nullptr;          // f32 or bf16; may be null
  Element residual_type = Element::f32;
  size_t residual_ld = 0;
  const float* row_scale = nullptr;       // [rows], gemm_i8 only
  const float* column_scale = nullptr;    // [nr], gemm_i8 only
  const int32_t* compensation = nullptr;  // [nr], gemm_i8 whose sums are too large by so much
  Fn fn = Fn::none;
  bool gated = false;
};

// Rows of A where they lie, in two groups: row i of group g is at sources[g][s] + i * step[g],
// stretch by stretch of k, each filled up with zeros to `segment_bytes`, whole cache lines.
struct GemmRows {
  const void* const* sources[2] = {};
  size_t step[2] = {};
  int segments = 0, segment_bytes = 0;
};

struct Gemm {
  const char* name;
  Isa isa;
  int mr, nr, kr;
  int input_bytes;  // an element of A as the driver has it: 4 float, 1 int8
  int a_bytes;      // an element of A in a panel
  int b_bytes;      // an element of B in a panel

  // One panel of B from `columns` <= nr weight rows (float; int8 codes in gemm_i8), ld apart.
  void (*pack)(void* panel, const void* weight, size_t ld, int columns, int k);
  // Positions at .. at + count of a panel of A from elements 0 .. count of `rows` <= mr rows.
  // May write up to 64 bytes more than that, so panels are staged in order.
  void (*pack_a)(void* panel, int at, const void* const* sources, int rows, int count);
  // sums = or += A B over k, the depth of both panels given. `ahead`, k * prefetch_step bytes of a
  // panel to come, may be prefetched meanwhile; it need not be memory of ours.
  void (*accumulate)(void* sums, const void* a, const void* b, int rows, int k, bool add,
                     const void* prefetch, size_t prefetch_step);
  void (*store_tile)(const GemmTile& tile);

  // A row that reads A in place has these instead of `stage` and `accumulate`. `begin` and `end`
  // enclose a thread's work; multiply makes sums [mr][nr] over all of k at once. Meanwhile it
  // finishes `before`, if there is one: a tile whose sums are elsewhere.
  void (*begin)() = nullptr;
  void (*end)() = nullptr;
  void (*multiply)(void* sums, const GemmRows& a, const void* b, const void* prefetch,
                   size_t prefetch_step, const GemmTile* before) = nullptr;
  // The same for row 0 of group 0 alone, to sums [nr], outside begin and end. What follows the
  // panel may be prefetched; it need not be memory of ours.
  void (*multiply_row)(void* sums, const GemmRows& a, const void* b) = nullptr;

  // gemm_i8 only: what stage adds to every code because its instructions want one side unsigned.
  // GemmTile::excess is this times the sum of the column's codes.
  int zero_point = 0;
};

}  // namespace yent
