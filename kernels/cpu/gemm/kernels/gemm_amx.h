// gemm.h on AMX tiles, once for int8 and once for bf16. A tile of C is 32 x 32, four of the eight
// tile registers, and stays there over all of k; two more hold A, two B. Every 64 bytes of a row
// take four loads for four products. Tiles and vectors work side by side, so the tile before is
// scaled and stored meanwhile, a few rows at a time.
#pragma once

#include "kernels/cpu/gemm/gemm.h"
#include "kernels/cpu/gemm/kernels/epilogue.h"
#include "kernels/cpu/simd/simd_dot.h"
#include "kernels/cpu/simd/tiles_amx.h"

namespace yent {
namespace {

constexpr int amx_mr = 32, amx_nr = 32, rows_at_once = 8;
constexpr size_t amx_line = 64, amx_tile = 1024;
constexpr size_t amx_prefetched = 8192;  // prefetch distance of multiply_row_amx, in bytes

template <bool Quantized>
void multiply_amx(void* sums, const GemmRows& a, const void* b, const void* prefetch,
                  size_t prefetch_step, const GemmTile* before) {
  constexpr Kind kind = Quantized ? Kind::quantized : Kind::floats;
  const auto store_rows_of = before ? tile_store<amx_nr, kind>(*before) : nullptr;
  const int rows = before ? before->rows : 0, steps = a.segments * (a.segment_bytes / amx_line);
  const int pause = steps * rows_at_once / amx_mr;
  int stored = 0, step = 0, due = 0;
  tile_zero<0>();
  tile_zero<1>();
  tile_zero<2>();
  tile_zero<3>();
  const char* panel = static_cast<const char*>(b);
  const char* next = static_cast<const char*>(prefetch);
  for (int s = 0; s < a.segments; ++s) {
    const char* a0 = static_cast<const char*>(a.sources[0][s]);
    const char* a1 = static_cast<const char*>(a.sources[1][s]);
    for (int at = 0; at < a.segment_bytes; at += amx_line, panel += 2 * amx_tile) {
      tile_load<4>(a0 + at, a.step[0]);
      tile_load<6>(panel, amx_line);
      for (size_t line = 0; line < prefetch_step; line += amx_line) {
        __builtin_prefetch(next + line, 0, 2);
      }
      next += prefetch_step;
      tile_multiply<Quantized, 0, 4, 6>();
      tile_load<7>(panel + amx_tile, amx_line);
      tile_multiply<Quantized, 1, 4, 7>();
      tile_load<5>(a1 + at, a.step[1]);
      tile_multiply<Quantized, 2, 5, 6>();
      tile_multiply<Quantized, 3, 5, 7>();
      if (stored < rows && step++ >= due) {
        const int last = stored + rows_at_once < rows ? stored + rows_at_once : rows;
        store_rows_of(*before, stored, last);
        stored = last;
        due += pause;
      }
    }
  }
  if (stored < rows) store_rows_of(*before, stored, rows);
  char* to = static_cast<char*>(sums);
  constexpr size_t row = amx_nr * sizeof(float);
  tile_store<0>(to, row);
  tile_store<1>(to + row / 2, row);
  tile_store<2>(to + 16 * row, row);
  tile_store<3>(to + 16 * row + row / 2, row);
}

inline Quads add(Quads a, Quads b) { return _mm512_add_epi32(a, b); }
inline V dot(V sums, Quads a, Quads b) { return _mm512_dpbf16_ps(sums, (__m512bh)a, (__m512bh)b); }

// One row would leave fifteen sixteenths of a tile empty, and the time goes into reading the
// weights anyway. In vectors, too, the same four bytes of k of sixteen columns lie side by side.
// Sums is the type of the sums: Quads in int8, V in bf16.
template <class Sums, bool Quantized>
void multiply_row_amx(void* sums, const GemmRows& a, const void* b) {
  const char* panel = static_cast<const char*>(b);
  Sums totals[2][4] = {};
  Quads inputs = {};  // their sum, to compensate the offset of the weights
  for (int s = 0; s < a.segments; ++s) {
    const char* row = static_cast<const char*>(a.sources[0][s]);
    const char* end = row + a.segment_bytes;
    for (; row < end; row += amx_line, panel += 2 * amx_tile) {
      if (Quantized) inputs = dot(inputs, _mm512_set1_epi8(1), load_quads(row));
#pragma GCC unroll 16
      for (int i = 0; i < 16; ++i) {
        const Quads four = one_quad(row + 4 * i);
        for (int half = 0; half < 2; ++half) {
          const char* line = panel + half * amx_tile + i * amx_line;
          __builtin_prefetch(line + amx_prefetched);
          const Quads weights = load_quads(line);
          Sums& total = totals[half][i % 4];
          total = dot(total, Quantized ? raise(weights) : weights, four);
        }
      }
    }
  }
  const int compensation = dot_offset * _mm512_reduce_add_epi32(inputs);
  for (Sums* total : totals) {
    Sums all = add(add(total[0], total[1]), add(total[2], total[3]));
    if constexpr (Quantized) all = _mm512_sub_epi32(all, all_quads(compensation));
    __builtin_memcpy(sums, &all, sizeof all);
    sums = static_cast<char*>(sums) + sizeof all;
  }
}

// A panel is a sequence of pieces of 64 bytes of k. A piece holds the first 16 columns, then the
// other 16; of these, 4 bytes of k of each column, column by column, then the next 4 bytes.
constexpr size_t amx_panel_at(int column, size_t k_byte) {
  return k_byte / 64 * 2 * amx_tile + column / 16 * amx_tile + k_byte % 64 / 4 * 64 +
         column % 16 * 4 + k_byte % 4;
}

}  // namespace
}  // namespace yent
