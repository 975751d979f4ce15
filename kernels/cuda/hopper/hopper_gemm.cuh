// The main loop of Hopper's GEMM. One warp fills a ring of tiles by bulk copies, warpgroups
// multiply them; they meet at two barriers for each stage, "full" and "empty".
#pragma once

#include "kernels/cuda/device.cuh"
#include "kernels/cuda/hopper/hopper_gemm.h"
#include "kernels/cuda/row_view.cuh"
#include "kernels/cuda/split_k.cuh"
#include "kernels/cuda/tile_hopper.cuh"

namespace yent::cuda {

// A stage of the ring, and the parity of the phase of its barriers.
template <int stages>
struct RingTurn {
  int stage = 0;
  uint32_t parity = 0;

  __device__ void next() {
    if (++stage < stages) return;
    stage = 0;
    parity ^= 1;
  }
};

// Starts the copy of a tile of A.
struct RowCopier {
  int row;

  __device__ RowCopier(const LinearView&, int first) : row(first) {}
  __device__ void copy(const HopperLinearArgs& p, const DepthTile& at, uint32_t to,
                       uint32_t barrier) const {
    copy_box(to, at.segment == 0 ? &p.a : &p.a2, at.column, row, barrier);
  }
};
struct WindowCopier {
  WindowCorner corner;

  __device__ WindowCopier(const ConvView& v, int first) : corner(window_corner(v, first)) {}
  __device__ void copy(const HopperConvArgs& p, const DepthTile& at, uint32_t to,
                       uint32_t barrier) const {
    const PixelBox box = {at.column,
                          corner.x,
                          corner.y,
                          corner.image,
                          static_cast<uint16_t>(at.segment % 3),
                          static_cast<uint16_t>(at.segment / 3)};
    copy_pixels(to, &p.a, box, barrier);
  }
};
__device__ inline RowCopier copier_of(const LinearView& v, int first) { return {v, first}; }
__device__ inline WindowCopier copier_of(const ConvView& v, int first) { return {v, first}; }

// `high` x `wide` warpgroups with 64 outputs and `width` rows each.
template <class View, int high, int wide, int width, int stages>
struct HopperGemm {
  static constexpr int multipliers = 128 * high * wide;  // threads
  static constexpr int threads = multipliers + 32;
  static constexpr int outputs = 64 * high, rows = width * wide;
  static constexpr int weight_bytes = outputs * kTileRow;
  static constexpr int stage_bytes = weight_bytes + rows * kTileRow;
  static constexpr int ring_bytes = stages * stage_bytes;
  // Of the sums of a row in shared memory: lanes of a store have different banks.
  static constexpr int sums_ld = outputs + 4;
  static_assert(rows * sums_ld * int{sizeof(float)} <= ring_bytes);
  // The start is rounded up.
  static constexpr size_t shared_bytes = size_t{kSwizzled} + ring_bytes + 16 * stages;

  using Args = HopperArgs<View>;
  using Turn = RingTurn<stages>;

  uint32_t base;  // of the ring; the barriers lie behind it

  __device__ uint32_t weight_at(int stage) const { return base + stage * stage_bytes; }
  __device__ uint32_t rows_at(int stage) const { return weight_at(stage) + weight_bytes; }
  __device__ uint32_t full(int stage) const { return base + ring_bytes + 16 * stage; }
  __device__ uint32_t empty(int stage) const { return full(stage) + 8; }

  // One arrival announces the bytes; every warp that multiplies gives a stage back.
  __device__ void init_barriers() const {
    if (threadIdx.x == 0) {
      for (int stage = 0; stage < stages; ++stage) {
        init_barrier(full(stage), 1);
        init_barrier(empty(stage), multipliers / 32);
      }
      fence_async();
    }
    __syncthreads();
  }

  // By one thread.
  __device__ void fill(const Args& p, Slice range, Place tile) const {
    const View& view = p.product.view;
    const auto copier = copier_of(view, tile.row * rows);
    DepthTile at = depth_tile(view, range.begin);
    Turn turn;
    for (int kt = range.begin; kt < range.end; ++kt) {
      wait_barrier(empty(turn.stage), turn.parity ^ 1);
      const uint32_t barrier = full(turn.stage);
      arrive_and_expect(barrier, stage_bytes);
      copy_box(weight_at(turn.stage), &p.weight, at.weight_column, tile.column * outputs, barrier);
      copier.copy(p, at, rows_at(turn.stage), barrier);
      at = next_depth_tile(view, at);
      turn.next();
    }
  }

  // By a warpgroup.
  __device__ void multiply(int count, float (&sum)[width / 2]) const {
    const int group = threadIdx.x / 128;
    const uint32_t of_outputs = group % high * 64 * kTileRow;
    const uint32_t of_rows = group / high * width * kTileRow;
    Turn turn;
    int last = 0;  // the stage of the tile before
    for (int i = 0; i < count; ++i) {
      wait_barrier(full(turn.stage), turn.parity);
      const uint64_t a = matrix_descriptor(weight_at(turn.stage) + of_outputs);
      const uint64_t b = matrix_descriptor(rows_at(turn.stage) + of_rows);
      fence_sums();
#pragma unroll
      for (int step = 0; step < kDepth / 16; ++step) {
        WarpgroupOp<width>::multiply_add(sum, a + in_depth_step(step), b + in_depth_step(step));
      }
      commit_products();
      wait_products<1>();  // the tile before has been read
      if (i > 0 && threadIdx.x % 32 == 0) arrive(empty(last));
      last = turn.stage;
      turn.next();
    }
    wait_products<0>();
  }

  // A thread has sums of few rows and outputs far apart; through shared memory they become rows.
  static __device__ void spread(const float (&sum)[width / 2], float* to) {
    const int group = threadIdx.x / 128;
#pragma unroll
    for (int i = 0; i < width / 2; ++i) {
      const Place at = warpgroup_sum(threadIdx.x % 128, i);
      to[(group / high * width + at.column) * sums_ld + group % high * 64 + at.row] = sum[i];
    }
  }

  // From the sums in shared memory, or, without these, from all slices.
  static __device__ void store(const GemmArgs<View>& p, Place tile, const float* sums) {
    constexpr int pairs = outputs / 2;
    for (int i = threadIdx.x; i < rows * pairs; i += threads) {
      const int row = tile.row * rows + i / pairs, column = tile.column * outputs + i % pairs * 2;
      if (row >= p.m || column >= p.n) continue;
      float pair[2];
      if (sums) {
        load_floats(sums + i / pairs * sums_ld + i % pairs * 2, pair);
      } else {
        add_slices<float>(p, row, column, pair);
      }
      if (sums && p.slices > 1) {
        store_partial(p, row, column, pair);
      } else {
        finish(p.epilogue, row, column, pair);
      }
    }
  }

  static __device__ void run(const Args& p, char* shared) {
    const uint32_t start = shared_address(shared);
    const HopperGemm ring = {(start + kSwizzled - 1) / kSwizzled * kSwizzled};
    float* sums = reinterpret_cast<float*>(shared + (ring.base - start));
    const Place tile = tile_of(blockIdx.x, p.product.tiles_m, p.product.tiles_n);
    const Slice range = slice_of(p.product.tiles_k, p.product.slices, blockIdx.y);
    ring.init_barriers();
    float sum[width / 2] = {};
    if (threadIdx.x < multipliers) {
      ring.multiply(range.end - range.begin, sum);
    } else if (threadIdx.x == multipliers) {
      ring.fill(p, range, tile);
    }
    __syncthreads();  // no tile is read any more
    if (threadIdx.x < multipliers) spread(sum, sums);
    __syncthreads();
    store(p.product, tile, sums);
    if (p.product.slices > 1 && is_last_slice(p.product.arrived + blockIdx.x, p.product.slices,
                                              reinterpret_cast<int*>(sums))) {
      store(p.product, tile, nullptr);
    }
  }
};

template <class View, int high, int wide, int width, int stages>
__global__ void __launch_bounds__(128 * high * wide + 32, width == 256 ? 1 : 2)
    hopper_kernel(const __grid_constant__ HopperArgs<View> p) {
  DYNAMIC_SHARED(char, shared);
  HopperGemm<View, high, wide, width, stages>::run(p, shared);
}

template <class View, int high, int wide, int width, int stages>
void launch_hopper_tiles(Queue& q, const HopperArgs<View>& args) {
  using Tiles = HopperGemm<View, high, wide, width, stages>;
  const GemmArgs<View>& p = args.product;
  q.launch(hopper_kernel<View, high, wide, width, stages>, dim3(p.tiles_m * p.tiles_n, p.slices),
           dim3(Tiles::threads), Tiles::shared_bytes, args);
}

template <class View>
void launch_any_hopper(Queue& q, TileConfig config, const HopperArgs<View>& args) {
  if (config.bm == 64) {
    launch_hopper_tiles<View, 1, 1, 64, 6>(q, args);
  } else if (config.bm == 128) {
    launch_hopper_tiles<View, 2, 1, 128, 3>(q, args);
  } else if (config.bn == 64) {
    launch_hopper_tiles<View, 1, 2, 128, 4>(q, args);
  } else {
    launch_hopper_tiles<View, 2, 1, 256, 4>(q, args);
  }
}

}  // namespace yent::cuda
