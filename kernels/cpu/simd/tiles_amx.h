// The AMX instructions. They are written as assembly, because GCC 12 believes that
// `_tile_loadconfig` and `_tile_loadd` read less memory than they do and drops stores before them.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace yent {
namespace {

struct alignas(64) TileShapes {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

inline void tiles_begin(const TileShapes& shapes) { asm volatile("ldtilecfg %0" ::"m"(shapes)); }

// All eight registers as 16 rows of 64 bytes.
inline void tiles_begin() { tiles_begin(TileShapes()); }

// From here on other threads see the stores that went past the caches.
inline void tiles_end() { asm volatile("sfence\n\ttilerelease" ::: "memory"); }

template <int Tile>
inline void tile_load(const void* from, size_t step) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(step), "i"(Tile) : "memory");
}

template <int Tile>
inline void tile_store(void* to, size_t step) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(step), "i"(Tile) : "memory");
}

template <int Tile>
inline void tile_zero() {
  asm volatile("tilezero %%tmm%c0" ::"i"(Tile));
}

// C += A B in int8 or in bf16.
template <bool Quantized, int C, int A, int B>
inline void tile_multiply() {
  if constexpr (Quantized) {
    asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B));
  } else {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B));
  }
}

}  // namespace
}  // namespace yent
