// Attention by tiles of queries and keys on the tensor cores.
#include "kernels/cuda/device.cuh"
#include "kernels/cuda/row_view.cuh"
#include "kernels/cuda/tile.cuh"

namespace yent::cuda {
namespace {

constexpr int kKeys = 64;  // in a tile
constexpr float kLog2e = 1.44269504f;

// Outside of templates, where GCC has no sections for variables: the emulator needs them.
__device__ int& shared_int() {
  __shared__ int number;
  return number;
}

// A block has `warps` warps of 16 queries each. Keys and values pass through two stages of shared
// memory; scores and probabilities stay in registers. A width of 40 takes two steps of 16 and one
// of 8, so the arithmetic needs no padding.
template <int width, int warps>
struct Flash {
  static constexpr int threads = 32 * warps, queries = 16 * warps;
  static constexpr int chunks = width / 8, ld = padded_chunks(chunks);
  static constexpr int steps = chunks / 2;        // whole steps of 16 along the width
  static constexpr bool half_step = chunks % 2;   // and one step of 8
  static constexpr int tile_chunks = kKeys * ld;  // of keys, or of values
  static constexpr size_t shared_bytes = size_t{16} * 4 * tile_chunks;
  static_assert(shared_bytes <= size_t{99} << 10);  // what sm_86 and sm_89 have
  static_assert(queries * ld <= 4 * tile_chunks);

  // Copies rows [first, first + count) of one head into a tile; zeros past the end and the width.
  static __device__ void copy(const RowView& x, int64_t row0, int rows, int column, int first,
                              int count, int head_chunks, uint32_t to) {
    const auto* data = static_cast<const __half*>(x.data);
    for (int i = threadIdx.x; i < count * chunks; i += threads) {
      const auto [row, chunk] = attention_chunk(chunks, i);
      const bool inside = first + row < rows && chunk < head_chunks;
      const __half* from = data + (row0 + first + row) * x.ld + column + 8 * chunk;
      copy_chunk(to + 16 * (row * ld + chunk), inside ? from : data, inside);
    }
  }

  // The position of this thread, and the part of the output that its block computes.
  struct Where {
    int lane, warp;
    int head, first;  // the first query of the block
    int kv_column;
    int64_t q_row, k_row;  // of query 0 and key 0 of the image
    Place sum_at;

    __device__ int query(int half) const { return first + 16 * warp + sum_at.row + 8 * half; }
  };

  static __device__ __forceinline__ Where where(const AttentionArgs& p) {
    const int lane = threadIdx.x % 32, head = blockIdx.y, image = blockIdx.z;
    return {lane,
            static_cast<int>(threadIdx.x / 32),
            head,
            static_cast<int>(blockIdx.x) * queries,
            head / (p.heads / p.kv_heads) * p.width,
            static_cast<int64_t>(image) * p.queries,
            static_cast<int64_t>(image) * p.keys,
            fragment_sum(lane, 0)};
  }

  // Sets how many keys each of the lane's two queries sees. Returns the most that a query of the
  // block sees.
  static __device__ __forceinline__ int visible_keys(const AttentionArgs& p, const Where& at,
                                                     int (&seen)[2]) {
    int& block_last = shared_int();
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int query = at.query(half);
      seen[half] = p.keys;
      if (p.positions) {
        seen[half] = query < p.queries ? min(p.positions[query] + 1, p.keys) : 1;
      }
    }
    if (!p.positions) return p.keys;
    if (threadIdx.x == 0) block_last = 1;
    __syncthreads();
    const int most = __reduce_max_sync(0xffffffff, max(seen[0], seen[1]));
    if (at.lane == 0) atomicMax(&block_last, most);
    __syncthreads();
    return block_last;
  }

  // The queries, through shared memory into registers, once.
  static __device__ __forceinline__ void load_queries(const AttentionArgs& p, const Where& at,
                                                      uint32_t base,
                                                      uint32_t (&fq)[steps + half_step][4]) {
    copy(p.q, at.q_row, p.queries, at.head * p.width, at.first, queries, p.width / 8, base);
    commit_copies();
    wait_copies<0>();
    __syncthreads();
#pragma unroll
    for (int step = 0; step < steps + half_step; ++step) {
      const Place from = ldmatrix_a(at.lane);
      const int chunk = min(2 * step + from.column, chunks - 1);  // half of a half step is unused
      ldmatrix4(fq[step], base + 16 * ((16 * at.warp + from.row) * ld + chunk));
    }
    __syncthreads();
  }

  // s = Q K^T for a tile of keys.
  static __device__ __forceinline__ void multiply_keys(int lane, uint32_t keys,
                                                       const uint32_t (&fq)[steps + half_step][4],
                                                       float (&s)[kKeys / 8][4]) {
#pragma unroll
    for (int step = 0; step < steps; ++step) {
#pragma unroll
      for (int j = 0; j < kKeys / 8; j += 2) {
        uint32_t fk[4];
        const Place at = ldmatrix_b(lane);
        ldmatrix4(fk, keys + 16 * ((8 * j + at.row) * ld + 2 * step + at.column));
        HalfOp::multiply_add(s[j], fq[step], fk[0], fk[1]);
        HalfOp::multiply_add(s[j + 1], fq[step], fk[2], fk[3]);
      }
    }
    if constexpr (half_step) {
#pragma unroll
      for (int j = 0; j < kKeys / 8; j += 4) {
        uint32_t fk[4];
        const Place at = ldmatrix_b_half(lane);
        ldmatrix4(fk, keys + 16 * ((8 * j + at.row) * ld + 2 * steps + at.column));
#pragma unroll
        for (int i = 0; i < 4; ++i) HalfOp::multiply_add_8(s[j + i], fq[steps], fk[i]);
      }
    }
  }

  // The softmax so far of the lane's two queries: sums of values, row maxima, sums of exponentials.
  struct Softmax {
    float out[chunks][4], row_max[2], total[2];
  };

  // One step of the online softmax: scores become exponentials, and earlier sums are scaled to the
  // new row maximum. `first_key` is the first key of the tile.
  static __device__ __forceinline__ void softmax_step(int first_key, const int (&seen)[2],
                                                      int column, float factor,
                                                      float (&s)[kKeys / 8][4], Softmax& state) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      if (first_key + kKeys > seen[half]) {
#pragma unroll
        for (int j = 0; j < kKeys / 8; ++j) {
#pragma unroll
          for (int i = 0; i < 2; ++i) {
            if (first_key + 8 * j + column + i >= seen[half]) s[j][2 * half + i] = -INFINITY;
          }
        }
      }
      float highest = state.row_max[half];
#pragma unroll
      for (int j = 0; j < kKeys / 8; ++j) {
        highest = fmaxf(highest, fmaxf(s[j][2 * half], s[j][2 * half + 1]));
      }
      // Four lanes share a row. Every query sees key 0, so the maximum is a number.
      highest = fmaxf(highest, __shfl_xor_sync(0xffffffff, highest, 1));
      highest = fmaxf(highest, __shfl_xor_sync(0xffffffff, highest, 2));
      const float fade = exp2f((state.row_max[half] - highest) * factor);
      const float offset = highest * factor;
      state.row_max[half] = highest;
      state.total[half] *= fade;
#pragma unroll
      for (int c = 0; c < chunks; ++c) {
        state.out[c][2 * half] *= fade;
        state.out[c][2 * half + 1] *= fade;
      }
#pragma unroll
      for (int j = 0; j < kKeys / 8; ++j) {
#pragma unroll
        for (int i = 2 * half; i < 2 * half + 2; ++i) {
          s[j][i] = exp2f(fmaf(s[j][i], factor, -offset));
          state.total[half] += s[j][i];
        }
      }
    }
  }

  // out += S V for a tile of values.
  static __device__ __forceinline__ void multiply_values(int lane, uint32_t values,
                                                         const float (&s)[kKeys / 8][4],
                                                         float (&out)[chunks][4]) {
#pragma unroll
    for (int step = 0; step < kKeys / 16; ++step) {
      // The sums of two key tiles are, register for register, A of the next product.
      const uint32_t fp[4] = {pack_halves(s[2 * step][0], s[2 * step][1]),
                              pack_halves(s[2 * step][2], s[2 * step][3]),
                              pack_halves(s[2 * step + 1][0], s[2 * step + 1][1]),
                              pack_halves(s[2 * step + 1][2], s[2 * step + 1][3])};
      const Place at = ldmatrix_transposed(lane);
      const uint32_t row = values + 16 * (16 * step + at.row) * ld;
#pragma unroll
      for (int c = 0; c + 1 < chunks; c += 2) {
        uint32_t fv[4];
        ldmatrix4_transposed(fv, row + 16 * (c + at.column));
        HalfOp::multiply_add(out[c], fp, fv[0], fv[1]);
        HalfOp::multiply_add(out[c + 1], fp, fv[2], fv[3]);
      }
      if constexpr (half_step) {
        uint32_t fv[2];
        ldmatrix2_transposed(fv, row + 16 * (chunks - 1));
        HalfOp::multiply_add(out[chunks - 1], fp, fv[0], fv[1]);
      }
    }
  }

  static __device__ __forceinline__ void write(const AttentionArgs& p, const Where& at,
                                               const Softmax& state) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float sum = state.total[half];
      sum += __shfl_xor_sync(0xffffffff, sum, 1);
      sum += __shfl_xor_sync(0xffffffff, sum, 2);
      const int query = at.query(half);
      if (query >= p.queries) continue;
      const float inverse = 1 / sum;
      auto* to =
          static_cast<__half*>(p.out.data) + (at.q_row + query) * p.out.ld + at.head * p.width;
#pragma unroll
      for (int c = 0; c < chunks; ++c) {
        const int column = 8 * c + at.sum_at.column;
        if (column >= p.width) continue;
        store_whole(to + column, __floats2half2_rn(state.out[c][2 * half] * inverse,
                                                   state.out[c][2 * half + 1] * inverse));
      }
    }
  }

  static __device__ void run(const AttentionArgs& p, uint4* shared) {
    const Where at = where(p);
    const uint32_t base = shared_address(shared);
    int seen[2];
    const int last = visible_keys(p, at, seen);
    uint32_t fq[steps + half_step][4];
    load_queries(p, at, base, fq);

    const int tiles = ceil_div(last, kKeys);
    const auto copy_tile = [&](int t) {
      const uint32_t to = base + t % 2 * (2 * 16 * tile_chunks);
      copy(p.k, at.k_row, p.keys, at.kv_column, t * kKeys, kKeys, p.width / 8, to);
      copy(p.v, at.k_row, p.keys, at.kv_column, t * kKeys, kKeys, p.width / 8,
           to + 16 * tile_chunks);
    };
    copy_tile(0);
    commit_copies();

    Softmax state = {{}, {-INFINITY, -INFINITY}, {0, 0}};
    const float factor = p.scale * kLog2e;
    for (int t = 0; t < tiles; ++t) {
      // All threads' copies of tile t have arrived, and no thread reads the other stage any more.
      wait_copies<0>();
      __syncthreads();
      if (t + 1 < tiles) copy_tile(t + 1);
      commit_copies();
      const uint32_t keys = base + t % 2 * (2 * 16 * tile_chunks);
      float s[kKeys / 8][4] = {};
      multiply_keys(at.lane, keys, fq, s);
      softmax_step(t * kKeys, seen, at.sum_at.column, factor, s, state);
      multiply_values(at.lane, keys + 16 * tile_chunks, s, state.out);
    }
    write(p, at, state);
  }
};

template <int width, int warps>
__global__ void __launch_bounds__(32 * warps, width == 80 ? 3 : 2)
    flash_kernel(const __grid_constant__ AttentionArgs p) {
  DYNAMIC_SHARED(uint4, shared);
  Flash<width, warps>::run(p, shared);
}

template <int width, int warps>
void launch_flash(Queue& q, const AttentionArgs& p) {
  using Tiles = Flash<width, warps>;
  q.launch(flash_kernel<width, warps>, dim3(ceil_div(p.queries, Tiles::queries), p.heads, p.images),
           dim3(Tiles::threads), Tiles::shared_bytes, p);
}

}  // namespace

void launch_flash_attention(Queue& q, const AttentionArgs& args) {
  if (args.width <= 40) return launch_flash<40, 8>(q, args);
  if (args.width <= 64) return launch_flash<64, 8>(q, args);
  if (args.width <= 80) return launch_flash<80, 4>(q, args);
  launch_flash<kFlashWidth, 4>(q, args);
}

}  // namespace yent::cuda
