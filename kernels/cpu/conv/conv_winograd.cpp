#include "kernels/cpu/conv/conv_winograd.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/cpu/conv/winograd.h"
#include "kernels/cpu/gemm/gemm_driver.h"
#include "kernels/cpu/layout/layout.h"
#include "kernels/cpu/runtime/cache_sizes.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/integers.h"

namespace yent {
namespace {

constexpr int max_chunk_bytes = 256;  // of V: 36 positions of a panel's U in a third of 512 KB
constexpr int fewest_tiles = 32, most_tiles = 64;  // of a block
constexpr size_t block_bytes_of_v = 4 << 20;       // of a block's V: a core's share of the caches
constexpr size_t band_bytes_of_v = 6 << 20;        // of a band's: all threads read it
constexpr size_t thread_bytes_of_v = 2 << 20;  // or this for each thread: more cores, more cache
constexpr int run_tiles = max_tile_rows / winograd_tile;

// In products of the direct way, as measured with AVX2 on an AMD EPYC 7003: a product by Winograd's
// algorithm, and a value of U, V and y in the 36 positions of a 6x6 window.
constexpr double product_cost = 1.05, u_cost = 320, v_cost = 700, y_cost = 320;
constexpr double loop_cost = 1e5;  // of a loop over threads: some microseconds

struct Costs {
  double tile, tile_of_panel, panel;  // V of a tile; its products and sums; U of a panel

  Costs(const WinogradCuts& cuts, const GemmWeight& w, int channels) {
    const double share = cuts.kernel->positions() / 36.0, columns = w.kernel->nr;
    const double depth = round_up(channels, cuts.kernel->granule);
    tile = share * v_cost * depth;
    tile_of_panel = share * columns * (36 * product_cost * depth + y_cost * cuts.segments());
    panel = share * u_cost * depth * columns;
  }
};

// The tiles of a layer and their blocks. A thread does all of a block, or, where there are too few
// blocks for the threads, these share the V of a band of blocks and each multiplies some of the
// weight's panels. Of all ways the one whose slowest thread ends first.
struct TilePlan {
  Shape in;
  int tiles_x, tiles_y;
  size_t tiles, panels;
  size_t block_tiles = 0, band_blocks = 1, panel_tasks = 1;
  bool shared = false;

  TilePlan(const Shape& shape, const GemmWeight& w, const WinogradCuts& cuts, size_t threads)
      : in(shape) {
    tiles_x = ceil_div(in.w, winograd_tile), tiles_y = ceil_div(in.h, winograd_tile);
    tiles = static_cast<size_t>(in.n) * tiles_x * tiles_y;
    panels = ceil_div(w.columns, w.kernel->nr);
    const Costs costs(cuts, w, in.c);
    const size_t tile_bytes =
        static_cast<size_t>(cuts.kernel->positions()) * in.c * cuts.kernel->v_bytes;
    const size_t fitting =
        std::clamp<size_t>(block_bytes_of_v / tile_bytes, fewest_tiles, most_tiles);
    const size_t fewest = ceil_div(tiles, fitting), most = ceil_div<size_t>(tiles, fewest_tiles);
    const size_t band_bytes = std::max(band_bytes_of_v, threads * thread_bytes_of_v);
    double least = std::numeric_limits<double>::infinity();
    const auto consider = [&](double cost, size_t size, size_t band, size_t parts, bool share) {
      if (cost >= least) return;
      least = cost;
      block_tiles = size, band_blocks = band, panel_tasks = parts, shared = share;
    };
    for (size_t wanted = fewest; wanted <= std::min(most, fewest + 2 * threads); ++wanted) {
      const size_t size = ceil_div(tiles, wanted), count = ceil_div(tiles, size);
      const double multiply = costs.panel + static_cast<double>(size) * costs.tile_of_panel;
      const double block = static_cast<double>(size) * costs.tile + panels * multiply;
      consider(static_cast<double>(ceil_div(count, threads)) * block + loop_cost, size, 1, 1,
               false);
      if (threads == 1) continue;
      const size_t band = std::clamp<size_t>(band_bytes / (tile_bytes * size), 1, count);
      const size_t bands = ceil_div(count, band), blocks = ceil_div(count, bands);
      const double transform = static_cast<double>(ceil_div(blocks * size, threads)) * costs.tile;
      for (size_t each = ceil_div(blocks * panels, 4 * threads); each > 0; --each) {
        const size_t parts = ceil_div(panels, each);
        const double products =
            static_cast<double>(ceil_div(blocks * parts, threads) * each) * multiply;
        consider(static_cast<double>(bands) * (transform + products + 2 * loop_cost), size, blocks,
                 parts, true);
      }
    }
  }

  size_t blocks() const { return ceil_div(tiles, block_tiles); }
  size_t first(size_t block) const { return std::min(tiles, block * block_tiles); }
};

// Sizes in bytes of what a thread works in.
struct TileRoom {
  size_t v_row, v_step, v_chunk;  // of a tile, a position, a chunk of channels
  size_t u_step, m_step, sums_line;
  size_t v, u, m, sums, patch;  // of all of it

  TileRoom(const TilePlan& plan, const GemmWeight& w, const WinogradCuts& cuts) {
    const Winograd& kernel = *cuts.kernel;
    const size_t positions = kernel.positions();
    // A step that is a power of two would put all positions of a tile into one set of a cache.
    const auto apart = [](size_t bytes) { return round_up(bytes, 2 * cache_line) + cache_line; };
    v_row = static_cast<size_t>(cuts.chunk) * kernel.v_bytes;
    v_step = apart(plan.block_tiles * v_row);
    v_chunk = positions * v_step;
    const size_t column = plan.block_tiles * w.kernel->nr * sizeof(int32_t);
    u_step = apart(static_cast<size_t>(cuts.chunk) * w.kernel->nr * kernel.u_bytes);
    m_step = apart(column);
    sums_line = winograd_tile * column;
    v = cuts.chunks * v_chunk;
    u = positions * u_step;
    m = positions * m_step;
    sums = winograd_tile * sums_line;
    patch = positions * cuts.chunk * element_bytes(w.kernel->input);
  }
};

struct TileProduct {
  const TilePlan& plan;
  const TileRoom& room;
  const WinogradInput& input;
  const GemmWeight& weight;
  const WinogradCuts& cuts;
  const OutputStore to;

  // V of the tiles [first, end).
  void transform(size_t first, size_t end, std::byte* v, std::byte* patch) const {
    for (size_t tile = first; tile < end; ++tile) {
      for (int chunk = 0; chunk < cuts.chunks; ++chunk) {
        transform_tile(tile, chunk, v + chunk * room.v_chunk + (tile - first) * room.v_row, patch);
      }
    }
  }

  // The sums of these tiles and of panels [panel, last), stored.
  void multiply(size_t first, size_t end, size_t panel, size_t last, const std::byte* v,
                std::byte* scratch) const {
    for (; panel < last; ++panel) {
      std::byte *u = scratch, *m = u + room.u, *sums = m + room.m;
      multiply_panel(end - first, panel, v, u, m, sums);
      store(first, end, panel, sums);
    }
  }

 private:
  void transform_tile(size_t tile, int chunk, std::byte* v, std::byte* patch) const {
    const Shape& in = plan.in;
    const Tensor& image = input.image;
    const int b = image.border;
    const int x = static_cast<int>(tile % plan.tiles_x) * winograd_tile + input.left;
    const int y = static_cast<int>(tile / plan.tiles_x % plan.tiles_y) * winograd_tile + input.top;
    const int64_t n = tile / plan.tiles_x / plan.tiles_y;
    const int first = chunk * cuts.chunk, window = cuts.kernel->window;
    const int channels = round_up(std::min(cuts.chunk, in.c - first), cuts.kernel->granule);
    const int64_t size = element_bytes(weight.kernel->input), pixel = image.ld * size;
    const int64_t line = (in.w + 2 * b) * pixel;
    const std::byte* from = static_cast<const std::byte*>(image.data) +
                            (n * (in.h + 2 * b) + y + b) * line + (x + b) * pixel + first * size;
    const auto inside = [&](int at, int last) { return at >= -b && at < last + b; };
    const int end = window - 1;
    if (inside(y, in.h) && inside(y + end, in.h) && inside(x, in.w) && inside(x + end, in.w)) {
      return cuts.kernel->transform_input(v, room.v_step, from, line, pixel, channels);
    }
    const int64_t bytes = channels * size;
    for (int i = 0; i < cuts.kernel->positions(); ++i) {
      const int row = i / window, column = i % window;
      if (inside(y + row, in.h) && inside(x + column, in.w)) {
        std::memcpy(patch + i * bytes, from + row * line + column * pixel, bytes);
      } else {
        std::memset(patch + i * bytes, 0, bytes);
      }
    }
    cuts.kernel->transform_input(v, room.v_step, patch, window * bytes, bytes, channels);
  }

  void multiply_panel(size_t tiles, size_t panel, const std::byte* v, std::byte* u, std::byte* m,
                      std::byte* sums) const {
    const Gemm& g = *weight.kernel;
    const int channels = weight.k / (cuts.kernel->taps * cuts.kernel->taps);
    const size_t channel_bytes = static_cast<size_t>(g.nr) * g.b_bytes;
    const std::byte* packed = weight.panels + panel * weight.k * channel_bytes;
    bool begun = false, stored = false;  // the segment; an earlier one
    for (int chunk = 0; chunk < cuts.chunks; ++chunk) {
      const int first = chunk * cuts.chunk, count = std::min(cuts.chunk, channels - first);
      cuts.kernel->transform_weight(u, room.u_step, packed + first * channel_bytes,
                                    channels * channel_bytes, count);
      for (int p = 0; p < cuts.kernel->positions(); ++p) {
        cuts.kernel->multiply(m + p * room.m_step, v + chunk * room.v_chunk + p * room.v_step,
                              room.v_row, u + p * room.u_step, static_cast<int>(tiles), count,
                              begun);
      }
      begun = !cuts.ends(panel, chunk);
      if (begun) continue;
      for (size_t i = 0; i < tiles; ++i) {
        const size_t row = g.nr * sizeof(int32_t);
        cuts.kernel->transform_output(sums + i * winograd_tile * row, room.sums_line, m + i * row,
                                      room.m_step, stored);
      }
      stored = true;
    }
  }

  // Tiles side by side are stored together, line by line.
  void store(size_t first, size_t end, size_t panel, const std::byte* sums) const {
    const size_t row = weight.kernel->nr * sizeof(int32_t);
    const int column = static_cast<int>(panel) * weight.kernel->nr;
    size_t count = 0;
    for (size_t tile = first; tile < end; tile += count) {
      const size_t tile_x = tile % plan.tiles_x, tile_y = tile / plan.tiles_x % plan.tiles_y;
      const size_t n = tile / plan.tiles_x / plan.tiles_y, x = tile_x * winograd_tile;
      count = std::min<size_t>({run_tiles, end - tile, plan.tiles_x - tile_x});
      const int pixels = static_cast<int>(std::min(count * winograd_tile, plan.in.w - x));
      float scales[max_tile_rows];
      const bool quantized = input.image.dtype == DType::i8;
      if (quantized) std::fill_n(scales, pixels, quant_scales(input.image)[n]);
      for (size_t y = 0; y < winograd_tile && tile_y * winograd_tile + y < size_t(plan.in.h); ++y) {
        const size_t at = (n * plan.in.h + tile_y * winograd_tile + y) * plan.in.w + x;
        to.store({sums + y * room.sums_line + (tile - first) * winograd_tile * row, at, pixels,
                  column, quantized ? scales : nullptr});
      }
    }
  }
};

}  // namespace

WinogradCuts cut_winograd(const Winograd& kernel, const GemmWeight& w, int threads) {
  const Gemm& g = *w.kernel;
  const int taps = kernel.taps * kernel.taps, channels = w.k / taps, granule = kernel.granule;
  const bool quantized = kernel.add_magnitudes != nullptr;
  // Rows of f32 are not padded, and a weight in another type has no panels that could be read.
  if (w.expand || (g.input == Element::f32 && channels % granule != 0)) return {};
  WinogradCuts cuts{&kernel};
  const int chunks = ceil_div(channels * kernel.v_bytes, max_chunk_bytes);
  cuts.chunk = round_up(ceil_div(channels, chunks), granule);
  cuts.chunks = ceil_div(channels, cuts.chunk);
  const size_t panels = ceil_div(w.columns, g.nr);
  const size_t channel_bytes = static_cast<size_t>(g.nr) * g.b_bytes;
  cuts.end.assign(panels * cuts.chunks, 0);
  const int most = quantized ? (kernel.max_sum - 1) / 127 : 0;
  parallel_for(threads, panels, [&](size_t panel, int) {
    uint8_t* end = cuts.end.data() + panel * cuts.chunks;
    const std::byte* packed = w.panels + panel * w.k * channel_bytes;
    int32_t segment[max_tile_rows] = {};
    for (int chunk = 0; quantized && chunk < cuts.chunks; ++chunk) {
      const int first = chunk * cuts.chunk, count = std::min(cuts.chunk, channels - first);
      int32_t own[max_tile_rows] = {};
      for (int tap = 0; tap < taps; ++tap) {
        const size_t at = static_cast<size_t>(tap) * channels + first;
        kernel.add_magnitudes(own, packed + at * channel_bytes, count);
      }
      bool fits = true;
      for (int j = 0; j < g.nr; ++j) fits = fits && segment[j] + own[j] <= most;
      if (!fits) end[chunk - 1] = 1;
      for (int j = 0; j < g.nr; ++j) segment[j] = fits ? segment[j] + own[j] : own[j];
    }
    end[cuts.chunks - 1] = 1;
  });
  return cuts;
}

// Where instructions make direct products faster but not these, the row's `cost` says by how much.
bool suits_winograd(const Shape& grid, const GemmWeight& weight, const WinogradCuts& cuts) {
  if (!cuts.kernel) return false;
  const Winograd& kernel = *cuts.kernel;
  const double panels = ceil_div(weight.columns, weight.kernel->nr);
  const double lines = ceil_div(grid.h, winograd_tile), line = ceil_div(grid.w, winograd_tile);
  const double tiles = grid.n * lines * line, blocks = std::ceil(tiles / most_tiles);
  const double direct = static_cast<double>(grid.rows()) * kernel.taps * kernel.taps * grid.c *
                        panels * weight.kernel->nr;
  const Costs costs(cuts, weight, grid.c);
  const double all =
      tiles * (costs.tile + panels * costs.tile_of_panel) + blocks * panels * costs.panel;
  return kernel.cost * all < direct;
}

void convolve_winograd(const CpuRun& run, const Tensor& out, const WinogradInput& input,
                       const GemmWeight& w, const WinogradCuts& cuts, const Epilogue& e) {
  const Shape& in = input.image.shape;
  const TilePlan plan(in, w, cuts, run.threads);
  const TileRoom room(plan, w, cuts);
  const size_t own = round_up(room.u + room.m + room.sums + room.patch, cache_line);
  const Scratch scratch(run.arena, own * run.threads);
  const Scratch v_room(run.arena, room.v * (plan.shared ? plan.band_blocks : run.threads));
  if (run.arena.measuring()) return;
  const size_t image_rows = in.rows() / in.n;
  const TileProduct product{plan, room, input,
                            w,    cuts, {out, input.output_map, w, e, image_rows, false, false}};
  const auto scratch_of = [&](int thread) { return scratch.as<std::byte>() + thread * own; };
  const auto patch_of = [&](int thread) {
    return scratch_of(thread) + room.u + room.m + room.sums;
  };
  if (!plan.shared) {
    parallel_for(run.threads, plan.blocks(), [&](size_t block, int thread) {
      std::byte* v = v_room.as<std::byte>() + thread * room.v;
      const size_t first = plan.first(block), end = plan.first(block + 1);
      product.transform(first, end, v, patch_of(thread));
      product.multiply(first, end, 0, plan.panels, v, scratch_of(thread));
    });
    return;
  }
  for (size_t band = 0; band < plan.blocks(); band += plan.band_blocks) {
    const size_t begin = plan.first(band), end = plan.first(band + plan.band_blocks);
    const auto v_of = [&](size_t block) { return v_room.as<std::byte>() + block * room.v; };
    parallel_for(run.threads, end - begin, [&](size_t i, int thread) {
      const size_t block = i / plan.block_tiles, at = i % plan.block_tiles;
      product.transform(begin + i, begin + i + 1, v_of(block) + at * room.v_row, patch_of(thread));
    });
    const size_t blocks = ceil_div(end - begin, plan.block_tiles);
    parallel_for(run.threads, blocks * plan.panel_tasks, [&](size_t task, int thread) {
      const size_t block = task / plan.panel_tasks, part = task % plan.panel_tasks;
      const auto panel = [&](size_t i) { return i * plan.panels / plan.panel_tasks; };
      product.multiply(plan.first(band + block), plan.first(band + block + 1), panel(part),
                       panel(part + 1), v_of(block), scratch_of(thread));
    });
  }
}

}  // namespace yent
