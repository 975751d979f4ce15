#include "kernels/cpu/gemm/gemm_driver.h"

#include <algorithm>

#include "kernels/cpu/gemm/gemm_in_place.h"
#include "kernels/cpu/gemm/task_grid.h"
#include "kernels/cpu/runtime/cache_sizes.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/integers.h"

namespace yent {
namespace {

constexpr size_t max_depth_bytes = 2048;

// The blocking. A task is task_rows x task_panels. It walks k in blocks of `depth`, so that its
// packed A (at most 168 x 2048 bytes), its sums (168 x 640) and a panel of B share the second-level
// cache, while the panel, read once for every mr rows, stays in or near the first. Where one block
// is all of k, no sums are kept between blocks, and a task may be wider, which packs A less often.
struct Plan : TaskGrid {
  size_t k, depth, blocks;
  // Per thread, byte offsets into its share of the scratch.
  size_t sums_at, chunk_at, sources_at, share;

  Plan(const GemmInput& input, const GemmWeight& w, int threads) : k(w.k) {
    const Gemm& g = *w.kernel;
    const size_t max_depth = max_depth_bytes / g.a_bytes;
    rows = input.rows;
    panels = ceil_div(w.columns, g.nr);
    cut_tasks(g, k <= max_depth ? 2560 : 640, 4 * threads);

    blocks = ceil_div(k, max_depth);
    depth = round_up(round_up(ceil_div(k, blocks), g.kr), w.expand_granule);
    blocks = ceil_div(k, depth);

    const size_t tile = sizeof(float) * g.mr * g.nr, line = cache_line;
    sums_at = round_up(task_rows * depth * g.a_bytes + 64, line);
    chunk_at = round_up(sums_at + (blocks > 1 ? task_rows / g.mr * task_panels : 1) * tile, line);
    sources_at = round_up(chunk_at + (w.expand ? 2 * sizeof(float) * depth * g.nr : 0), line);
    share = round_up(sources_at + sizeof(void*) * input.segments.size() * task_rows, line);
  }

  // Smaller tasks where there would be fewer than `enough`.
  void cut_tasks(const Gemm& g, int max_columns, size_t enough) {
    const size_t max_rows = 168 / g.mr * g.mr, fewest_rows = 4 * g.mr;
    panel_tasks = ceil_div(panels, static_cast<size_t>(max_columns / g.nr));
    row_tasks = ceil_div(rows, max_rows);
    if (tasks() < enough) {
      row_tasks = std::clamp(ceil_div(rows, fewest_rows), row_tasks, ceil_div(enough, panel_tasks));
    }
    if (tasks() < enough)
      panel_tasks = std::clamp(ceil_div(enough, row_tasks), panel_tasks, panels);
    task_rows = round_up(ceil_div(rows, row_tasks), g.mr);
    row_tasks = ceil_div(rows, task_rows);
    task_panels = ceil_div(panels, panel_tasks);
    panel_tasks = ceil_div(panels, task_panels);
  }
};

struct Product {
  const Gemm& g;
  const Plan& plan;
  const GemmInput& input;
  const GemmWeight& weight;
  const OutputStore to;

  // Packs depth [k0, k1) of one panel of A, segment by segment, each padded with zeros.
  void pack_a(std::byte* panel, const void* const* sources, int task_rows, int rows, size_t k0,
              size_t k1) const {
    size_t begin = 0;
    for (size_t s = 0; s < input.segments.size(); ++s) {
      const size_t end = begin + input.segments[s],
                   full = begin + round_up(input.segments[s], g.kr);
      const size_t from = std::max(begin, k0), to = std::min(end, k1);
      const void* at[max_tile_rows];
      if (from < to) {
        for (int i = 0; i < rows; ++i) {
          at[i] = static_cast<const std::byte*>(sources[s * task_rows + i]) +
                  (from - begin) * element_bytes(g.input);
        }
        g.pack_a(panel, from - k0, at, rows, to - from);
      }
      if (end < full && end >= k0 && end < k1) {
        static const int32_t zeros[64] = {};
        std::fill_n(at, rows, zeros);
        g.pack_a(panel, end - k0, at, rows, full - end);
      }
      begin = full;
    }
  }

  void store(const void* sums, size_t row, int rows, size_t panel) const {
    float scales[max_tile_rows];
    row_scales(input, row, rows, scales);
    to.store({sums, row, rows, static_cast<int>(panel * g.nr), input.scale ? scales : nullptr});
  }

  void run(size_t task, std::byte* scratch) const {
    const auto [row, rows, first, last] = plan.at(task);
    const auto sources = reinterpret_cast<const void**>(scratch + plan.sources_at);
    input.fill_indirection(row, rows, sources);

    const size_t tiles = ceil_div(rows, g.mr), tile_bytes = sizeof(float) * g.mr * g.nr;
    for (size_t k0 = 0; k0 < plan.k; k0 += plan.depth) {
      const size_t k1 = std::min(k0 + plan.depth, plan.k), depth = k1 - k0;
      const size_t panel_bytes = depth * g.mr * g.a_bytes;
      for (size_t i = 0; i < tiles; ++i) {
        const size_t at = i * g.mr;
        pack_a(scratch + i * panel_bytes, sources + at, rows, std::min<int>(g.mr, rows - at), k0,
               k1);
      }
      for (size_t p = first; p < last; ++p) {
        const void* b = scratch + plan.chunk_at;
        if (weight.expand) {
          float* chunk = reinterpret_cast<float*>(scratch + plan.chunk_at);
          weight.expand(chunk, chunk + depth * g.nr, p, k0, depth);
        } else {
          b = weight.panels + (p * plan.k + k0) * g.nr * g.b_bytes;
        }
        // The panel after this one is the next at this depth, or the first at the next depth. Every
        // tile prefetches a part of it, so that no tile waits for memory.
        const bool more = !weight.expand && (p + 1 < last || k1 < plan.k);
        const size_t next = p + 1 < last ? (p + 1) * plan.k + k0 : first * plan.k + k1;
        const auto prefetch = more ? weight.panels + next * g.nr * g.b_bytes : scratch;
        const size_t prefetch_step = more ? ceil_div(g.nr * g.b_bytes, tiles) : 0;
        for (size_t i = 0; i < tiles; ++i) {
          const size_t at = i * g.mr;
          const int height = std::min<int>(g.mr, rows - at);
          std::byte* sums = scratch + plan.sums_at;
          if (plan.blocks > 1) sums += ((p - first) * tiles + i) * tile_bytes;
          g.accumulate(sums, scratch + i * panel_bytes, b, height, depth, k0 > 0,
                       prefetch + i * depth * prefetch_step, prefetch_step);
          if (k1 == plan.k) store(sums, row + at, height, p);
        }
      }
    }
  }
};

}  // namespace

void row_scales(const GemmInput& input, size_t row, int rows, float* scales) {
  if (!input.scale) return;
  size_t group = row / input.rows_per_scale, end = (group + 1) * input.rows_per_scale;
  for (int i = 0; i < rows; ++i) {
    if (row + i == end) ++group, end += input.rows_per_scale;
    scales[i] = input.scale[group];
  }
}

void multiply(const CpuRun& run, const Tensor& out, const GemmInput& input,
              const GemmWeight& weight, const Epilogue& e) {
  const Gemm& g = *weight.kernel;
  if (reads_in_place(g)) return multiply_in_place(run, out, input, weight, e);
  const Plan plan(input, weight, run.threads);
  const Scratch scratch(run.arena, plan.share * run.threads);
  if (run.arena.measuring()) return;
  const size_t image_rows = input.rows / out.shape.n;
  const Product product{g, plan, input, weight, {out, input.output_map, weight, e, image_rows}};
  parallel_for(run.threads, plan.tasks(), [&](size_t task, int thread) {
    product.run(task, scratch.as<std::byte>() + thread * plan.share);
  });
}

}  // namespace yent
