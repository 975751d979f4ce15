// The driver of kernels that read A where it lies (AMX): no panel of A is ever made. Sixteen rows
// that are not evenly spaced, at the ragged end or under an enlarged image, are copied together.
#include <algorithm>
#include <cstring>

#include "kernels/cpu/gemm/gemm_driver.h"
#include "kernels/cpu/layout/layout.h"
#include "kernels/cpu/runtime/parallel.h"

namespace yent {
namespace {

constexpr size_t group_rows = 16, line = 64;
constexpr size_t l2_bytes = 1 << 20;       // half of a core's second-level cache
constexpr size_t side_by_side = 16;        // lines of k from which on it pays to finish meanwhile
constexpr size_t non_temporal = 16 << 20;  // an output so large leaves the caches before it is read

// What a residual is written onto has been read just before.
bool is_non_temporal(const Tensor& out, const Epilogue& e) {
  return out.shape.count() * block_bytes(out.dtype) >= non_temporal && e.residual.data != out.data;
}

size_t parts(size_t total, size_t size) { return (total + size - 1) / size; }
size_t up(size_t value, size_t granule) { return parts(value, granule) * granule; }

// A task is task_rows x task_panels. Weights that stay in the second-level cache are walked for
// every tile of rows, whose inputs and outputs then pass through the first level once; of larger
// ones a panel is kept while the task's rows go by.
struct Plan {
  size_t rows, task_rows, row_tasks;
  size_t panels, task_panels, panel_tasks, panel_bytes;
  size_t segments, row_bytes;  // of A: all stretches filled up
  bool rows_first;
  size_t located_at, sources_at, steps_at, scales_at, sums_at, sums_bytes, copies_at, share;

  // For `enough` tasks, if there are rows and panels for so many.
  Plan(const Gemm& g, size_t m, const GemmInput& input, const GemmWeight& w, size_t enough)
      : rows(m),
        panels(parts(w.columns, g.nr)),
        panel_bytes(static_cast<size_t>(w.k) * g.nr * g.b_bytes),
        segments(input.segments.size()),
        row_bytes(static_cast<size_t>(w.k) * g.a_bytes) {
    const size_t tile = g.mr;
    rows_first = panels * panel_bytes <= l2_bytes;
    const size_t max_value =
        input.uniform_stride ? 512 : std::clamp(l2_bytes / row_bytes, tile, size_t{512});
    task_rows = std::min(up(rows, tile), max_value / tile * tile);
    if (rows_first && parts(rows, task_rows) < enough) {
      task_rows = std::max(tile, up(parts(rows, enough), tile));
    }
    row_tasks = parts(rows, task_rows);
    panel_tasks = std::clamp(parts(enough, row_tasks), size_t{1}, panels);
    task_panels = parts(panels, panel_tasks);
    panel_tasks = parts(panels, task_panels);

    const size_t groups = task_rows / group_rows;
    located_at = 0;
    sources_at = up(sizeof(void*) * segments * group_rows, line);
    steps_at = up(sources_at + sizeof(void*) * segments * groups, line);
    scales_at = up(steps_at + sizeof(size_t) * groups, line);
    sums_at = up(scales_at + sizeof(float) * task_rows, line);
    sums_bytes = sizeof(float) * g.mr * g.nr;
    copies_at = up(sums_at + 2 * sums_bytes, line);
    // Of even rows only the last group of a task may have to be copied.
    share = up(copies_at + (input.uniform_stride ? group_rows : task_rows) * row_bytes, line);
  }
};

struct Product {
  const Gemm& g;
  const Plan& plan;
  const GemmInput& input;
  const GemmWeight& weight;
  const OutputStore to;

  // Sources of every stretch of a group, and the step between its rows.
  size_t place(size_t row, size_t count, const void** located, const void** sources,
               std::byte* copy) const {
    if (input.uniform_stride && count == group_rows) {
      input.fill_indirection(row, 2, located);
      for (size_t s = 0; s < plan.segments; ++s) sources[s] = located[2 * s];
      return static_cast<const std::byte*>(located[1]) - static_cast<const std::byte*>(located[0]);
    }
    input.fill_indirection(row, count, located);
    const size_t segment = plan.row_bytes / plan.segments;
    for (size_t s = 0; s < plan.segments; ++s) {
      sources[s] = copy + s * segment;
      const size_t bytes = static_cast<size_t>(input.segments[s]) * g.a_bytes;
      for (size_t i = 0; i < group_rows; ++i) {
        std::byte* to = copy + i * plan.row_bytes + s * segment;
        const size_t have = i < count ? bytes : 0;
        if (have) std::memcpy(to, located[s * count + i], have);
        std::memset(to + have, 0, segment - have);
      }
    }
    return plan.row_bytes;
  }

  void run(size_t task, std::byte* scratch) const {
    const size_t row = task % plan.row_tasks * plan.task_rows;
    const size_t rows = std::min(plan.task_rows, plan.rows - row);
    const size_t first = task / plan.row_tasks * plan.task_panels;
    const size_t last = std::min(first + plan.task_panels, plan.panels);

    const auto located = reinterpret_cast<const void**>(scratch + plan.located_at);
    const auto sources = reinterpret_cast<const void**>(scratch + plan.sources_at);
    const auto steps_of = reinterpret_cast<size_t*>(scratch + plan.steps_at);
    const auto scales = reinterpret_cast<float*>(scratch + plan.scales_at);
    std::byte* copy = scratch + plan.copies_at;
    const size_t groups = parts(rows, group_rows);
    for (size_t i = 0; i < groups; ++i) {
      const size_t at = i * group_rows, count = std::min(group_rows, rows - at);
      steps_of[i] = place(row + at, count, located, sources + i * plan.segments, copy);
      if (!input.uniform_stride) copy += group_rows * plan.row_bytes;
    }
    row_scales(input, row, rows, scales);

    const size_t tiles = parts(rows, g.mr), steps = plan.row_bytes / line;
    OutputStore::TileSlice pieces[2];
    const GemmTile* before = nullptr;  // multiplied, and finished while the next one is
    int turn = 0;
    const auto tile = [&](size_t i, size_t panel, const std::byte* prefetch,
                          size_t prefetch_bytes) {
      const size_t group = i * (g.mr / group_rows), at = i * g.mr;
      const size_t other = std::min(group + 1, groups - 1);
      const GemmRows a{{sources + group * plan.segments, sources + other * plan.segments},
                       {steps_of[group], steps_of[other]},
                       static_cast<int>(plan.segments),
                       static_cast<int>(plan.row_bytes / plan.segments)};
      const int count = static_cast<int>(std::min<size_t>(g.mr, rows - at));
      std::byte* room = scratch + plan.sums_at + turn * plan.sums_bytes;
      g.multiply(room, a, weight.panels + panel * plan.panel_bytes, prefetch,
                 up(parts(prefetch_bytes, steps), line), before);
      const Sums sums{room, row + at, count, static_cast<int>(panel * g.nr),
                      input.scale ? scales + at : nullptr};
      if (steps < side_by_side) return to.store(sums);
      OutputStore::TileSlice& piece = pieces[turn];
      to.slice_tile(sums, 0, &piece);
      for (int done = piece.tile.rows; done < count; done += piece.tile.rows) {
        g.store_tile(piece.tile);
        to.slice_tile(sums, done, &piece);
      }
      before = &piece.tile;
      turn = 1 - turn;
    };
    g.begin();
    if (plan.rows_first) {
      for (size_t i = 0; i < tiles; ++i) {
        for (size_t p = first; p < last; ++p) tile(i, p, scratch, 0);
      }
    } else {
      for (size_t p = first; p < last; ++p) {
        // The next panel, a tile's share at a time, so that no tile waits for memory.
        const size_t share = p + 1 < last ? parts(plan.panel_bytes, tiles) : 0;
        const std::byte* next = weight.panels + (p + 1) * plan.panel_bytes;
        for (size_t i = 0; i < tiles; ++i) tile(i, p, next + i * share, share);
      }
    }
    if (before) g.store_tile(*before);
    g.end();
  }
};

// Decoding: one row, so that all there is to do is to read the weights once.
void multiply_row(int threads, const GemmInput& input, const GemmWeight& weight,
                  const OutputStore& to) {
  const Gemm& g = *weight.kernel;
  const size_t panels = parts(weight.columns, g.nr), segments = input.segments.size();
  const size_t panel_bytes = static_cast<size_t>(weight.k) * g.nr * g.b_bytes;
  std::vector<const void*> sources(segments);
  input.fill_indirection(0, 1, sources.data());
  const GemmRows a{{sources.data()},
                   {},
                   static_cast<int>(segments),
                   static_cast<int>(weight.k * g.a_bytes / segments)};
  float scale;
  row_scales(input, 0, 1, &scale);
  const size_t each = parts(panels, 4 * threads);
  parallel_for(threads, parts(panels, each), [&](size_t task, int) {
    const size_t end = std::min(panels, (task + 1) * each);
    for (size_t panel = task * each; panel < end; ++panel) {
      alignas(line) float sums[max_tile_rows];
      g.multiply_row(sums, a, weight.panels + panel * panel_bytes);
      to.store({sums, 0, 1, static_cast<int>(panel * g.nr), input.scale ? &scale : nullptr});
    }
  });
}

}  // namespace

void multiply_in_place(Arena& arena, int threads, Tensor out, size_t rows, const GemmInput& input,
                       const GemmWeight& weight, const Epilogue& e, size_t image_rows) {
  const Gemm& g = *weight.kernel;
  if (rows == 1 && input.uniform_stride && g.multiply_row) {
    const OutputStore to{out, input.output_map, weight, e, image_rows};
    if (!arena.measuring()) multiply_row(threads, input, weight, to);
    return;
  }
  const Plan plan(g, rows, input, weight, 4 * threads);
  const Scratch scratch(arena, plan.share * threads);
  if (arena.measuring()) return;
  const Product product{g,
                        plan,
                        input,
                        weight,
                        {out, input.output_map, weight, e, image_rows, is_non_temporal(out, e)}};
  parallel_for(threads, plan.row_tasks * plan.panel_tasks, [&](size_t task, int thread) {
    product.run(task, scratch.as<std::byte>() + thread * plan.share);
  });
}

size_t in_place_bytes(size_t rows, const GemmInput& input, const GemmWeight& weight) {
  return Plan(*weight.kernel, rows, input, weight, 1).share;
}

void multiply_in_place(std::byte* scratch, const Tensor& out, size_t first, size_t rows,
                       const GemmInput& input, const GemmWeight& weight, const Epilogue& e) {
  const auto row_block = [&](const Tensor& t) { return t.slice(first, static_cast<int>(rows)); };
  Epilogue part = e;
  if (e.residual) part.residual = row_block(e.residual);
  if (e.row_bias) part.row_bias = e.row_bias.slice(first / (out.rows() / out.shape.n), 1);
  const Plan plan(*weight.kernel, rows, input, weight, 1);
  const Product product{
      *weight.kernel,
      plan,
      input,
      weight,
      {row_block(out), input.output_map, weight, part, rows, is_non_temporal(out, e)}};
  for (size_t task = 0; task < plan.row_tasks * plan.panel_tasks; ++task) {
    product.run(task, scratch);
  }
}

}  // namespace yent
