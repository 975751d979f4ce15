// Elementwise kernels: linear combinations of latents, and staging rows for the tensor cores.
#include <cuda_bf16.h>

#include "kernels/cuda/row_view.cuh"

namespace yent::cuda {
namespace {

constexpr int kThreads = 256;

unsigned blocks(int64_t items) { return static_cast<unsigned>((items + kThreads - 1) / kThreads); }

// Rounds after every multiplication and every addition, as the CPU does: both give the same
// latents. `out` may be one of the terms: each element is read and written by the same thread.
__global__ void __launch_bounds__(kThreads)
    linear_combination_kernel(const __grid_constant__ LinearCombinationArgs p) {
  const int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (at >= static_cast<int64_t>(p.rows) * p.columns) return;
  const int row = static_cast<int>(at / p.columns), column = static_cast<int>(at % p.columns);
  float sum = 0;
  for (int i = 0; i < p.count; ++i) {
    sum = __fadd_rn(sum, __fmul_rn(p.coefficients[i], load(p.terms[i], row, column)));
  }
  store(p.out, row, column, p.rectified && sum < 0 ? 0.0f : sum);
}

// Rounds half to even. A NaN becomes 0. A product with the reciprocal, as on the CPU: a quotient
// rounds some values to the other neighbour, and styles would look different on the two.
__device__ int quantize(float x, float inverse_scale) {
  const float quant = rintf(x * inverse_scale);
  return quant == quant ? static_cast<int>(fminf(fmaxf(quant, -127.0f), 127.0f)) : 0;
}

// 8 columns at a time.
__global__ void __launch_bounds__(kThreads) stage_kernel(const __grid_constant__ StageArgs p) {
  const int chunks = p.padded / 8;
  const int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (at >= static_cast<int64_t>(p.rows) * chunks) return;
  const int row = static_cast<int>(at / chunks), column = static_cast<int>(at % chunks) * 8;
  float v[8] = {};
  if (column < p.x.columns) load8(p.x, row, column, v);
  if (p.format == Format::f16) {
    uint32_t words[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      words[i] = bits_of<uint32_t>(__floats2half2_rn(v[2 * i], v[2 * i + 1]));
    }
    store_whole(static_cast<uint4*>(p.out) + at,
                make_uint4(words[0], words[1], words[2], words[3]));
  } else if (p.format == Format::bf16) {
    uint32_t words[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      words[i] = bits_of<uint32_t>(__floats2bfloat162_rn(v[2 * i], v[2 * i + 1]));
    }
    store_whole(static_cast<uint4*>(p.out) + at,
                make_uint4(words[0], words[1], words[2], words[3]));
  } else {
    const float inverse_scale = 1 / p.scale[row / p.scale_rows];
    uint32_t words[2] = {0, 0};
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      words[i / 4] |= static_cast<uint32_t>(quantize(v[i], inverse_scale) & 0xff) << i % 4 * 8;
    }
    store_whole(static_cast<uint2*>(p.out) + at, make_uint2(words[0], words[1]));
  }
}

// The absmax of every group of rows. The bits of magnitudes are ordered as the magnitudes are, with
// NaN above all, and a maximum does not depend on the order of the blocks.
__global__ void __launch_bounds__(kThreads) absmax_kernel(const __grid_constant__ AbsmaxArgs p) {
  const int group = blockIdx.y, chunks = ceil_div(p.x.columns, 8);
  const int64_t total = static_cast<int64_t>(p.scale_rows) * chunks;
  uint32_t largest = 0;
  for (int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; at < total;
       at += static_cast<int64_t>(gridDim.x) * kThreads) {
    float v[8];
    load8(p.x, group * p.scale_rows + static_cast<int>(at / chunks),
          static_cast<int>(at % chunks) * 8, v);
#pragma unroll
    for (int i = 0; i < 8; ++i) largest = max(largest, __float_as_uint(v[i]) & 0x7fffffff);
  }
  largest = __reduce_max_sync(0xffffffff, largest);
  if (threadIdx.x % 32 == 0) atomicMax(p.absmaxes + group, largest);
}

__global__ void __launch_bounds__(kThreads) scale_kernel(const __grid_constant__ AbsmaxArgs p) {
  const int group = blockIdx.x * kThreads + threadIdx.x;
  if (group >= p.rows / p.scale_rows) return;
  const uint32_t bits = p.absmaxes[group];
  const float absmax = __uint_as_float(bits);
  // An absmax that is not finite gives a NaN; a very small one has no normal scale.
  p.scale[group] = bits >= 0x7f800000 ? __uint_as_float(0x7fc00000)
                   : absmax < 1e-35f  ? 1
                                      : absmax / 127;
}

// One warp per row, for one scale per row.
__global__ void __launch_bounds__(kThreads)
    row_absmax_kernel(const __grid_constant__ AbsmaxArgs p) {
  const int row = blockIdx.x * (kThreads / 32) + threadIdx.x / 32;
  if (row >= p.rows) return;
  uint32_t largest = 0;
  for (int c = threadIdx.x % 32 * 8; c < p.x.columns; c += 256) {
    float v[8];
    load8(p.x, row, c, v);
#pragma unroll
    for (int i = 0; i < 8; ++i) largest = max(largest, __float_as_uint(v[i]) & 0x7fffffff);
  }
  largest = __reduce_max_sync(0xffffffff, largest);
  if (threadIdx.x % 32 == 0) p.absmaxes[row] = largest;
}

}  // namespace

bool has_device_code() {
  cudaFuncAttributes attributes = {};
  const bool found =
      cudaFuncGetAttributes(
          &attributes, reinterpret_cast<const void*>(linear_combination_kernel)) == cudaSuccess;
  cudaGetLastError();
  return found;
}

void launch_linear_combination(Queue& q, const LinearCombinationArgs& args) {
  q.launch(linear_combination_kernel, dim3(blocks(static_cast<int64_t>(args.rows) * args.columns)),
           dim3(kThreads), 0, args);
}

void launch_stage(Queue& q, const StageArgs& args) {
  q.launch(stage_kernel, dim3(blocks(static_cast<int64_t>(args.rows) * (args.padded / 8))),
           dim3(kThreads), 0, args);
}

void launch_scales(Queue& q, const AbsmaxArgs& args) {
  const int groups = args.rows / args.scale_rows;
  if (args.scale_rows == 1) {
    q.launch(row_absmax_kernel, dim3(ceil_div(args.rows, kThreads / 32)), dim3(kThreads), 0, args);
  } else {
    q.clear(args.absmaxes, sizeof(uint32_t) * groups);
    const int64_t chunks = static_cast<int64_t>(args.scale_rows) * ceil_div(args.x.columns, 8);
    const unsigned wanted = blocks((chunks + 7) / 8), max_blocks = 2u * q.processors();
    q.launch(absmax_kernel, dim3(wanted < max_blocks ? wanted : max_blocks, groups), dim3(kThreads),
             0, args);
  }
  q.launch(scale_kernel, dim3(blocks(groups)), dim3(kThreads), 0, args);
}

}  // namespace yent::cuda
