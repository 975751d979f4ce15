// The main loop of every GEMM on the tensor cores: a ring of tiles filled by cp.async, read by
// ldmatrix, multiplied by mma.sync. A linear and a convolution differ in where A's chunks are.
#pragma once

#include "kernels/cuda/device.cuh"
#include "kernels/cuda/row_view.cuh"
#include "kernels/cuda/runtime/check.cuh"
#include "kernels/cuda/split_k.cuh"
#include "kernels/cuda/tile.cuh"

namespace yent::cuda {

// Finds the chunks of the few rows of A that one thread copies.
template <class View, int rows>
struct ChunkFinder;

template <int rows>
struct ChunkFinder<LinearView, rows> {
  int row[rows];

  __device__ void begin(const LinearView& v, int i, int at) { row[i] = at < v.rows ? at : -1; }
  __device__ void enter(const LinearView&, int) {}
  __device__ const uint4* find(const LinearArgs& p, int i, Walk at, bool* inside) const {
    *inside = row[i] >= 0 && at.segment < 2;
    if (!*inside) return static_cast<const uint4*>(p.a);
    return at.segment == 0 ? static_cast<const uint4*>(p.a) +
                                 static_cast<size_t>(row[i]) * p.view.ld_a + at.chunk
                           : static_cast<const uint4*>(p.a2) +
                                 static_cast<size_t>(row[i]) * p.view.ld_b + at.chunk;
  }
};

template <int rows>
struct ChunkFinder<ConvView, rows> {
  Corner corner[rows];
  int pixel[rows];  // under the current tap

  __device__ void begin(const ConvView& v, int i, int at) { corner[i] = corner_of(v, at); }
  __device__ void enter(const ConvView& v, int tap) {
#pragma unroll
    for (int i = 0; i < rows; ++i) pixel[i] = tap < 9 ? pixel_of(v, corner[i], tap) : -1;
  }
  __device__ const uint4* find(const ConvArgs& p, int i, Walk at, bool* inside) const {
    *inside = pixel[i] >= 0;
    const uint4* a = static_cast<const uint4*>(p.a);
    return *inside ? a + static_cast<size_t>(pixel[i]) * p.view.ld + at.chunk : a;
  }
};

template <class Op, class View, int bm, int bn, int warps_m, int warps_n, int stages>
struct Gemm {
  static constexpr int threads = 32 * warps_m * warps_n;
  static constexpr int wm = bm / warps_m, wn = bn / warps_n;
  static constexpr int high = wm / 16, wide = wn / 8;  // fragments of a warp
  static constexpr int stage_chunks = (bm + bn) * kTileChunks;
  static constexpr size_t shared_bytes = size_t{16} * stages * stage_chunks;
  static constexpr int copies_a = copies(bm, threads), copies_b = copies(bn, threads);
  // What sm_86 and sm_89 have.
  static_assert(shared_bytes <= size_t{99} << 10);
  static_assert(wm % 16 == 0 && wn % 16 == 0 && (bm * kTileChunks) % threads == 0);
  // Rows that a thread copies are a multiple of 8 apart, so that the swizzle is the same.
  static_assert(threads / kTileChunks % 8 == 0);

  using Sum = typename Op::Sum;
  struct Four {
    Sum v[4];
  };

  static __device__ __forceinline__ Sum from_neighbour(Sum x) {
    return bits_of<Sum>(__shfl_xor_sync(0xffffffff, bits_of<float>(x), 1));
  }

  // From two sums in each of two neighbouring fragments: the even lane has the first two of four
  // columns in both, the odd lane the last two. By value: a choice of addresses would put all sums
  // into local memory.
  static __device__ __forceinline__ Four exchange(bool odd, Sum a0, Sum a1, Sum b0, Sum b1) {
    const Sum got0 = from_neighbour(odd ? a0 : b0), got1 = from_neighbour(odd ? a1 : b1);
    return {{odd ? got0 : a0, odd ? got1 : a1, odd ? b0 : got0, odd ? b1 : got1}};
  }

  static __device__ __forceinline__ void store(const GemmArgs<View>& p, int row, int column,
                                               const Four& four) {
    if (p.slices > 1) return store_partial(p, row, column, four.v);
    float v[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) v[i] = static_cast<float>(four.v[i]);
    finish(p.epilogue, row, column, v);
  }

  // Adds up the slices: four columns a thread, neighbours side by side.
  static __device__ void add_up(const GemmArgs<View>& p, int row0, int column0) {
    constexpr int fours = bn / 4;
    for (int i = threadIdx.x; i < bm * fours; i += threads) {
      const int row = row0 + i / fours, column = column0 + i % fours * 4;
      if (row >= p.m || column >= p.n) continue;
      float v[4];
      add_slices<Sum>(p, row, column, v);
      finish(p.epilogue, row, column, v);
    }
  }

  // Longer than 60 lines: split into methods, each kernel has 3 % more instructions.
  static __device__ void run(const GemmArgs<View>& p, uint4* shared) {
    const int thread = threadIdx.x, lane = thread % 32, warp = thread / 32;
    const Place tile = tile_of(blockIdx.x, p.tiles_m, p.tiles_n);
    const Slice range = slice_of(p.tiles_k, p.slices, blockIdx.y);
    const int row0 = tile.row * bm, column0 = tile.column * bn;

    // Copying: one column of chunks, a few rows of each tile.
    const Place mine = copied_chunk(thread, threads, 0);
    int chunk = range.begin * kTileChunks + mine.column;
    Walk walk = walk_to(p.view, chunk);
    ChunkFinder<View, copies_a> finder;
#pragma unroll
    for (int i = 0; i < copies_a; ++i) {
      finder.begin(p.view, i, row0 + copied_chunk(thread, threads, i).row);
    }
    finder.enter(p.view, walk.segment);
    const uint4* b = static_cast<const uint4*>(p.b);
    const uint32_t base = shared_address(shared);
    const uint32_t to = base + 16 * tile_chunk(mine.row, mine.column);
    const auto copy = [&](int stage) {
      const uint32_t a_to = to + stage * (16 * stage_chunks);
      const uint32_t b_to = a_to + 16 * bm * kTileChunks;
#pragma unroll
      for (int i = 0; i < copies_a; ++i) {
        bool inside;
        const uint4* from = finder.find(p, i, walk, &inside);
        copy_chunk(a_to + 16 * i * threads, from, inside);
      }
#pragma unroll
      for (int i = 0; i < copies_b; ++i) {
        const int row = copied_chunk(thread, threads, i).row;
        if (bn * kTileChunks % threads == 0 || row < bn) {
          const bool inside = column0 + row < p.n && chunk < p.depth;
          const size_t at = static_cast<size_t>(column0 + row) * p.b_ld + chunk;
          copy_chunk(b_to + 16 * i * threads, inside ? b + at : b, inside);
        }
      }
      const int segment = walk.segment;
      walk = advance(p.view, walk, kTileChunks);
      if (walk.segment != segment) finder.enter(p.view, walk.segment);
      chunk += kTileChunks;
    };

    // Multiplying: addresses of the first fragments, in the first step of a tile.
    const int warp_row = warp / warps_n * wm, warp_column = warp % warps_n * wn;
    const Place pa = ldmatrix_a(lane), pb = ldmatrix_b(lane);
    const uint32_t a_at = base + 16 * tile_chunk(warp_row + pa.row, pa.column);
    const uint32_t b_at =
        base + 16 * (bm * kTileChunks + tile_chunk(warp_column + pb.row, pb.column));
    typename Op::Sum sum[high][wide][4] = {};

    const int count = range.end - range.begin;
#pragma unroll
    for (int s = 0; s < stages - 1; ++s) {
      if (s < count) copy(s);
      commit_copies();
    }
    int stage = 0;
    for (int kt = 0; kt < count; ++kt) {
      // All threads' copies of tile kt have arrived, and no thread reads tile kt - 1 any more.
      wait_copies<stages - 2>();
      __syncthreads();
      if (kt + stages - 1 < count) copy(stage == 0 ? stages - 1 : stage - 1);
      commit_copies();
      const uint32_t offset = stage * (16 * stage_chunks);
#pragma unroll
      for (int step = 0; step < 2; ++step) {
        uint32_t fa[high][4];
#pragma unroll
        for (int i = 0; i < high; ++i) {
          ldmatrix4(fa[i], (a_at ^ 16 * in_step(step)) + offset + i * (16 * 16 * kTileChunks));
        }
#pragma unroll
        for (int j = 0; j < wide / 2; ++j) {
          uint32_t fb[4];
          ldmatrix4(fb, (b_at ^ 16 * in_step(step)) + offset + j * (16 * 16 * kTileChunks));
#pragma unroll
          for (int i = 0; i < high; ++i) {
            Op::multiply_add(sum[i][2 * j], fa[i], fb[0], fb[1]);
            Op::multiply_add(sum[i][2 * j + 1], fa[i], fb[2], fb[3]);
          }
        }
      }
      stage = stage + 1 == stages ? 0 : stage + 1;
    }

    // Two lanes exchange halves of their sums, so that each has four columns that are neighbours,
    // and four lanes store 16.
    const Place first = fragment_sum(lane, 0);
    const int odd = lane % 2;
#pragma unroll
    for (int i = 0; i < high; ++i) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int row = row0 + warp_row + 16 * i + first.row + 8 * half;
#pragma unroll
        for (int j = 0; j < wide; j += 2) {
          const int column = column0 + warp_column + 8 * (j + odd) + first.column / 4 * 4;
          const auto &a = sum[i][j], &b = sum[i][j + 1];
          const Four four =
              exchange(odd, a[2 * half], a[2 * half + 1], b[2 * half], b[2 * half + 1]);
          if (row < p.m && column < p.n) store(p, row, column, four);
        }
      }
    }
    if (p.slices > 1 &&
        is_last_slice(p.arrived + blockIdx.x, p.slices, reinterpret_cast<int*>(shared))) {
      add_up(p, row0, column0);
    }
  }
};

template <class Op, class View, int bm, int bn, int warps_m, int warps_n, int stages>
__global__ void __launch_bounds__(32 * warps_m * warps_n, bm == 64 ? 3 : 2)
    gemm_kernel(const __grid_constant__ GemmArgs<View> p) {
  DYNAMIC_SHARED(uint4, shared);
  Gemm<Op, View, bm, bn, warps_m, warps_n, stages>::run(p, shared);
}

template <class Op, class View, int bm, int bn, int warps_m, int warps_n, int stages>
void launch_tiles(Queue& q, TileConfig config, GemmArgs<View> args) {
  using Tiles = Gemm<Op, View, bm, bn, warps_m, warps_n, stages>;
  args.tiles_m = ceil_div(args.m, bm);
  args.tiles_n = ceil_div(args.n, bn);
  args.tiles_k = ceil_div(args.depth, kTileChunks);
  args.slices = config.slices;
  q.launch(gemm_kernel<Op, View, bm, bn, warps_m, warps_n, stages>,
           dim3(args.tiles_m * args.tiles_n, config.slices), dim3(Tiles::threads),
           Tiles::shared_bytes, args);
}

// bf16 and int8 have one large tile only: no default precision uses them.
template <class View>
void launch_any_gemm(Queue& q, Format format, TileConfig config, GemmArgs<View> args) {
  const bool small = config.bm == 64;
  if (format == Format::f16 && small) {
    launch_tiles<HalfOp, View, 64, 64, 2, 2, 6>(q, config, args);
  } else if (format == Format::f16 && config.bn == 160) {
    launch_tiles<HalfOp, View, 128, 160, 4, 2, 4>(q, config, args);
  } else if (format == Format::f16) {
    launch_tiles<HalfOp, View, 128, 128, 2, 4, 4>(q, config, args);
  } else if (format == Format::bf16 && small) {
    launch_tiles<BfloatOp, View, 64, 64, 2, 2, 6>(q, config, args);
  } else if (format == Format::bf16) {
    launch_tiles<BfloatOp, View, 128, 128, 2, 4, 4>(q, config, args);
  } else if (small) {
    launch_tiles<Int8Op, View, 64, 64, 2, 2, 6>(q, config, args);
  } else {
    launch_tiles<Int8Op, View, 128, 128, 2, 4, 4>(q, config, args);
  }
}

}  // namespace yent::cuda
