// At load time: converts a file's bytes into the layouts that the kernels read.
#include <cuda_bf16.h>

#include "kernels/cuda/row_view.cuh"

namespace yent::cuda {
namespace {

// Element i of a file's row-major array.
__device__ float element(const void* from, Format format, size_t i) {
  switch (format) {
    case Format::f32:
      return static_cast<const float*>(from)[i];
    case Format::f16:
      return __half2float(static_cast<const __half*>(from)[i]);
    case Format::bf16:
      return __bfloat162float(static_cast<const __nv_bfloat16*>(from)[i]);
    default: {
      const auto* block = static_cast<const unsigned char*>(from) + i / 32 * 34;
      const auto bits = static_cast<unsigned short>(block[0] | block[1] << 8);
      return __half2float(__ushort_as_half(bits)) * static_cast<int8_t>(block[2 + i % 32]);
    }
  }
}

// One block per row. int8 needs the absmax of the row first.
__global__ void __launch_bounds__(256) pack_kernel(const __grid_constant__ PackArgs p) {
  const int row = blockIdx.x, to_row = p.first + row * p.step;
  const size_t count = static_cast<size_t>(p.channels) * p.taps, from = row * count;
  const int width = p.taps * p.padded;
  float scale = 1;
  if (p.to_format == Format::int8) {
    __shared__ uint32_t absmax;
    if (threadIdx.x == 0) absmax = 0;
    __syncthreads();
    uint32_t largest = 0;
    for (size_t i = threadIdx.x; i < count; i += blockDim.x) {
      largest =
          max(largest, __float_as_uint(element(p.from, p.from_format, from + i)) & 0x7fffffff);
    }
    atomicMax(&absmax, largest);
    __syncthreads();
    const float magnitude = __uint_as_float(absmax);
    scale = magnitude < 1e-35f ? 1 : magnitude / 127;
    if (absmax >= 0x7f800000) scale = __uint_as_float(0x7fc00000);
    if (threadIdx.x == 0) p.column_scale[to_row] = scale;
  }
  for (int i = threadIdx.x; i < width; i += blockDim.x) {
    const int tap = i / p.padded, channel = i % p.padded;
    const float value =
        channel < p.channels
            ? element(p.from, p.from_format, from + static_cast<size_t>(channel) * p.taps + tap)
            : 0;
    const size_t to = static_cast<size_t>(to_row) * p.ld + i;
    if (p.to_format == Format::f32) {
      static_cast<float*>(p.to)[to] = value;
    } else if (p.to_format == Format::f16) {
      static_cast<__half*>(p.to)[to] = __float2half_rn(value);
    } else if (p.to_format == Format::bf16) {
      static_cast<__nv_bfloat16*>(p.to)[to] = __float2bfloat16_rn(value);
    } else {
      const float quant = rintf(value * (1 / scale));  // rounded as on the CPU
      static_cast<int8_t*>(p.to)[to] =
          quant == quant ? static_cast<int8_t>(fminf(fmaxf(quant, -127.0f), 127.0f)) : 0;
    }
  }
}

// One block per row of Q8_0.
__global__ void __launch_bounds__(256) split_kernel(const __grid_constant__ SplitArgs p) {
  const int row = blockIdx.x, blocks = p.k / 32, to = p.first + row * p.step;
  const auto* from =
      static_cast<const unsigned char*>(p.blocks) + static_cast<size_t>(row) * blocks * 34;
  int8_t* quants = p.quants + static_cast<size_t>(to) * p.k;
  for (int i = threadIdx.x; i < p.k; i += blockDim.x) {
    quants[i] = static_cast<int8_t>(from[i / 32 * 34 + 2 + i % 32]);
  }
  auto* scales = static_cast<unsigned short*>(p.scales) + static_cast<size_t>(to) * blocks;
  for (int i = threadIdx.x; i < blocks; i += blockDim.x) {
    scales[i] = static_cast<unsigned short>(from[i * 34] | from[i * 34 + 1] << 8);
  }
}

}  // namespace

void launch_pack(Queue& q, const PackArgs& args) {
  q.launch(pack_kernel, dim3(args.rows), dim3(256), 0, args);
}

void launch_split(Queue& q, const SplitArgs& args) {
  q.launch(split_kernel, dim3(args.rows), dim3(256), 0, args);
}

}  // namespace yent::cuda
