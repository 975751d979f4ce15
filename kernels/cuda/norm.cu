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
  const int row_chunk = blockIdx.x, image = blockIdx.y, width = p.x.columns / p.groups;
  const int padded = p.chunks * 8, lane = threadIdx.x / p.row_chunks.columns;
  float *firsts = shared, *squares = shared + p.row_chunks.lanes * padded;
  const int begin = row_chunk * p.row_chunks.rows, end = min(begin + p.row_chunks.rows, p.rows);
  if (lane < p.row_chunks.lanes) {
    for (int chunk = threadIdx.x % p.row_chunks.columns; chunk < p.chunks;
         chunk += p.row_chunks.columns) {
      const int channel = chunk * 8;
      float pivot[8], sum[8] = {}, square[8] = {};
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        pivot[i] = channel + i < p.x.columns ? pivot_of(p, image, channel + i) : 0;
      }
      for (int row = begin + lane; row < end; row += p.row_chunks.lanes) {
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
      for (int i = 0; i < 8; ++i) {
        firsts[lane * padded + channel + i] = sum[i];
        squares[lane * padded + channel + i] = square[i];
      }
    }
  }
  __syncthreads();
  for (int group = threadIdx.x; group < p.groups; group += kThreads) {
    float sum = 0, square = 0;
    for (int l = 0; l < p.row_chunks.lanes; ++l) {
      for (int c = group * width; c < (group + 1) * width; ++c) {
        sum += firsts[l * padded + c];
        square += squares[l * padded + c];
      }
    }
    float* to =
        p.sums +
        ((static_cast<size_t>(image) * p.row_chunks.row_chunks + row_chunk) * p.groups + group) * 2;
    to[0] = sum;
    to[1] = square;
  }
}

// Pass 2. Every block adds up the sums of its image again: a few kilobytes from the L2.
__global__ void __launch_bounds__(kThreads) apply_kernel(const __grid_constant__ GroupNormArgs p) {
  DYNAMIC_SHARED(float, shared);  // [groups] of (mean, 1 / deviation)
  const int image = blockIdx.y, width = p.x.columns / p.groups;
  const float count = static_cast<float>(p.rows) * width;
  for (int group = threadIdx.x; group < p.groups; group += kThreads) {
    float sum = 0, square = 0;
    const float* from =
        p.sums + (static_cast<size_t>(image) * p.row_chunks.row_chunks * p.groups + group) * 2;
    for (int s = 0; s < p.row_chunks.row_chunks; ++s, from += 2 * p.groups) {
      sum += from[0];
      square += from[1];
    }
    const float apart = sum / count;
    const float variance = fmaxf(square / count - apart * apart, 0.0f);
    shared[2 * group] = pivot_of(p, image, group * width) + apart;
    // fmaxf above drops a NaN; this keeps it.
    shared[2 * group + 1] = sum == sum ? rsqrtf(variance + p.eps) : sum;
  }
  __syncthreads();
  const int64_t total = static_cast<int64_t>(p.rows) * p.chunks;
  for (int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; at < total;
       at += static_cast<int64_t>(gridDim.x) * kThreads) {
    const int row = image * p.rows + static_cast<int>(at / p.chunks);
    const int channel = static_cast<int>(at % p.chunks) * 8;
    float v[8];
    load8(p.x, row, channel, v);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const int c = channel + i;
      if (c >= p.x.columns) break;
      const int group = c / width;
      v[i] = (v[i] - shared[2 * group]) * shared[2 * group + 1];
      if (p.weight) v[i] *= p.weight[c];
      if (p.bias) v[i] += p.bias[c];
      v[i] = apply(p.fn, v[i]);
    }
    store8(p.out, row, channel, min(8, p.x.columns - channel), v);
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
    read(c, count, v);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      if (i >= count) break;
      v[i] = (v[i] - mean - rest) * inverse;
      if (p.weight) v[i] *= p.weight[c + i];
      if (p.bias) v[i] += p.bias[c + i];
    }
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
  const size_t sums = sizeof(float) * 2 * args.row_chunks.lanes * args.chunks * 8;
  q.launch(sums_kernel, dim3(args.row_chunks.row_chunks, args.images), dim3(kThreads), sums, args);
  const int64_t chunks = static_cast<int64_t>(args.rows) * args.chunks;
  const int64_t blocks = (chunks + kThreads * 2 - 1) / (kThreads * 2);
  const int max_blocks = 8 * q.processors() / args.images + 1;
  q.launch(apply_kernel,
           dim3(static_cast<unsigned>(blocks < max_blocks ? blocks : max_blocks), args.images),
           dim3(kThreads), sizeof(float) * 2 * args.groups, args);
}

void launch_row_norm(Queue& q, const RowNormArgs& args) {
  q.launch(row_kernel, dim3(ceil_div(args.rows * args.parts, kThreads / 32)), dim3(kThreads), 0,
           args);
}

}  // namespace yent::cuda
