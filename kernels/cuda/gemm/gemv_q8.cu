// A few rows times Q8_0. Quantized values and scales are stored apart, so that both are read 16
// bytes at a time; each block is dequantized in registers and multiplied in f32.
#include "kernels/cuda/row_view.cuh"

namespace yent::cuda {
namespace {

constexpr int kWarps = 8, kRows = 4, kDepth = 2048;

// The dot product of 16 quantized values and 16 floats in shared memory, at a multiple of 16 bytes.
__device__ float dot16(const uint4& quants, const float* x) {
  const uint32_t words[] = {quants.x, quants.y, quants.z, quants.w};
  float sum = 0;
#pragma unroll
  for (int w = 0; w < 4; ++w) {
    const float4 four = load_whole<float4>(x + 4 * w);
    const float numbers[] = {four.x, four.y, four.z, four.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int quant = static_cast<int8_t>(words[w] >> 8 * i & 0xff);
      sum = fmaf(static_cast<float>(quant), numbers[i], sum);
    }
  }
  return sum;
}

// A row of the input: 20 floats for every 16, so that 8 lanes that read 16 bytes each use different
// banks.
using InputRow = float[kDepth / 16 * 20];

// Outside of templates, where GCC has no sections for variables: the emulator needs them.
__device__ InputRow* one_row() {
  __shared__ __align__(16) InputRow x[1];
  return x;
}
__device__ InputRow* all_rows() {
  __shared__ __align__(16) InputRow x[kRows];
  return x;
}

// A warp takes two columns, so that one lane gets both sums of a (value, gate) pair. A lane takes
// 16 quantized values of a column at a time; kDepth columns of the input are in shared memory.
template <int rows>
__global__ void __launch_bounds__(32 * kWarps)
    gemv_q8_kernel(const __grid_constant__ GemvQ8Args p) {
  static_assert(rows == 1 || rows == kRows);
  InputRow* x;
  if constexpr (rows == 1) {
    x = one_row();
  } else {
    x = all_rows();
  }
  const int lane = threadIdx.x % 32;
  const int column = (blockIdx.x * kWarps + threadIdx.x / 32) * 2, first = blockIdx.y * rows;
  const bool second = column + 1 < p.n;
  float sum[2][rows] = {};
  for (int k0 = 0; k0 < p.k; k0 += kDepth) {
    const int depth = min(kDepth, p.k - k0);
    for (int i = threadIdx.x; i < rows * depth; i += 32 * kWarps) {
      const int r = i / depth, k = i % depth;
      x[r][k / 16 * 20 + k % 16] = first + r < p.rows ? load(p.x, first + r, k0 + k) : 0;
    }
    __syncthreads();
    if (column < p.n) {
      for (int k = lane * 16; k < depth; k += 512) {
#pragma unroll
        for (int j = 0; j < 2; ++j) {
          const size_t at = static_cast<size_t>(column + (second ? j : 0)) * p.k + k0 + k;
          const uint4 quants = load_whole<uint4>(p.quants + at);
          const float scale = __half2float(static_cast<const __half*>(p.scales)[at / 32]);
#pragma unroll
          for (int r = 0; r < rows; ++r) {
            sum[j][r] = fmaf(scale, dot16(quants, &x[r][k / 16 * 20]), sum[j][r]);
          }
        }
      }
    }
    __syncthreads();
  }
  if (column >= p.n) return;
#pragma unroll
  for (int r = 0; r < rows; ++r) {
    const float a = warp_sum(sum[0][r]), b = warp_sum(sum[1][r]);
    if (lane == r && first + r < p.rows) store_pair(p.epilogue, first + r, column, a, b);
  }
}

__global__ void __launch_bounds__(256) dequantize_kernel(const __grid_constant__ DequantizeArgs p) {
  const int64_t at = static_cast<int64_t>(blockIdx.x) * 256 + threadIdx.x;
  const int chunks = p.k / 8;
  if (at >= static_cast<int64_t>(p.n) * chunks) return;
  const int row = static_cast<int>(at / chunks), k = static_cast<int>(at % chunks) * 8;
  const size_t from = static_cast<size_t>(row) * p.k + k;
  const float scale = __half2float(static_cast<const __half*>(p.scales)[from / 32]);
  const uint2 quants = load_whole<uint2>(p.quants + from);
  float v[8];
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    v[i] = scale * static_cast<int8_t>((i < 4 ? quants.x : quants.y) >> i % 4 * 8 & 0xff);
  }
  store8(RowView{p.out, p.ld, 0, 1}, row, k, 8, v);
}

}  // namespace

void launch_gemv_q8(Queue& q, const GemvQ8Args& args) {
  const unsigned columns = ceil_div(args.n, 2 * kWarps);
  if (args.rows == 1) {
    q.launch(gemv_q8_kernel<1>, dim3(columns), dim3(32 * kWarps), 0, args);
  } else {
    q.launch(gemv_q8_kernel<kRows>, dim3(columns, ceil_div(args.rows, kRows)), dim3(32 * kWarps), 0,
             args);
  }
}

void launch_dequantize(Queue& q, const DequantizeArgs& args) {
  const int64_t chunks = static_cast<int64_t>(args.n) * (args.k / 8);
  q.launch(dequantize_kernel, dim3(static_cast<unsigned>((chunks + 255) / 256)), dim3(256), 0,
           args);
}

}  // namespace yent::cuda
