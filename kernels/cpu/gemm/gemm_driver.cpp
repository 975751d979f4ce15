#include "kernels/cpu/gemm/gemm_driver.h"

#include <algorithm>

#include "kernels/cpu/layout/layout.h"
#include "kernels/cpu/runtime/parallel.h"

namespace yent {
namespace {

constexpr size_t max_depth_bytes = 2048;

size_t parts(size_t total, size_t size) { return (total + size - 1) / size; }
size_t up(size_t value, size_t granule) { return parts(value, granule) * granule; }

// The blocking. A task is task_rows x task_panels; it walks k in blocks of `depth`, so that
// its staged A (at most 168 x 2048 bytes), its sums (168 x 640) and a panel of B share the
// second-level cache while the panel, read once for every mr rows, stays near the first. Where
// one block is all of k no sums wait, and a task may be wider, which stages A less often.
struct Plan {
  size_t rows, task_rows, row_tasks;
  size_t panels, task_panels, panel_tasks;
  size_t k, depth, blocks;
  // Per thread, byte offsets into its share of the scratch.
  size_t sums_at, chunk_at, sources_at, share;

  Plan(const Gemm& g, size_t m, const GemmInput& input, const GemmWeight& w, int threads)
      : rows(m), panels(parts(w.columns, g.nr)), k(w.k) {
    const size_t max_rows = 168 / g.mr * g.mr, fewest_rows = 4 * g.mr;
    const size_t max_depth = max_depth_bytes / g.a_bytes;
    const size_t max_panels = (k <= max_depth ? 2560 : 640) / g.nr, enough = 4 * threads;
    panel_tasks = parts(panels, max_panels);
    row_tasks = parts(rows, max_rows);
    if (row_tasks * panel_tasks < enough) {
      row_tasks = std::clamp(parts(rows, fewest_rows), row_tasks, parts(enough, panel_tasks));
    }
    if (row_tasks * panel_tasks < enough) {
      panel_tasks = std::clamp(parts(enough, row_tasks), panel_tasks, panels);
    }
    task_rows = up(parts(rows, row_tasks), g.mr);
    row_tasks = parts(rows, task_rows);
    task_panels = parts(panels, panel_tasks);
    panel_tasks = parts(panels, task_panels);

    blocks = parts(k, max_depth);
    depth = up(up(parts(k, blocks), g.kr), w.expand_granule);
    blocks = parts(k, depth);

    const size_t tile = sizeof(float) * g.mr * g.nr;
    sums_at = up(task_rows * depth * g.a_bytes + 64, 64);
    chunk_at = up(sums_at + (blocks > 1 ? task_rows / g.mr * task_panels : 1) * tile, 64);
    sources_at = up(chunk_at + (w.expand ? 2 * sizeof(float) * depth * g.nr : 0), 64);
    share = up(sources_at + sizeof(void*) * input.segments.size() * task_rows, 64);
  }
};

struct Product {
  const Gemm& g;
  const Plan& plan;
  const GemmInput& input;
  const GemmWeight& weight;
  const OutputStore to;

  // Stages depth [k0, k1) of one panel of A, stretch by stretch, each filled up with zeros.
  void pack_a(std::byte* panel, const void* const* sources, int task_rows, int rows, size_t k0,
              size_t k1) const {
    size_t begin = 0;
    for (size_t s = 0; s < input.segments.size(); ++s) {
      const size_t end = begin + input.segments[s], full = begin + up(input.segments[s], g.kr);
      const size_t from = std::max(begin, k0), to = std::min(end, k1);
      const void* at[max_tile_rows];
      if (from < to) {
        for (int i = 0; i < rows; ++i) {
          at[i] = static_cast<const std::byte*>(sources[s * task_rows + i]) +
                  (from - begin) * g.input_bytes;
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
    const size_t row = task % plan.row_tasks * plan.task_rows;
    const size_t rows = std::min(plan.task_rows, plan.rows - row);
    const size_t first = task / plan.row_tasks * plan.task_panels;
    const size_t last = std::min(first + plan.task_panels, plan.panels);

    const auto sources = reinterpret_cast<const void**>(scratch + plan.sources_at);
    input.fill_indirection(row, rows, sources);

    const size_t tiles = parts(rows, g.mr), tile_bytes = sizeof(float) * g.mr * g.nr;
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
          float* made = reinterpret_cast<float*>(scratch + plan.chunk_at);
          weight.expand(made, made + depth * g.nr, p, k0, depth);
        } else {
          b = weight.panels + (p * plan.k + k0) * g.nr * g.b_bytes;
        }
        // What is read after this panel: the next one at this depth, or the first at the next.
        // Every tile fetches its share of it, so that no tile waits for memory.
        const bool more = !weight.expand && (p + 1 < last || k1 < plan.k);
        const size_t next = p + 1 < last ? (p + 1) * plan.k + k0 : first * plan.k + k1;
        const auto prefetch = more ? weight.panels + next * g.nr * g.b_bytes : scratch;
        const size_t prefetch_step = more ? parts(g.nr * g.b_bytes, tiles) : 0;
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

void OutputStore::slice_tile(const Sums& sums, int first_row, TileSlice* piece) const {
  const Gemm& g = *weight.kernel;
  const int column = e.gated ? sums.column / 2 : sums.column;
  const size_t row = sums.row + first_row, place = output_map.at(row);
  const size_t left = output_map.line ? output_map.line - row % output_map.line : sums.rows;
  GemmTile& t = piece->tile;
  t = {};
  t.sums = static_cast<const float*>(sums.data) + static_cast<size_t>(first_row) * g.nr;
  t.rows = static_cast<int>(std::min<size_t>(sums.rows - first_row, left));
  t.columns = std::min(g.nr, weight.columns - sums.column);
  t.out = out.cols(column, 1).slice(place, 1).data;
  t.out_type = element(out.dtype);
  t.out_ld = out.ld * output_map.step;
  t.non_temporal = non_temporal;
  t.prefetch = g.mr;
  t.bias = weight.bias.data() + sums.column;
  if (e.residual) {
    t.residual = e.residual.cols(column, 1).slice(place, 1).data;
    t.residual_type = element(e.residual.dtype);
    t.residual_ld = e.residual.ld * output_map.step;
  }
  if (sums.scale) {
    t.row_scale = sums.scale + first_row;
    t.column_scale = weight.column_scale.data() + sums.column;
  }
  if (!weight.compensation.empty()) t.compensation = weight.compensation.data() + sums.column;
  t.fn = e.fn;
  t.gated = e.gated;
  if (!e.row_bias) return;
  size_t image = row / image_rows, end = (image + 1) * image_rows;
  for (int i = 0; i < t.rows; ++i) {
    if (row + i == end) ++image, end += image_rows;
    piece->row_bias[i] = e.row_bias.row<float>(image) + column;
  }
  t.row_bias = piece->row_bias;
}

void OutputStore::store(const Sums& sums) const {
  TileSlice piece;
  for (int done = 0; done < sums.rows; done += piece.tile.rows) {
    slice_tile(sums, done, &piece);
    weight.kernel->store_tile(piece.tile);
  }
}

void multiply(Arena& arena, int threads, Tensor out, size_t rows, const GemmInput& input,
              const GemmWeight& weight, const Epilogue& e, size_t image_rows) {
  const Gemm& g = *weight.kernel;
  if (g.multiply) return multiply_in_place(arena, threads, out, rows, input, weight, e, image_rows);
  const Plan plan(g, rows, input, weight, threads);
  const Scratch scratch(arena, plan.share * threads);
  if (arena.measuring()) return;
  const Product product{g, plan, input, weight, {out, input.output_map, weight, e, image_rows}};
  parallel_for(threads, plan.row_tasks * plan.panel_tasks, [&](size_t task, int thread) {
    product.run(task, scratch.as<std::byte>() + thread * plan.share);
  });
}

}  // namespace yent
