// Attention without tiles: one block per query for short inputs and odd shapes; and for very wide
// heads the softmax and the transpose between two GEMMs.
#include "kernels/cuda/device.cuh"
#include "kernels/cuda/row_view.cuh"

namespace yent::cuda {
namespace {

// One query of one head. The scores of up to kMaxScores keys at a time are in shared memory.
constexpr int kThreads = 256, kMaxScores = 1024, kColumns = 4;

__device__ float block_reduce(float x, bool maximum, float* scratch) {
  x = maximum ? warp_max(x) : warp_sum(x);
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = x;
  __syncthreads();
  float all = scratch[0];
#pragma unroll
  for (int i = 1; i < kThreads / 32; ++i) all = maximum ? fmaxf(all, scratch[i]) : all + scratch[i];
  __syncthreads();
  return all;
}

__global__ void __launch_bounds__(kThreads) row_kernel(const __grid_constant__ AttentionArgs p) {
  DYNAMIC_SHARED(float, numbers);  // the query, then the sums of each group
  __shared__ float score[kMaxScores], scratch[kThreads / 32];
  const int thread = threadIdx.x, head = blockIdx.y, row = blockIdx.x;
  const int image = row / p.queries, kv = head / (p.heads / p.kv_heads) * p.width;
  const int k_row = image * p.keys;
  const int seen = p.positions ? min(p.positions[row % p.queries] + 1, p.keys) : p.keys;
  for (int c = thread; c < p.width; c += kThreads) {
    numbers[c] = load(p.q, row, head * p.width + c) * p.scale;
  }
  // Adding up values: `groups` of threads share the keys, each thread a few columns.
  const int across = min(p.width, kThreads), groups = kThreads / across;
  const int group = thread / across, column = thread % across;
  float sum[kColumns] = {}, row_max = -INFINITY, total = 0;
  __syncthreads();
  for (int base = 0; base < seen; base += kMaxScores) {
    const int count = min(kMaxScores, seen - base);
    float highest = -INFINITY;
    for (int j = thread; j < count; j += kThreads) {
      float dot = 0;
      int c = 0;
      if (p.k.wide && p.width % 8 == 0) {
        for (; c < p.width; c += 8) {
          float v[8];
          load8(p.k, k_row + base + j, kv + c, 8, v);
#pragma unroll
          for (int i = 0; i < 8; ++i) dot = fmaf(numbers[c + i], v[i], dot);
        }
      }
      for (; c < p.width; ++c) dot = fmaf(numbers[c], load(p.k, k_row + base + j, kv + c), dot);
      score[j] = dot;
      highest = fmaxf(highest, dot);
    }
    const float next = fmaxf(row_max, block_reduce(highest, true, scratch));
    const float fade = __expf(row_max - next);
    row_max = next;
    float part = 0;
    for (int j = thread; j < count; j += kThreads) part += score[j] = __expf(score[j] - next);
    total = total * fade + block_reduce(part, false, scratch);  // also: all scores are written
#pragma unroll
    for (int i = 0; i < kColumns; ++i) {
      sum[i] *= fade;
      const int c = column + i * kThreads;
      if (group >= groups || c >= p.width) continue;
      for (int j = group; j < count; j += groups) {
        sum[i] = fmaf(score[j], load(p.v, k_row + base + j, kv + c), sum[i]);
      }
    }
    __syncthreads();  // before the next scores are written
  }
  float* sums = numbers + p.width;
#pragma unroll
  for (int i = 0; i < kColumns; ++i) {
    const int c = column + i * kThreads;
    if (group < groups && c < p.width) sums[group * p.width + c] = sum[i];
  }
  __syncthreads();
  for (int c = thread; c < p.width; c += kThreads) {
    float all = 0;
    for (int g = 0; g < groups; ++g) all += sums[g * p.width + c];
    store(p.out, row, head * p.width + c, all / total);
  }
}

__global__ void __launch_bounds__(kThreads) softmax_kernel(const __grid_constant__ SoftmaxArgs p) {
  __shared__ float scratch[kThreads / 32];
  const int row = blockIdx.x;
  const float* from = p.scores + static_cast<size_t>(row) * p.ld;
  auto* to = static_cast<__half*>(p.out) + static_cast<size_t>(row) * p.out_ld;
  const int seen = p.positions ? min(p.positions[row] + 1, p.columns) : p.columns;
  float highest = -INFINITY;
  for (int c = threadIdx.x; c < seen; c += kThreads) highest = fmaxf(highest, from[c] * p.scale);
  highest = block_reduce(highest, true, scratch);
  float sum = 0;
  for (int c = threadIdx.x; c < seen; c += kThreads) sum += __expf(from[c] * p.scale - highest);
  const float inverse = 1 / block_reduce(sum, false, scratch);
  for (int c = threadIdx.x; c < p.padded; c += kThreads) {
    const float value = c < seen ? __expf(from[c] * p.scale - highest) * inverse : 0;
    to[c] = __float2half_rn(value);
  }
}

__global__ void __launch_bounds__(256) transpose_kernel(const __grid_constant__ TransposeArgs p) {
  __shared__ __half tile[32][34];
  const auto* x = static_cast<const __half*>(p.x);
  auto* out = static_cast<__half*>(p.out);
  const int r0 = blockIdx.x * 32, c0 = blockIdx.y * 32, at = threadIdx.x % 32;
  for (int i = threadIdx.x / 32; i < 32; i += 8) {
    const int r = r0 + i, c = c0 + at;
    tile[i][at] =
        r < p.rows && c < p.columns ? x[static_cast<size_t>(r) * p.ld + c] : __float2half_rn(0.0f);
  }
  __syncthreads();
  for (int i = threadIdx.x / 32; i < 32; i += 8) {
    const int c = c0 + i, r = r0 + at;
    if (c < p.columns && r < p.padded) out[static_cast<size_t>(c) * p.out_ld + r] = tile[at][i];
  }
}

}  // namespace

void launch_row_attention(Queue& q, const AttentionArgs& args) {
  const int across = args.width < kThreads ? args.width : kThreads;
  const size_t shared = sizeof(float) * args.width * (1 + kThreads / across);
  q.launch(row_kernel, dim3(args.images * args.queries, args.heads), dim3(kThreads), shared, args);
}

void launch_softmax(Queue& q, const SoftmaxArgs& args) {
  q.launch(softmax_kernel, dim3(args.rows), dim3(kThreads), 0, args);
}

void launch_transpose(Queue& q, const TransposeArgs& args) {
  q.launch(transpose_kernel, dim3(ceil_div(args.padded, 32), ceil_div(args.columns, 32)), dim3(256),
           0, args);
}

}  // namespace yent::cuda
