// Linears, whose A is one matrix or two side by side, and the sum of the slices of split-k.
#include "kernels/cuda/gemm/gemm.cuh"

namespace yent::cuda {
namespace {

// Slices are added in order, so that the result is the same every time.
template <class Sum>
__device__ void reduce(const ReduceArgs& p, int row, int column) {
  struct __align__(16) Four {
    Sum v[4];
  };
  const Sum* at = static_cast<const Sum*>(p.partial) + static_cast<size_t>(row) * p.n + column;
  const size_t slice = static_cast<size_t>(p.m) * p.n;
  Sum sum[4] = {};
  for (int s = 0; s < p.slices; ++s, at += slice) {
    if (p.n % 4 == 0) {
      const Four four = load_whole<Four>(at);
#pragma unroll
      for (int i = 0; i < 4; ++i) sum[i] += four.v[i];
    } else {
#pragma unroll
      for (int i = 0; i < 4; ++i) sum[i] += column + i < p.n ? at[i] : 0;
    }
  }
  float v[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) v[i] = static_cast<float>(sum[i]);
  finish(p.epilogue, row, column, v);
}

__global__ void reduce_kernel(const __grid_constant__ ReduceArgs p) {
  const int fours = ceil_div(p.n, 4);
  const int64_t at = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at >= static_cast<int64_t>(p.m) * fours) return;
  const int row = static_cast<int>(at / fours), column = static_cast<int>(at % fours) * 4;
  if (p.integer) {
    reduce<int>(p, row, column);
  } else {
    reduce<float>(p, row, column);
  }
}

}  // namespace

void launch_reduce(Queue& q, const ReduceArgs& args) {
  const int64_t fours = static_cast<int64_t>(args.m) * ceil_div(args.n, 4);
  q.launch(reduce_kernel, dim3(static_cast<unsigned>((fours + 255) / 256)), dim3(256), 0, args);
}

void launch_gemm(Queue& q, Format format, TileConfig config, LinearArgs args) {
  launch_any_gemm(q, format, config, args);
}

}  // namespace yent::cuda
