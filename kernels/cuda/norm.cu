// GroupNorm in two passes over the picture, LayerNorm and RMSNorm with a warp per row.
// Statistics are f32.
#include "kernels/cuda/device.cuh"
#include "kernels/cuda/row_view.cuh"

namespace yent::cuda {
namespace {

constexpr int kThreads = 256;

// Sums are taken of the differences from this value, so that a mean of large magnitude costs no
// digits. It is the first value of the group in this image.
__device__ float pivot_of(const GroupNormArgs& p, int image, int channel) {
  const int width = p.x.columns / p.groups;
  return load(p.x, image * p.rows, channel / width * width);
}

// Pass 1. A thread adds up 8 channels of every lanes-th row of a row chunk; then one thread per
// group adds the group's channels and lanes, always in the same order.
__global__ void __launch_bounds__(kThreads) sums_kernel(const __grid_constant__ GroupNormArgs p) {
  DYNAMIC_SHARED(float, shared);  // [2][lanes][padded channels]
  const RowChunks& c = p.sum_chunks;
  const int image = blockIdx.y, width = p.x.columns / p.groups;
  const int padded = p.chunks * 8, lane = threadIdx.x / c.columns;
  float *firsts = shared, *squares = shared + c.lanes * padded;
  const int begin = blockIdx.x * c.rows, end = min(begin + c.rows, p.rows);
  if (lane < c.lanes) {
    for (int chunk = threadIdx.x % c.columns; chunk < p.chunks; chunk += c.columns) {
      const int channel = chunk * 8;
      float pivot[8], sum[8] = {}, square[8] = {};
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        pivot[i] = channel + i < p.x.columns ? pivot_of(p, image, channel + i) : 0;
      }
      for (int row = begin + lane; row < end; row += c.lanes) {
        float v[8];
        load8(p.x, image * p.rows + row, channel, v);
#pragma unroll
        for (int i = 0; i < 8; ++i) {
          const float apart = v[i] - pivot[i];
          sum[i] += apart;
          square[i] = fmaf(apart, apart, square[i]);
        }
      }
#pragma unroll
      for (int i = 0; i < 8; i += 4) {
        const int to = lane * padded + channel_place(padded, channel + i);
        store_whole(firsts + to, make_float4(sum[i], sum[i + 1], sum[i + 2], sum[i + 3]));
        store_whole(squares + to,
                    make_float4(square[i], square[i + 1], square[i + 2], square[i + 3]));
      }
    }
  }
  __syncthreads();
  for (int group = threadIdx.x; group < p.groups; group += kThreads) {
    float sum = 0, square = 0;
    for (int l = 0; l < c.lanes; ++l) {
      for (int channel = group * width; channel < (group + 1) * width; ++channel) {
        const int from = l * padded + channel_place(padded, channel);
        sum += firsts[from];
        square += squares[from];
      }
    }
    const size_t to = (static_cast<size_t>(image) * c.row_chunks + blockIdx.x) * p.groups + group;
    store_whole(p.sums + 2 * to, make_float2(sum, square));
  }
}

// From the sums of pass 1: mean and 1 / deviation of every group. Lanes share a group, and add in
// the same order every time.
__device__ void find_statistics(const GroupNormArgs& p, int image, float* statistics) {
  const int width = p.x.columns / p.groups, sums = p.sum_chunks.row_chunks;
  const float count = static_cast<float>(p.rows) * width;
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
    const float apart = sum / count;
    const float variance = fmaxf(square / count - apart * apart, 0.0f);
    statistics[2 * group] = pivot_of(p, image, group * width) + apart;
    // fmaxf above drops a NaN; this keeps it.
    statistics[2 * group + 1] = sum == sum ? rsqrtf(variance + p.eps) : sum;
  }
}

// Pass 2. Every block adds up the sums of its image again: a few kilobytes from the L2.
__global__ void __launch_bounds__(kThreads) apply_kernel(const __grid_constant__ GroupNormArgs p) {
  DYNAMIC_SHARED(float, statistics);  // [groups][2]
  const RowChunks& c = p.apply_chunks;
  const int image = blockIdx.y, width = p.x.columns / p.groups;
  find_statistics(p, image, statistics);
  __syncthreads();
  const int lane = threadIdx.x / c.columns;
  const int begin = blockIdx.x * c.rows, end = min(begin + c.rows, p.rows);
  if (lane >= c.lanes) return;
  for (int chunk = threadIdx.x % c.columns; chunk < p.chunks; chunk += c.columns) {
    const int channel = chunk * 8, count = min(8, p.x.columns - channel);
    float mean[8], factor[8], bias[8];
    load8(p.weight, channel, count, 1, factor);
    load8(p.bias, channel, count, 0, bias);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const int group = min(channel + i, p.x.columns - 1) / width;
      mean[i] = statistics[2 * group];
      factor[i] *= statistics[2 * group + 1];
    }
    for (int row = begin + lane; row < end; row += c.lanes) {
      float v[8];
      load8(p.x, image * p.rows + row, channel, v);
#pragma unroll
      for (int i = 0; i < 8; ++i) v[i] = apply(p.fn, fmaf(v[i] - mean[i], factor[i], bias[i]));
      store8(p.out, image * p.rows + row, channel, count, v);
    }
  }
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
  const size_t sums = sizeof(float) * 2 * args.sum_chunks.lanes * args.chunks * 8;
  q.launch(sums_kernel, dim3(args.sum_chunks.row_chunks, args.images), dim3(kThreads), sums, args);
  q.launch(apply_kernel, dim3(args.apply_chunks.row_chunks, args.images), dim3(kThreads),
           sizeof(float) * 2 * args.groups, args);
}

void launch_row_norm(Queue& q, const RowNormArgs& args) {
  q.launch(row_kernel, dim3(ceil_div(args.rows * args.parts, kThreads / 32)), dim3(kThreads), 0,
           args);
}

}  // namespace yent::cuda
