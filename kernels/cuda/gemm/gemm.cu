// Linears, whose A is one matrix or two side by side, and the sum of the slices of split-k.
#include "kernels/cuda/gemm/gemm.cuh"

namespace yent::cuda {
namespace {

// Slices are added in order, so that the result is the same every time.
template <class Sum>
__device__ void reduce(const ReduceArgs& p, int row, int column) {
  const Sum* at = static_cast<const Sum*>(p.partial) + static_cast<size_t>(row) * p.n + column;
  const size_t slice = static_cast<size_t>(p.m) * p.n;
  const bool second = column + 1 < p.n;
  Sum a = 0, b = 0;
  for (int s = 0; s < p.slices; ++s, at += slice) {
    a += at[0];
    if (second) b += at[1];
  }
  store_pair(p.epilogue, row, column, static_cast<float>(a), static_cast<float>(b));
}

__global__ void reduce_kernel(const __grid_constant__ ReduceArgs p) {
  const int pairs = (p.n + 1) / 2;
  const int64_t at = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at >= static_cast<int64_t>(p.m) * pairs) return;
  const int row = static_cast<int>(at / pairs), column = static_cast<int>(at % pairs) * 2;
  if (p.integer) {
    reduce<int>(p, row, column);
  } else {
    reduce<float>(p, row, column);
  }
}

}  // namespace

void launch_reduce(Queue& q, const ReduceArgs& args) {
  const int64_t pairs = static_cast<int64_t>(args.m) * ((args.n + 1) / 2);
  q.launch(reduce_kernel, dim3(static_cast<unsigned>((pairs + 255) / 256)), dim3(256), 0, args);
}

void launch_gemm(Queue& q, Format format, TileConfig config, LinearArgs args) {
  launch_any_gemm(q, format, config, args);
}

}  // namespace yent::cuda
