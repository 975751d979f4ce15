// The driver of kernels that read A in place (AMX): no panel of A is ever made. Sixteen rows that
// are not evenly spaced, at the ragged end or under an upsampled image, are copied together.
#include "kernels/cpu/gemm/gemm_in_place.h"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/gemm/task_grid.h"
#include "kernels/cpu/runtime/cache_sizes.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/integers.h"

namespace yent {
namespace {

constexpr size_t group_rows = 16;
constexpr size_t overlap_lines = 16;  // cache lines of k from which storing the tile before pays

// A residual in the output's own memory has been read just before, so it is in the caches.
bool is_non_temporal(const Tensor& out, const Epilogue& e) {
  return out.shape.count() * block_bytes(out.dtype) >= non_temporal_bytes &&
         e.residual.data != out.data;
}

// A task is task_rows x task_panels. Weights that fit the second-level cache are walked for every
// tile of rows, whose inputs and outputs then pass through the first level once. Of larger weights
// a panel is kept while the task's rows go by.
struct InPlacePlan : TaskGrid {
  size_t panel_bytes;
  size_t segments, row_bytes;  // of A, with all segments padded
  bool rows_first;
  size_t located_at, sources_at, steps_at, scales_at, sums_at, sums_bytes, copies_at, share;

  // For `enough` tasks, if there are enough rows and panels.
  InPlacePlan(const GemmInput& input, const GemmWeight& w, size_t enough)
      : panel_bytes(static_cast<size_t>(w.k) * w.kernel->nr * w.kernel->b_bytes),
        segments(input.segments.size()),
        row_bytes(static_cast<size_t>(w.k) * w.kernel->a_bytes) {
    const Gemm& g = *w.kernel;
    const size_t tile = g.mr, line = cache_line;
    rows = input.rows;
    panels = ceil_div(w.columns, g.nr);
    rows_first = panels * panel_bytes <= l2_budget;
    const size_t max_rows =
        input.uniform_stride ? 512 : std::clamp(l2_budget / row_bytes, tile, size_t{512});
    task_rows = std::min(round_up(rows, tile), max_rows / tile * tile);
    if (rows_first && ceil_div(rows, task_rows) < enough) {
      task_rows = std::max(tile, round_up(ceil_div(rows, enough), tile));
    }
    row_tasks = ceil_div(rows, task_rows);
    panel_tasks = std::clamp(ceil_div(enough, row_tasks), size_t{1}, panels);
    task_panels = ceil_div(panels, panel_tasks);
    panel_tasks = ceil_div(panels, task_panels);

    const size_t groups = task_rows / group_rows;
    located_at = 0;
    sources_at = round_up(sizeof(void*) * segments * group_rows, line);
    steps_at = round_up(sources_at + sizeof(void*) * segments * groups, line);
    scales_at = round_up(steps_at + sizeof(size_t) * groups, line);
    sums_at = round_up(scales_at + sizeof(float) * task_rows, line);
    sums_bytes = sizeof(float) * g.mr * g.nr;
    copies_at = round_up(sums_at + 2 * sums_bytes, line);
    // Of evenly spaced rows only the last group of a task may have to be copied.
    const size_t copied = input.uniform_stride ? group_rows : task_rows;
    share = round_up(copies_at + copied * row_bytes, line);
  }
};

struct InPlaceProduct {
  const Gemm& g;
  const InPlacePlan& plan;
  const GemmInput& input;
  const GemmWeight& weight;
  const OutputStore to;

  void run(size_t task, std::byte* scratch) const;
};

// One task: its rows of A, found or copied, and the tiles it multiplies. A tile is stored while the
// next one is multiplied.
class TaskRun {
 public:
  TaskRun(const InPlaceProduct& product, const TaskGrid::Task& task, std::byte* scratch)
      : p_(product),
        plan_(product.plan),
        task_(task),
        groups_(ceil_div(task.rows, group_rows)),
        sources_(reinterpret_cast<const void**>(scratch + plan_.sources_at)),
        steps_(reinterpret_cast<size_t*>(scratch + plan_.steps_at)),
        scales_(reinterpret_cast<float*>(scratch + plan_.scales_at)),
        sums_(scratch + plan_.sums_at) {
    const auto located = reinterpret_cast<const void**>(scratch + plan_.located_at);
    std::byte* copy = scratch + plan_.copies_at;
    for (size_t i = 0; i < groups_; ++i) {
      const size_t at = i * group_rows, count = std::min(group_rows, task.rows - at);
      steps_[i] = place(task.row + at, count, located, sources_ + i * plan_.segments, copy);
      if (!p_.input.uniform_stride) copy += group_rows * plan_.row_bytes;
    }
    row_scales(p_.input, task.row, task.rows, scales_);
  }

  // Multiplies tile i of the task's rows by a panel. `prefetch_bytes` from `prefetch` on are asked
  // for meanwhile.
  void tile(size_t i, size_t panel, const std::byte* prefetch, size_t prefetch_bytes) {
    const Gemm& g = p_.g;
    const size_t group = i * (g.mr / group_rows), at = i * g.mr;
    const size_t other = std::min(group + 1, groups_ - 1), steps = plan_.row_bytes / cache_line;
    const GemmRows a{{sources_ + group * plan_.segments, sources_ + other * plan_.segments},
                     {steps_[group], steps_[other]},
                     static_cast<int>(plan_.segments),
                     static_cast<int>(plan_.row_bytes / plan_.segments)};
    const int count = static_cast<int>(std::min<size_t>(g.mr, task_.rows - at));
    std::byte* room = sums_ + turn_ * plan_.sums_bytes;
    g.multiply_in_place(room, a, p_.weight.panels + panel * plan_.panel_bytes, prefetch,
                        round_up(ceil_div(prefetch_bytes, steps), cache_line), before_);
    const Sums sums{room, task_.row + at, count, static_cast<int>(panel * g.nr),
                    p_.input.scale ? scales_ + at : nullptr};
    if (steps < overlap_lines) return p_.to.store(sums);
    OutputStore::TileSlice& slice = slices_[turn_];
    p_.to.slice_tile(sums, 0, &slice);
    for (int done = slice.tile.rows; done < count; done += slice.tile.rows) {
      g.store_tile(slice.tile);
      p_.to.slice_tile(sums, done, &slice);
    }
    before_ = &slice.tile;
    turn_ = 1 - turn_;
  }

  void store_last() const {
    if (before_) p_.g.store_tile(*before_);
  }

 private:
  // Sets the sources of every segment of a group; returns the step between its rows.
  size_t place(size_t row, size_t count, const void** located, const void** sources,
               std::byte* copy) const {
    if (p_.input.uniform_stride && count == group_rows) {
      p_.input.fill_indirection(row, 2, located);
      for (size_t s = 0; s < plan_.segments; ++s) sources[s] = located[2 * s];
      return static_cast<const std::byte*>(located[1]) - static_cast<const std::byte*>(located[0]);
    }
    p_.input.fill_indirection(row, count, located);
    const size_t segment = plan_.row_bytes / plan_.segments;
    for (size_t s = 0; s < plan_.segments; ++s) {
      sources[s] = copy + s * segment;
      const size_t bytes = static_cast<size_t>(p_.input.segments[s]) * p_.g.a_bytes;
      for (size_t i = 0; i < group_rows; ++i) {
        std::byte* to = copy + i * plan_.row_bytes + s * segment;
        const size_t have = i < count ? bytes : 0;
        if (have) std::memcpy(to, located[s * count + i], have);
        std::memset(to + have, 0, segment - have);
      }
    }
    return plan_.row_bytes;
  }

  const InPlaceProduct& p_;
  const InPlacePlan& plan_;
  const TaskGrid::Task& task_;
  const size_t groups_;
  const void** sources_;
  size_t* steps_;
  float* scales_;
  std::byte* sums_;
  OutputStore::TileSlice slices_[2];
  const GemmTile* before_ = nullptr;  // multiplied; stored while the next tile is multiplied
  int turn_ = 0;
};

void InPlaceProduct::run(size_t task, std::byte* scratch) const {
  const TaskGrid::Task own = plan.at(task);
  TaskRun tiles(*this, own, scratch);
  const size_t count = ceil_div(own.rows, g.mr);
  g.begin();
  if (plan.rows_first) {
    for (size_t i = 0; i < count; ++i) {
      for (size_t p = own.first; p < own.last; ++p) tiles.tile(i, p, scratch, 0);
    }
  } else {
    for (size_t p = own.first; p < own.last; ++p) {
      // Each tile prefetches a part of the next panel, so that no tile waits for memory.
      const size_t share = p + 1 < own.last ? ceil_div(plan.panel_bytes, count) : 0;
      const std::byte* next = weight.panels + (p + 1) * plan.panel_bytes;
      for (size_t i = 0; i < count; ++i) tiles.tile(i, p, next + i * share, share);
    }
  }
  tiles.store_last();
  g.end();
}

// One row (decoding): the time goes into reading the weights once.
void multiply_row(int threads, const GemmInput& input, const GemmWeight& weight,
                  const OutputStore& to) {
  const Gemm& g = *weight.kernel;
  const size_t panels = ceil_div(weight.columns, g.nr), segments = input.segments.size();
  const size_t panel_bytes = static_cast<size_t>(weight.k) * g.nr * g.b_bytes;
  std::vector<const void*> sources(segments);
  input.fill_indirection(0, 1, sources.data());
  const GemmRows a{{sources.data()},
                   {},
                   static_cast<int>(segments),
                   static_cast<int>(weight.k * g.a_bytes / segments)};
  float scale;
  row_scales(input, 0, 1, &scale);
  const size_t each = ceil_div(panels, 4 * threads);
  parallel_for(threads, ceil_div(panels, each), [&](size_t task, int) {
    const size_t end = std::min(panels, (task + 1) * each);
    for (size_t panel = task * each; panel < end; ++panel) {
      alignas(cache_line) float sums[max_tile_rows];
      g.multiply_row_in_place(sums, a, weight.panels + panel * panel_bytes);
      to.store({sums, 0, 1, static_cast<int>(panel * g.nr), input.scale ? &scale : nullptr});
    }
  });
}

}  // namespace

void multiply_in_place(const CpuRun& run, const Tensor& out, const GemmInput& input,
                       const GemmWeight& weight, const Epilogue& e) {
  const Gemm& g = *weight.kernel;
  const size_t image_rows = input.rows / out.shape.n;
  if (input.rows == 1 && input.uniform_stride && g.multiply_row_in_place) {
    const OutputStore to{out, input.output_map, weight, e, image_rows};
    if (!run.arena.measuring()) multiply_row(run.threads, input, weight, to);
    return;
  }
  const InPlacePlan plan(input, weight, 4 * run.threads);
  const Scratch scratch(run.arena, plan.share * run.threads);
  if (run.arena.measuring()) return;
  const OutputStore to{out, input.output_map, weight, e, image_rows, is_non_temporal(out, e)};
  const InPlaceProduct product{g, plan, input, weight, to};
  parallel_for(run.threads, plan.tasks(), [&](size_t task, int thread) {
    product.run(task, scratch.as<std::byte>() + thread * plan.share);
  });
}

size_t in_place_bytes(const GemmInput& input, const GemmWeight& weight) {
  return InPlacePlan(input, weight, 1).share;
}

void multiply_in_place(std::byte* scratch, const Tensor& out, size_t first, const GemmInput& input,
                       const GemmWeight& weight, const Epilogue& e) {
  const size_t rows = input.rows;
  const auto row_block = [&](const Tensor& t) { return t.slice(first, static_cast<int>(rows)); };
  Epilogue part = e;
  if (e.residual) part.residual = row_block(e.residual);
  if (e.row_bias) part.row_bias = e.row_bias.slice(first / (out.rows() / out.shape.n), 1);
  const InPlacePlan plan(input, weight, 1);
  const OutputStore to{row_block(out), input.output_map,       weight, part,
                       rows,           is_non_temporal(out, e)};
  const InPlaceProduct product{*weight.kernel, plan, input, weight, to};
  for (size_t task = 0; task < plan.tasks(); ++task) product.run(task, scratch);
}

}  // namespace yent
