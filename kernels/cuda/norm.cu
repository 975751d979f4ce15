// GroupNorm in two passes over the picture, or in one launch where a block holds all of some
// groups; LayerNorm and RMSNorm with a warp per row. Statistics are f32.
#include "kernels/cuda/device.cuh"
#include "kernels/cuda/row_view.cuh"

namespace yent::cuda {
namespace {

constexpr int kThreads = 256;

// Sums are taken of the differences from this value, so that a mean of large magnitude costs no
// digits. It is the first value of the group in this image.
__device__ float pivot_of(const GroupNormArgs& p, int image, int group) {
  return load(p.x, image * p.rows, group * (p.x.columns / p.groups));
}

// Of 8 channels: sums of the differences from the pivots and of their squares, down some rows.
struct ChannelSums {
  float sum[8] = {}, square[8] = {};

  __device__ __forceinline__ void add_rows(const GroupNormArgs& p, int first, int end, int step,
                                           int channel, const float (&pivot)[8]) {
#pragma unroll 2
    for (int row = first; row < end; row += step) {
      float v[8];
      load8(p.x, row, channel, v);
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        const float apart = v[i] - pivot[i];
        sum[i] += apart;
        square[i] = fmaf(apart, apart, square[i]);
      }
    }
  }
};

struct Statistics {
  float mean, factor;  // 1 / deviation
};
__device__ Statistics statistics_of(const GroupNormArgs& p, float pivot, float sum, float square) {
  const float count = static_cast<float>(p.rows) * (p.x.columns / p.groups);
  const float apart = sum / count;
  const float variance = fmaxf(square / count - apart * apart, 0.0f);
  // fmaxf drops a NaN; this keeps it.
  return {pivot + apart, sum == sum ? rsqrtf(variance + p.eps) : sum};
}

// Normalizes 8 channels of every step-th row. `means` and `factors` are those of groups from
// `first_group` on.
__device__ __forceinline__ void apply_rows(const GroupNormArgs& p, int first, int end, int step,
                                           int channel, const float* means, const float* factors,
                                           int first_group) {
  const int count = min(8, p.x.columns - channel), width = p.x.columns / p.groups;
  float mean[8], factor[8], bias[8];
  load8(p.weight, channel, count, 1, factor);
  load8(p.bias, channel, count, 0, bias);
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const int group = min(channel + i, p.x.columns - 1) / width - first_group;
    mean[i] = means[group];
    factor[i] *= factors[group];
  }
#pragma unroll 2
  for (int row = first; row < end; row += step) {
    float v[8];
    load8(p.x, row, channel, v);
#pragma unroll
    for (int i = 0; i < 8; ++i) v[i] = apply(p.fn, fmaf(v[i] - mean[i], factor[i], bias[i]));
    store8(p.out, row, channel, count, v);
  }
}

// Pass 1. A thread adds up 8 channels of every lanes-th row of a row chunk; then the lanes of a
// channel are added, then the channels of a group, always in the same order.
__global__ void __launch_bounds__(kThreads, 3)
    sums_kernel(const __grid_constant__ GroupNormArgs p) {
  DYNAMIC_SHARED(float, shared);  // pivots of all groups, then [2][lanes] rows of channels
  const RowChunks& c = p.sum_chunks;
  const ChannelRow row{p.chunks};
  const int image = blockIdx.y, width = p.x.columns / p.groups, lane = threadIdx.x / c.columns;
  float *pivots = shared, *firsts = shared + round_up(p.groups, 4);
  float* squares = firsts + c.lanes * row.length();
  for (int g = threadIdx.x; g < p.groups; g += kThreads) pivots[g] = pivot_of(p, image, g);
  __syncthreads();
  const int begin = image * p.rows + blockIdx.x * c.rows;
  const int end = min(begin + c.rows, (image + 1) * p.rows);
  for (int chunk = threadIdx.x % c.columns; lane < c.lanes && chunk < p.chunks;
       chunk += c.columns) {
    float pivot[8];
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      pivot[i] = chunk * 8 + i < p.x.columns ? pivots[(chunk * 8 + i) / width] : 0;
    }
    ChannelSums s;
    s.add_rows(p, begin + lane, end, c.lanes, chunk * 8, pivot);
#pragma unroll
    for (int i = 0; i < 8; i += 4) {
      const int to = lane * row.length() + row.place(chunk * 8 + i);
      store_whole(firsts + to, make_float4(s.sum[i], s.sum[i + 1], s.sum[i + 2], s.sum[i + 3]));
      store_whole(squares + to,
                  make_float4(s.square[i], s.square[i + 1], s.square[i + 2], s.square[i + 3]));
    }
  }
  __syncthreads();
  for (int i = threadIdx.x; i < 8 * p.chunks; i += kThreads) {
    const int at = row.nth_place(i);
    for (int l = 1; l < c.lanes; ++l) {
      firsts[at] += firsts[l * row.length() + at];
      squares[at] += squares[l * row.length() + at];
    }
  }
  __syncthreads();
  for (int group = threadIdx.x / 32; group < p.groups; group += kThreads / 32) {
    float sum = 0, square = 0;
    for (int i = threadIdx.x % 32; i < width; i += 32) {
      const int at = row.place(group * width + i);
      sum += firsts[at];
      square += squares[at];
    }
    sum = warp_sum(sum), square = warp_sum(square);
    const size_t to = (static_cast<size_t>(image) * c.row_chunks + blockIdx.x) * p.groups + group;
    if (threadIdx.x % 32 == 0) store_whole(p.sums + 2 * to, make_float2(sum, square));
  }
}

// From the sums of pass 1. Lanes share a group, and add in the same order every time.
__device__ void find_statistics(const GroupNormArgs& p, int image, float* means, float* factors) {
  const int sums = p.sum_chunks.row_chunks;
  int lanes = 1;
  while (lanes < 32 && 2 * lanes * p.groups <= kThreads) lanes *= 2;
  for (int first = 0; first < p.groups; first += kThreads / lanes) {
    const int group = first + threadIdx.x / lanes, lane = threadIdx.x % lanes;
    float sum = 0, square = 0;
    for (int s = lane; s < sums && group < p.groups; s += lanes) {
      const size_t from = (static_cast<size_t>(image) * sums + s) * p.groups + group;
      const float2 both = load_whole<float2>(p.sums + 2 * from);
      sum += both.x;
      square += both.y;
    }
    for (int apart = lanes / 2; apart > 0; apart /= 2) {
      sum += __shfl_xor_sync(0xffffffff, sum, apart);
      square += __shfl_xor_sync(0xffffffff, square, apart);
    }
    if (lane > 0 || group >= p.groups) continue;
    const Statistics found = statistics_of(p, pivot_of(p, image, group), sum, square);
    means[group] = found.mean;
    factors[group] = found.factor;
  }
}

// Pass 2. Every block adds up the sums of its image again: a few kilobytes from the L2.
__global__ void __launch_bounds__(kThreads, 3)
    apply_kernel(const __grid_constant__ GroupNormArgs p) {
  DYNAMIC_SHARED(float, means);
  float* factors = means + p.groups;
  const RowChunks& c = p.apply_chunks;
  const int image = blockIdx.y, lane = threadIdx.x / c.columns;
  find_statistics(p, image, means, factors);
  __syncthreads();
  if (lane >= c.lanes) return;
  const int begin = image * p.rows + blockIdx.x * c.rows;
  const int end = min(begin + c.rows, (image + 1) * p.rows);
  for (int chunk = threadIdx.x % c.columns; chunk < p.chunks; chunk += c.columns) {
    apply_rows(p, begin + lane, end, c.lanes, chunk * 8, means, factors, 0);
  }
}

// Both passes, by a block that has all rows of whole_groups groups; the second reads from the L1.
// A thread has 8 channels of every step-th row, which may belong to several groups.
__global__ void __launch_bounds__(kWholeThreads, 1)
    whole_kernel(const __grid_constant__ GroupNormArgs p) {
  constexpr int warps = kWholeThreads / 32;
  __shared__ float pivots[kMaxWholeGroups], means[kMaxWholeGroups], factors[kMaxWholeGroups];
  __shared__ float sums[kMaxWholeGroups][warps], squares[kMaxWholeGroups][warps];
  const int thread = threadIdx.x, warp = thread / 32, lane = thread % 32;
  const int image = blockIdx.y, width = p.x.columns / p.groups;
  const int groups = p.whole_groups, first_group = blockIdx.x * groups;
  const int chunks = groups * width / 8, step = kWholeThreads / chunks;
  const int channel = first_group * width + thread % chunks * 8;
  const int first = image * p.rows + thread / chunks;
  // The threads that are left over have no rows.
  const int end = thread < step * chunks ? (image + 1) * p.rows : 0;
  if (thread < groups) pivots[thread] = pivot_of(p, image, first_group + thread);
  __syncthreads();
  float pivot[8];
#pragma unroll
  for (int i = 0; i < 8; ++i) pivot[i] = pivots[(channel + i) / width - first_group];
  ChannelSums s;
  s.add_rows(p, first, end, step, channel, pivot);
  for (int g = 0; g < groups; ++g) {
    float sum = 0, square = 0;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const bool mine = (channel + i) / width == first_group + g;
      sum += mine ? s.sum[i] : 0;
      square += mine ? s.square[i] : 0;
    }
    sum = warp_sum(sum), square = warp_sum(square);
    if (lane == 0) sums[g][warp] = sum, squares[g][warp] = square;
  }
  __syncthreads();
  if (warp < groups) {
    const float sum = warp_sum(lane < warps ? sums[warp][lane] : 0);
    const float square = warp_sum(lane < warps ? squares[warp][lane] : 0);
    const Statistics found = statistics_of(p, pivots[warp], sum, square);
    if (lane == 0) means[warp] = found.mean, factors[warp] = found.factor;
  }
  __syncthreads();
  apply_rows(p, first, end, step, channel, means, factors, first_group);
}

// A warp reads its row three times, the second and third time from the L1. `out` may be `x`: a lane
// writes only elements that no other lane reads after that.
__global__ void __launch_bounds__(kThreads) row_kernel(const __grid_constant__ RowNormArgs p) {
  const int warp = blockIdx.x * (kThreads / 32) + threadIdx.x / 32, lane = threadIdx.x % 32;
  if (warp >= p.rows * p.parts) return;
  const int row = warp / p.parts, first = warp % p.parts * p.width;
  const bool wide = p.width % 8 == 0;  // else parts begin anywhere
  const auto read = [&](int c, int count, float(&v)[8]) {
    if (wide || p.parts == 1) return load8(p.x, row, first + c, count, v);
#pragma unroll
    for (int i = 0; i < 8; ++i) v[i] = i < count ? load(p.x, row, first + c + i) : 0;
  };
  float v[8], mean = 0, rest = 0, square = 0;
  if (!p.rms) {
    for (int c = lane * 8; c < p.width; c += 256) {
      read(c, min(8, p.width - c), v);
#pragma unroll
      for (int i = 0; i < 8; ++i) mean += v[i];
    }
    mean = warp_sum(mean) / p.width;
  }
  for (int c = lane * 8; c < p.width; c += 256) {
    const int count = min(8, p.width - c);
    read(c, count, v);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const float apart = i < count ? v[i] - mean : 0;
      rest += apart;
      square = fmaf(apart, apart, square);
    }
  }
  // The rounding error of the mean, which is large where the values differ little.
  rest = p.rms ? 0 : warp_sum(rest) / p.width;
  const float variance = warp_sum(square) / p.width - rest * rest;
  const float inverse = rsqrtf((variance < 0 ? 0 : variance) + p.eps);  // a NaN stays
  for (int c = lane * 8; c < p.width; c += 256) {
    const int count = min(8, p.width - c);
    float weight[8], bias[8];
    read(c, count, v);
    load8(p.weight, c, count, 1, weight);
    load8(p.bias, c, count, 0, bias);
#pragma unroll
    for (int i = 0; i < 8; ++i) v[i] = (v[i] - mean - rest) * inverse * weight[i] + bias[i];
    if (wide || p.parts == 1) {
      store8(p.out, row, first + c, count, v);
    } else {
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        if (i < count) store(p.out, row, first + c + i, v[i]);
      }
    }
  }
}

}  // namespace

void launch_group_norm(Queue& q, const GroupNormArgs& args) {
  if (args.whole_groups > 0) {
    return q.launch(whole_kernel, dim3(args.groups / args.whole_groups, args.images),
                    dim3(kWholeThreads), 0, args);
  }
  const size_t sums = 2 * args.sum_chunks.lanes * ChannelRow{args.chunks}.length();
  q.launch(sums_kernel, dim3(args.sum_chunks.row_chunks, args.images), dim3(kThreads),
           sizeof(float) * (round_up(args.groups, 4) + sums), args);
  q.launch(apply_kernel, dim3(args.apply_chunks.row_chunks, args.images), dim3(kThreads),
           sizeof(float) * 2 * args.groups, args);
}

void launch_row_norm(Queue& q, const RowNormArgs& args) {
  q.launch(row_kernel, dim3(ceil_div(args.rows * args.parts, kThreads / 32)), dim3(kThreads), 0,
           args);
}

}  // namespace yent::cuda
