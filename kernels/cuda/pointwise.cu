// What goes number by number: mixing latents, and staging rows for the products.
#include <cuda_bf16.h>

#include "kernels/cuda/row_view.cuh"

namespace yent::cuda {
namespace {

constexpr int kThreads = 256;

unsigned blocks(int64_t items) { return static_cast<unsigned>((items + kThreads - 1) / kThreads); }

// Rounded after every product and every sum, as on the CPU: the same latents on both. A term that
// is also written has been read by the same thread.
__global__ void __launch_bounds__(kThreads)
    linear_combination_kernel(const __grid_constant__ LinearCombinationArgs p) {
  const int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (at >= static_cast<int64_t>(p.rows) * p.columns) return;
  const int row = static_cast<int>(at / p.columns), column = static_cast<int>(at % p.columns);
  float sum = 0;
  for (int i = 0; i < p.count; ++i) {
    sum = __fadd_rn(sum, __fmul_rn(p.coefficients[i], load(p.terms[i], row, column)));
  }
  store(p.out, row, column, sum);
}

__device__ int quantize(float x, float scale) {
  // Round half to even; a scale of NaN has no codes.
  const float code = rintf(x / scale);
  return code == code ? static_cast<int>(fminf(fmaxf(code, -127.0f), 127.0f)) : 0;
}

// 8 columns at a time.
__global__ void __launch_bounds__(kThreads) stage_kernel(const __grid_constant__ StageArgs p) {
  const int chunks = p.padded / 8;
  const int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (at >= static_cast<int64_t>(p.rows) * chunks) return;
  const int row = static_cast<int>(at / chunks), column = static_cast<int>(at % chunks) * 8;
  float v[8] = {};
  if (column < p.x.columns) load8(p.x, row, column, v);
  if (p.kind == static_cast<int>(Kind::half)) {
    uint32_t words[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      words[i] = bits_of<uint32_t>(__floats2half2_rn(v[2 * i], v[2 * i + 1]));
    }
    static_cast<uint4*>(p.out)[at] = make_uint4(words[0], words[1], words[2], words[3]);
  } else if (p.kind == static_cast<int>(Kind::bfloat)) {
    uint32_t words[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      words[i] = bits_of<uint32_t>(__floats2bfloat162_rn(v[2 * i], v[2 * i + 1]));
    }
    static_cast<uint4*>(p.out)[at] = make_uint4(words[0], words[1], words[2], words[3]);
  } else {
    const float scale = p.scale[row / p.scale_rows];
    uint32_t words[2] = {0, 0};
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      words[i / 4] |= static_cast<uint32_t>(quantize(v[i], scale) & 0xff) << i % 4 * 8;
    }
    static_cast<uint2*>(p.out)[at] = make_uint2(words[0], words[1]);
  }
}

// The largest magnitude of every group of rows. Bits of magnitudes order as the numbers do, NaN
// above all, and a maximum does not depend on the order of the blocks.
__global__ void __launch_bounds__(kThreads) absmax_kernel(const __grid_constant__ AbsmaxArgs p) {
  const int group = blockIdx.y, chunks = ceil_div(p.x.columns, 8);
  const int64_t total = static_cast<int64_t>(p.scale_rows) * chunks;
  uint32_t max_value = 0;
  for (int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; at < total;
       at += static_cast<int64_t>(gridDim.x) * kThreads) {
    float v[8];
    load8(p.x, group * p.scale_rows + static_cast<int>(at / chunks),
          static_cast<int>(at % chunks) * 8, v);
#pragma unroll
    for (int i = 0; i < 8; ++i) max_value = max(max_value, __float_as_uint(v[i]) & 0x7fffffff);
  }
  max_value = __reduce_max_sync(0xffffffff, max_value);
  if (threadIdx.x % 32 == 0) atomicMax(p.absmaxes + group, max_value);
}

__global__ void __launch_bounds__(kThreads) scale_kernel(const __grid_constant__ AbsmaxArgs p) {
  const int group = blockIdx.x * kThreads + threadIdx.x;
  if (group >= p.rows / p.scale_rows) return;
  const uint32_t bits = p.absmaxes[group];
  const float absmax = __uint_as_float(bits);
  // What is not finite has no code; too faint a peak no normal scale.
  p.scale[group] = bits >= 0x7f800000 ? __uint_as_float(0x7fc00000)
                   : absmax < 1e-35f  ? 1
                                      : absmax / 127;
}

// One warp per row: many rows of one scale each.
__global__ void __launch_bounds__(kThreads)
    row_absmax_kernel(const __grid_constant__ AbsmaxArgs p) {
  const int row = blockIdx.x * (kThreads / 32) + threadIdx.x / 32;
  if (row >= p.rows) return;
  uint32_t max_value = 0;
  for (int c = threadIdx.x % 32 * 8; c < p.x.columns; c += 256) {
    float v[8];
    load8(p.x, row, c, v);
#pragma unroll
    for (int i = 0; i < 8; ++i) max_value = max(max_value, __float_as_uint(v[i]) & 0x7fffffff);
  }
  max_value = __reduce_max_sync(0xffffffff, max_value);
  if (threadIdx.x % 32 == 0) p.absmaxes[row] = max_value;
}

}  // namespace

bool has_device_code() {
  cudaFuncAttributes attributes = {};
  const bool found = cudaFuncGetAttributes(&attributes, linear_combination_kernel) == cudaSuccess;
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
    const unsigned wanted = blocks((chunks + 7) / 8), max_value = 2u * q.processors();
    q.launch(absmax_kernel, dim3(wanted < max_value ? wanted : max_value, groups), dim3(kThreads),
             0, args);
  }
  q.launch(scale_kernel, dim3(blocks(groups)), dim3(kThreads), 0, args);
}

}  // namespace yent::cuda
