// Rounds activations to grids (kernels/quantize/grid_formulas.h): a block for each group of numbers
// that share a scale. Facts of a group are maxima, counts and sums of integers, so that the order
// of threads changes no bit; a number is rounded by the function that the CPU calls.
#include "kernels/cuda/device.cuh"
#include "kernels/cuda/row_view.cuh"
#include "kernels/quantize/grid_formulas.h"

namespace yent::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kDigits = 2048;  // 11 bits of a magnitude

// What a block shares.
struct Shared {
  float floats[kThreads];
  int64_t sums[kThreads];
  int64_t counts[kThreads];
  double centres[kMostLevels];
  float levels[kMostLevels];
  GroupFacts facts;
  GroupGrid grid;
  int finite;
  uint32_t prefix;  // of the magnitude that is looked for
  int64_t rank;
  int histogram[kBins];
};

// The numbers of this block's group.
struct Group {
  const QuantizeArgs& p;
  int row, rows, column, columns;

  __device__ explicit Group(const QuantizeArgs& args)
      : p(args),
        row(static_cast<int>(blockIdx.x) / args.column_groups * args.group_rows),
        rows(min(args.group_rows, args.rows - row)),
        column(static_cast<int>(blockIdx.x) % args.column_groups * args.group_columns),
        columns(min(args.group_columns, args.x.columns - column)) {}

  // Calls body(row, column) for all of them, each by one thread.
  template <class Body>
  __device__ void each(const Body& body) const {
    const int64_t count = static_cast<int64_t>(rows) * columns;
    for (int64_t i = threadIdx.x; i < count; i += kThreads) {
      body(row + static_cast<int>(i / columns), column + static_cast<int>(i % columns));
    }
  }
  __device__ float at(int r, int c) const {
    return c < p.x.seam ? load(p.x.a, r, c) : load(p.x.b, r, c - p.x.seam);
  }
};

__device__ void clear(int* histogram, int count) {
  for (int i = threadIdx.x; i < count; i += kThreads) histogram[i] = 0;
  __syncthreads();
}

// least, greatest and whether all are finite.
__device__ void find_range(const Group& group, Shared& s) {
  float least = group.at(group.row, group.column), greatest = least;
  int finite = 1;
  group.each([&](int r, int c) {
    const float v = group.at(r, c);
    if (!(magnitude_of(v) <= 3.40282347e38f)) finite = 0;
    least = v < least ? v : least;
    greatest = v > greatest ? v : greatest;
  });
  if (threadIdx.x == 0) {
    s.facts = {};
    s.finite = 1;
  }
  s.floats[threadIdx.x] = least;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int i = 0; i < kThreads; ++i) least = s.floats[i] < least ? s.floats[i] : least;
    s.facts.least = least;
  }
  __syncthreads();
  s.floats[threadIdx.x] = finite ? greatest : __uint_as_float(0x7fc00000);
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int i = 0; i < kThreads; ++i) {
      const float v = s.floats[i];
      if (v != v) s.finite = 0;
      greatest = v > greatest ? v : greatest;
    }
    s.facts.greatest = greatest;
    s.facts.count = static_cast<int64_t>(group.rows) * group.columns;
  }
  __syncthreads();
}

// The magnitude of rank clip_rank: the bits of magnitudes are ordered as they are, so its 11, 10
// and 10 bits are found one after the other.
__device__ void find_clip(const Group& group, Shared& s) {
  if (threadIdx.x == 0) {
    s.prefix = 0;
    s.rank = clip_rank(s.facts.count, group.p.grid.clip);
  }
  for (int shift = 20; shift >= 0; shift -= 10) {
    const int width = shift == 20 ? 11 : 10;
    clear(s.histogram, kDigits);
    const uint32_t prefix = s.prefix;
    group.each([&](int r, int c) {
      const uint32_t bits = __float_as_uint(group.at(r, c)) & 0x7fffffff;
      if (bits >> (shift + width) == prefix >> (shift + width)) {
        atomicAdd(&s.histogram[bits >> shift & ((1u << width) - 1)], 1);
      }
    });
    __syncthreads();
    if (threadIdx.x == 0) {
      uint32_t at = 0;
      for (; s.rank > s.histogram[at]; ++at) s.rank -= s.histogram[at];
      s.prefix |= at << shift;
    }
    __syncthreads();
  }
  if (threadIdx.x == 0) s.facts.clipped = __uint_as_float(s.prefix);
}

// The sum of fixed() of the magnitudes above a threshold, and their count, into the facts.
__device__ void add_magnitudes(const Group& group, Shared& s, float above, int64_t& to_sum,
                               int64_t& to_count) {
  int64_t sum = 0, count = 0;
  group.each([&](int r, int c) {
    const float v = group.at(r, c);
    if (!(magnitude_of(v) > above)) return;
    sum += fixed(v, s.facts.clipped);
    ++count;
  });
  s.sums[threadIdx.x] = sum;
  s.counts[threadIdx.x] = count;
  __syncthreads();
  if (threadIdx.x == 0) {
    to_sum = to_count = 0;
    for (int i = 0; i < kThreads; ++i) {
      to_sum += s.sums[i];
      to_count += s.counts[i];
    }
  }
  __syncthreads();
}

__device__ void find_centres(const Group& group, Shared& s) {
  clear(s.histogram, kBins);
  group.each(
      [&](int r, int c) { atomicAdd(&s.histogram[bin_of(group.at(r, c), s.facts.clipped)], 1); });
  __syncthreads();
  if (threadIdx.x == 0) {
    const Bins bins{nullptr, s.histogram, kBins};
    s.grid.levels = kmeans_levels(group.p.grid.bits, s.facts.clipped, bins, s.centres, s.levels);
  }
}

__device__ void find_grid(const Group& group, Shared& s) {
  const QuantizeArgs& p = group.p;
  const auto codebook = p.grid.codebook;
  if (p.grid.clip_abs > 0) {
    if (threadIdx.x == 0) s.facts.clipped = p.grid.clip_abs;
  } else if (p.grid.clip < 100) {
    find_clip(group, s);
  } else if (threadIdx.x == 0) {
    s.facts.clipped = -s.facts.least > s.facts.greatest ? -s.facts.least : s.facts.greatest;
  }
  __syncthreads();
  if (!(s.facts.clipped >= 1e-37f)) {
    if (threadIdx.x == 0) s.grid = {};
    __syncthreads();
    return;
  }
  int64_t all = 0;
  if (codebook == Codebook::ternary || codebook == Codebook::binary) {
    add_magnitudes(group, s, -1, s.facts.magnitudes, all);
  }
  if (codebook == Codebook::ternary) {
    add_magnitudes(group, s, ternary_threshold(s.facts), s.facts.large, s.facts.large_count);
  }
  if (threadIdx.x == 0) {
    s.grid = group_grid(p.grid, s.facts);
    if (codebook == Codebook::log) {
      s.grid.levels = log_levels(p.grid.bits, s.facts.clipped, s.levels);
    }
  }
  __syncthreads();
  if (codebook == Codebook::kmeans) find_centres(group, s);
  __syncthreads();
}

__global__ void __launch_bounds__(kThreads)
    quantize_kernel(const __grid_constant__ QuantizeArgs p) {
  // Shared memory has no constructors: find_range() sets what must begin with a value.
  alignas(Shared) __shared__ char storage[sizeof(Shared)];
  Shared& s = reinterpret_cast<Shared&>(storage);
  const Group group(p);
  find_range(group, s);
  if (s.finite) find_grid(group, s);
  const GroupGrid grid = s.finite ? s.grid : GroupGrid{};
  group.each([&](int r, int c) {
    const float v = group.at(r, c);
    const uint64_t index = static_cast<uint64_t>(r) * p.x.columns + c;
    float q = s.finite ? quantized(p.grid, grid, s.levels, v, index) : v;
    if (p.share != 1) {
      const float other = p.other.data ? load(p.other, r, c) : v;
      q = __fadd_rn(__fmul_rn(p.share, q), __fmul_rn(1 - p.share, other));
    }
    if (p.residual.data) q = __fadd_rn(load(p.residual, r, c), q);
    store(p.out, r, c, q);
  });
}

}  // namespace

void launch_quantize(Queue& q, const QuantizeArgs& args) {
  q.launch(quantize_kernel, dim3(args.row_groups * args.column_groups), dim3(kThreads), 0, args);
}

}  // namespace yent::cuda
