// GEMM in f32 arithmetic, without tensor cores: slow and exact, for layers of precision f32.
// Linears and convolutions, inputs of any type and alignment.
#include "kernels/cuda/row_view.cuh"

namespace yent::cuda {
namespace {

constexpr int kTile = 64, kDepth = 16, kThreads = 256;

// A thread computes 4 x 4 of the 64 x 64 sums, and copies 4 neighbours of A and of B.
__global__ void __launch_bounds__(kThreads, 2) simt_kernel(const __grid_constant__ SimtGemmArgs p) {
  __shared__ float a[kDepth][kTile + 4], b[kDepth][kTile + 4];
  const int thread = threadIdx.x;
  const int tiles_n = ceil_div(p.n, kTile);
  const int row0 = blockIdx.x / tiles_n * kTile, column0 = blockIdx.x % tiles_n * kTile;
  const int copied = thread / 4, depth0 = thread % 4 * 4;
  const bool window = p.view.images > 0;
  const int a_row = row0 + copied, b_row = column0 + copied;
  const Corner corner = window ? corner_of(p.view, a_row) : Corner{-1, 0, 0};
  const int row = thread / 16 * 4, column = thread % 16 * 4;
  float sum[4][4] = {};

  for (int segment = 0; segment < p.segments; ++segment) {
    int from = a_row < p.m ? a_row : -1;
    if (window) from = pixel_of(p.view, corner, segment);
    const float* weight =
        p.weight + static_cast<size_t>(b_row) * p.k + static_cast<size_t>(segment) * p.x.columns;
    for (int k0 = 0; k0 < p.x.columns; k0 += kDepth) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int k = k0 + depth0 + i;
        a[depth0 + i][copied] = from >= 0 && k < p.x.columns ? load(p.x, from, k) : 0;
        b[depth0 + i][copied] = b_row < p.n && k < p.x.columns ? weight[k] : 0;
      }
      __syncthreads();
#pragma unroll
      for (int k = 0; k < kDepth; ++k) {
        float x[4], y[4];
#pragma unroll
        for (int i = 0; i < 4; ++i) x[i] = a[k][row + i], y[i] = b[k][column + i];
#pragma unroll
        for (int i = 0; i < 4; ++i) {
#pragma unroll
          for (int j = 0; j < 4; ++j) sum[i][j] = fmaf(x[i], y[j], sum[i][j]);
        }
      }
      __syncthreads();
    }
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (row0 + row + i >= p.m) return;
#pragma unroll
    for (int j = 0; j < 4; j += 2) {
      if (column0 + column + j < p.n) {
        store_pair(p.epilogue, row0 + row + i, column0 + column + j, sum[i][j], sum[i][j + 1]);
      }
    }
  }
}

}  // namespace

void launch_simt_gemm(Queue& q, const SimtGemmArgs& args) {
  const unsigned blocks = static_cast<unsigned>(ceil_div(args.m, kTile)) * ceil_div(args.n, kTile);
  q.launch(simt_kernel, dim3(blocks), dim3(kThreads), 0, args);
}

}  // namespace yent::cuda
