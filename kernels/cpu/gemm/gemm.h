// The contract of a matrix product's kernel. A row of a table is what one instruction set brings
// for one precision: how it tiles, how it wants both operands packed, how it multiplies and how it
// stores. The driver (gemm_driver.h) owns loops, threads and memory.
//
//   C [rows, columns] = A [rows, k] B [k, columns]
//
// k is cut into segments, the taps of a convolution or the halves of a concatenation. A is given as
// one pointer for each row and segment, so that padding, strides, upsampling and concatenation are
// pointers. B is the weight, packed at load. Both are cut into panels (mr rows of A, nr columns of
// B) that run along all of k; in them every segment is padded with zeros to a multiple of kr.
//
// A row works in one of two modes. It either multiplies packed panels of A, in blocks of k (pack_a,
// accumulate), or reads A in place, over all of k at once (begin, multiply_in_place, end).
#pragma once

#include "kernels/cpu/simd/leaf.h"

namespace yent {

// One finished tile on its way to the output: (scales,) bias, then the epilogue of backend.h.
struct GemmTile {
  const void* sums = nullptr;  // [mr][nr] f32; int32 in gemm_i8
  int rows = 0, columns = 0;   // the part of the tile that exists; columns before gating
  void* out = nullptr;         // f32 or bf16; of a gated tile, columns / 2 wide
  Element out_type = Element::f32;
  size_t out_ld = 0;
  bool non_temporal = false;               // may be stored past the caches
  int prefetch = 0;                        // prefetch distance of the output, in rows
  const float* bias = nullptr;             // [nr]
  const float* const* row_bias = nullptr;  // one pointer per row; may be null
  const void* residual = nullptr;          // f32 or bf16; may be null
  Element residual_type = Element::f32;
  size_t residual_ld = 0;
  const float* row_scale = nullptr;       // [rows], gemm_i8 only
  const float* column_scale = nullptr;    // [nr], gemm_i8 only
  const int32_t* compensation = nullptr;  // [nr], gemm_i8 with a zero_point: subtracted per column
  Fn fn = Fn::none;
  bool gated = false;
};

// Rows of A in place, in two groups of 16: row i of group g is at sources[g][s] + i * step[g] for
// segment s. Each segment is padded with zeros to `segment_bytes`, whole cache lines.
struct GemmRows {
  const void* const* sources[2] = {};
  size_t step[2] = {};
  int segments = 0, segment_bytes = 0;
};

struct WinogradPair;  // kernels/cpu/conv/winograd.h

struct Gemm {
  const char* name = nullptr;
  Isa isa = Isa::ref;
  int mr = 0, nr = 0, kr = 0;
  Element input = Element::f32;  // an element of A as the driver has it
  int a_bytes = 0, b_bytes = 0;  // of an element in a panel

  // One panel of B from `columns` <= nr weight rows (f32; int8 in gemm_i8), ld elements apart.
  void (*pack_b)(void* panel, const void* weight, size_t ld, int columns, int k) = nullptr;
  void (*store_tile)(const GemmTile& tile) = nullptr;

  // Packed mode. Packs elements 0 .. count of `rows` <= mr rows to positions at .. at + count of a
  // panel of A. May write up to 64 bytes behind these, so a panel is packed from front to back.
  void (*pack_a)(void* panel, int at, const void* const* sources, int rows, int count) = nullptr;
  // sums = (or, if `add`, +=) A B over the k elements given of both panels. Meanwhile it may
  // prefetch k * prefetch_step bytes from `prefetch`, which need not be memory of ours.
  void (*accumulate)(void* sums, const void* a, const void* b, int rows, int k, bool add,
                     const void* prefetch, size_t prefetch_step) = nullptr;

  // In-place mode. `begin` and `end` enclose a thread's work. multiply_in_place writes sums
  // [mr][nr] over all of k. Meanwhile it stores the tile `before`, unless that is null: a tile
  // whose sums are elsewhere. It prefetches as accumulate does, a step for each cache line of k.
  void (*begin)() = nullptr;
  void (*end)() = nullptr;
  void (*multiply_in_place)(void* sums, const GemmRows& a, const void* b, const void* prefetch,
                            size_t prefetch_step, const GemmTile* before) = nullptr;
  // The same for row 0 of group 0 alone, to sums [nr], outside begin and end. It may prefetch what
  // follows the panel, which need not be memory of ours. Optional.
  void (*multiply_row_in_place)(void* sums, const GemmRows& a, const void* b) = nullptr;

  // gemm_i8 only: pack_a adds this to every value, because the instructions want one side unsigned.
  // GemmTile::compensation is this times the sum of the column's weights.
  int zero_point = 0;

  // How 3x3 convolutions may multiply the same panels with fewer products. Optional.
  const WinogradPair* winograd = nullptr;
};

static constexpr bool reads_in_place(const Gemm& g) { return g.multiply_in_place != nullptr; }

}  // namespace yent
