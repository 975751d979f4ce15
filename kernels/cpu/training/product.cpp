#include "kernels/cpu/training/product.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "kernels/cpu/runtime/cache_sizes.h"
#include "kernels/cpu/runtime/pages.h"
#include "kernels/cpu/runtime/parallel.h"

namespace yent {
namespace {

// A panel of B of this depth (16 KB for 16 columns) stays in the first-level cache, and a block of
// A of this height (120 KB) in the second.
constexpr size_t max_depth = 256;
constexpr size_t block_rows = 120;

constexpr size_t max_tile_height = 64;

// Scratch of a thread, which grows and is kept: a step of training makes the same products again.
float* scratch(std::shared_ptr<std::byte>& memory, size_t& have, size_t floats) {
  if (have < floats) {
    memory = aligned_bytes(floats * sizeof(float));
    have = floats;
  }
  return reinterpret_cast<float*>(memory.get());
}

float* room_for_a(size_t floats) {
  static thread_local std::shared_ptr<std::byte> memory;
  static thread_local size_t have = 0;
  return scratch(memory, have, floats);
}

float* room_for_b(size_t floats) {
  static thread_local std::shared_ptr<std::byte> memory;
  static thread_local size_t have = 0;
  return scratch(memory, have, floats);
}

template <size_t Width>
void copy_rows(float* to, size_t step, const float* from, size_t ld, size_t depth) {
  for (size_t p = 0; p < depth; ++p) std::memcpy(to + p * step, from + p * ld, Width * 4);
}

// to[p * step + i] = from[p * ld + i], for i < width: a panel of an operand whose rows lie along
// the panel. Copies of a size that the compiler knows take no call; these are the kernels' tiles.
void copy_panel(float* to, size_t step, const float* from, size_t ld, size_t width, size_t depth) {
  switch (width) {
    case 4:
      return copy_rows<4>(to, step, from, ld, depth);
    case 6:
      return copy_rows<6>(to, step, from, ld, depth);
    case 8:
      return copy_rows<8>(to, step, from, ld, depth);
    case 12:
      return copy_rows<12>(to, step, from, ld, depth);
    case 14:
      return copy_rows<14>(to, step, from, ld, depth);
    case 16:
      return copy_rows<16>(to, step, from, ld, depth);
    case 32:
      return copy_rows<32>(to, step, from, ld, depth);
    default:
      for (size_t p = 0; p < depth; ++p) std::memcpy(to + p * step, from + p * ld, width * 4);
  }
}

// One step along the depth, [k0, k0 + depth).
struct Slice {
  const Product& p;
  size_t k0, depth;
  float* b;  // packed, one panel after the other

  void pack_b(size_t panel) const {
    const size_t nr = p.gemm.nr, first = panel * nr, columns = std::min(nr, p.size.columns - first);
    float* to = b + panel * nr * depth;
    if (p.b.transposed) {
      p.gemm.pack_b(to, p.b.data + first * p.b.ld + k0, p.b.ld, static_cast<int>(columns),
                    static_cast<int>(depth));
    } else {
      copy_panel(to, nr, p.b.data + k0 * p.b.ld + first, p.b.ld, columns, depth);
    }
  }

  void pack_a(float* to, size_t row, size_t rows) const {
    if (p.a.transposed) {
      copy_panel(to, p.gemm.mr, p.a.data + k0 * p.a.ld + row, p.a.ld, rows, depth);
      return;
    }
    const void* sources[max_tile_height];
    for (size_t i = 0; i < rows; ++i) sources[i] = p.a.data + (row + i) * p.a.ld + k0;
    p.gemm.pack_a(to, 0, sources, static_cast<int>(rows), static_cast<int>(depth));
  }

  // The rows of a tile lie far apart, so the processor does not see them coming.
  void fetch(size_t row, size_t rows, size_t column) const {
    for (size_t i = 0; i < rows; ++i) {
      __builtin_prefetch(p.c + (row + i) * p.ldc + column, 1);
      __builtin_prefetch(p.c + (row + i) * p.ldc + column + p.gemm.nr - 1, 1);
    }
  }

  void store(const float* sums, size_t row, size_t rows, size_t column) const {
    const size_t nr = p.gemm.nr, columns = std::min(nr, p.size.columns - column);
    const bool add = p.add || k0 > 0;
    for (size_t i = 0; i < rows; ++i) {
      float* to = p.c + (row + i) * p.ldc + column;
      const float* from = sums + i * nr;
      if (add) {
        for (size_t j = 0; j < columns; ++j) to[j] += from[j];
      } else {
        for (size_t j = 0; j < columns; ++j) to[j] = from[j];
      }
    }
  }

  void run(size_t row, size_t rows, size_t first_panel, size_t last_panel) const {
    const size_t mr = p.gemm.mr, nr = p.gemm.nr, tiles = ceil_div(rows, mr);
    float* a = room_for_a(tiles * mr * depth + mr * nr + 2 * cache_line);
    float* sums = a;  // first, so that packing past the end of a panel does not reach them
    a += round_up(mr * nr, cache_line / sizeof(float));
    for (size_t t = 0; t < tiles; ++t) {
      pack_a(a + t * mr * depth, row + t * mr, std::min(mr, rows - t * mr));
    }
    for (size_t panel = first_panel; panel < last_panel; ++panel) {
      for (size_t t = 0; t < tiles; ++t) {
        const size_t height = std::min(mr, rows - t * mr);
        fetch(row + t * mr, height, panel * nr);
        p.gemm.accumulate(sums, a + t * mr * depth, b + panel * nr * depth,
                          static_cast<int>(height), static_cast<int>(depth), false, a, 0);
        store(sums, row + t * mr, height, panel * nr);
      }
    }
  }
};

}  // namespace

void run_product(const Product& p) {
  const size_t mr = p.gemm.mr, nr = p.gemm.nr, panels = ceil_div(p.size.columns, nr);
  const size_t steps = ceil_div(p.size.depth, max_depth), depth = ceil_div(p.size.depth, steps);
  const size_t height = round_up(block_rows, mr), row_tasks = ceil_div(p.size.rows, height);
  // Few rows are cut along the columns, too, so that every thread has work.
  const size_t enough = 3 * static_cast<size_t>(p.threads);
  const size_t wanted = p.threads == 1 || row_tasks >= enough ? 1 : ceil_div(enough, row_tasks);
  const size_t task_panels = ceil_div(panels, std::min(wanted, panels));
  const size_t panel_tasks = ceil_div(panels, task_panels);
  float* b = room_for_b(panels * nr * depth);
  for (size_t k0 = 0; k0 < p.size.depth; k0 += depth) {
    const Slice slice{p, k0, std::min(depth, p.size.depth - k0), b};
    parallel_for(p.threads, panels, [&](size_t panel, int) { slice.pack_b(panel); });
    parallel_for(p.threads, row_tasks * panel_tasks, [&](size_t task, int) {
      const size_t row = task / panel_tasks * height, first = task % panel_tasks * task_panels;
      slice.run(row, std::min(height, p.size.rows - row), first,
                std::min(first + task_panels, panels));
    });
  }
}

}  // namespace yent
