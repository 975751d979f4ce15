// Tokens and positions: RoPE, the rows of a cache, embeddings.
#include "kernels/cuda/row_view.cuh"

namespace yent::cuda {
namespace {

constexpr int kThreads = 256;

// A thread rotates one pair.
__global__ void __launch_bounds__(kThreads) rope_kernel(const __grid_constant__ RopeArgs p) {
  const int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (at >= static_cast<int64_t>(p.rows) * p.pairs.count()) return;
  const int row = static_cast<int>(at / p.pairs.count());
  const RopePair pair = rope_pair(p.pairs, static_cast<int>(at % p.pairs.count()));
  const int64_t position = p.positions[static_cast<int64_t>(row) * p.pairs.axes + pair.axis];
  const float* angle = p.table + position * p.table_ld + pair.frequency;
  const float cosine = angle[0], sine = angle[p.pairs.half];
  const float a = load(p.x, row, pair.first), b = load(p.x, row, pair.second);
  store(p.x, row, pair.first, a * cosine - b * sine);
  store(p.x, row, pair.second, a * sine + b * cosine);
}

__global__ void __launch_bounds__(kThreads)
    store_rows_kernel(const __grid_constant__ StoreRowsArgs p) {
  const int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (at >= static_cast<int64_t>(p.rows) * p.columns) return;
  const int row = static_cast<int>(at / p.columns), column = static_cast<int>(at % p.columns);
  store(p.cache, p.positions[row], column, load(p.x, row, column));
}

__device__ float table_value(const LookupArgs& l, int id, int column) {
  const size_t at = static_cast<size_t>(id) * l.ld + column;
  if (l.f32) return static_cast<const float*>(l.table)[at];
  if (!l.scales) return __half2float(static_cast<const __half*>(l.table)[at]);
  return __half2float(static_cast<const __half*>(l.scales)[at / 32]) *
         static_cast<float>(static_cast<const int8_t*>(l.table)[at]);
}

__global__ void __launch_bounds__(kThreads) embed_kernel(const __grid_constant__ EmbedArgs p) {
  const int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (at >= static_cast<int64_t>(p.rows) * p.columns) return;
  const int row = static_cast<int>(at / p.columns), column = static_cast<int>(at % p.columns);
  float sum = 0;
  for (int i = 0; i < p.count; ++i) {
    const int id = p.lookups[i].ids[row];
    if (id >= 0) sum += table_value(p.lookups[i], id, column);
  }
  store(p.out, row, column, sum);
}

unsigned blocks(int64_t items) { return static_cast<unsigned>((items + kThreads - 1) / kThreads); }

}  // namespace

void launch_rope(Queue& q, const RopeArgs& args) {
  const int64_t pairs = static_cast<int64_t>(args.rows) * args.pairs.count();
  q.launch(rope_kernel, dim3(blocks(pairs)), dim3(kThreads), 0, args);
}

void launch_store_rows(Queue& q, const StoreRowsArgs& args) {
  q.launch(store_rows_kernel, dim3(blocks(static_cast<int64_t>(args.rows) * args.columns)),
           dim3(kThreads), 0, args);
}

void launch_embed(Queue& q, const EmbedArgs& args) {
  q.launch(embed_kernel, dim3(blocks(static_cast<int64_t>(args.rows) * args.columns)),
           dim3(kThreads), 0, args);
}

}  // namespace yent::cuda
