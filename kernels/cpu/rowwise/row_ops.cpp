#include "kernels/cpu/rowwise/row_ops.h"

#include <algorithm>

#include "kernels/blocks.h"
#include "kernels/cpu/rowwise/row_kernels.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/half.h"

namespace yent {

void rope(const CpuRun& run, const Tensor& x, const Lookup& angles, const RopeSpec& s) {
  if (run.arena.measuring()) return;
  const int pairs = angles.table.shape.c / 2, slices = x.shape.c / s.slice_width();
  parallel_rows(run.threads, x.rows(), [&](size_t r) {
    const int32_t* positions = angles.ids.row<int32_t>(r);
    float* slice = x.row<float>(r);
    for (int i = 0; i < slices; ++i, slice += s.slice_width()) {
      const float* cosines = angles.table.row<float>(positions[i % s.axes]);
      run.row_kernels.rotate(slice, cosines, cosines + pairs, pairs, s.interleaved);
    }
  });
}

void store_rows(const CpuRun& run, const Tensor& cache, const Tensor& x, const Tensor& positions) {
  if (run.arena.measuring()) return;
  for (size_t r = 0; r < x.rows(); ++r) {
    const int position = *positions.row<int32_t>(r);
    const float *from = x.row<float>(r), *end = from + x.shape.c;
    if (cache.dtype == DType::f16) {
      std::transform(from, end, cache.row<uint16_t>(position), f32_to_f16);
    } else {
      std::copy(from, end, cache.row<float>(position));
    }
  }
}

namespace {

// Whole blocks of every format.
constexpr int embed_piece = 256;

// `count` columns of a table's row from column `first` on: where they lie, or in `room`.
const float* table_row(ExpandQ8 expand_q8, const Lookup& l, size_t id, int first, int count,
                       float* room) {
  const Tensor& table = l.table;
  if (table.dtype == DType::f32) return table.row<float>(id) + first;
  const size_t at = first / block_elements(table.dtype) * block_bytes(table.dtype);
  const auto* row = static_cast<const std::byte*>(table.data) + id * table.row_bytes() + at;
  if (table.dtype == DType::q8_0) {
    expand_q8(room, reinterpret_cast<const unsigned char*>(row), count);
  } else {
    blocks_to_f32(table.dtype, row, count, room);
  }
  return room;
}

}  // namespace

void embed(const CpuRun& run, ExpandQ8 expand_q8, const Tensor& out,
           std::span<const Lookup> lookups) {
  if (run.arena.measuring()) return;
  parallel_rows(run.threads, out.rows(), [&](size_t r) {
    for (int first = 0; first < out.shape.c; first += embed_piece) {
      const int count = std::min(embed_piece, out.shape.c - first);
      float sum[embed_piece] = {}, room[embed_piece];
      for (const Lookup& l : lookups) {
        const int id = *l.ids.row<int32_t>(r);
        if (id < 0) continue;
        const float* row = table_row(expand_q8, l, id, first, count, room);
        for (int c = 0; c < count; ++c) sum[c] += row[c];
      }
      std::copy_n(sum, count, out.row<float>(r) + first);
    }
  });
}

namespace {

// Of an activation, which is f32 or bf16.
float element(const Tensor& t, size_t row, int column) {
  if (t.dtype == DType::bf16) return bf16_to_f32(t.row<uint16_t>(row)[column]);
  return t.row<float>(row)[column];
}

}  // namespace

void linear_combination(const CpuRun& run, const Tensor& out, std::span<const Tensor> terms,
                        const Tensor& coefficients, bool rectified) {
  if (run.arena.measuring()) return;
  const float* coefficient = coefficients.row<float>(0);
  parallel_rows(run.threads, out.rows(), [&](size_t r) {
    for (int c = 0; c < out.shape.c; ++c) {
      float sum = 0;
      for (size_t i = 0; i < terms.size(); ++i) sum += coefficient[i] * element(terms[i], r, c);
      if (rectified && sum < 0) sum = 0;
      if (out.dtype == DType::bf16) {
        out.row<uint16_t>(r)[c] = f32_to_bf16(sum);
      } else {
        out.row<float>(r)[c] = sum;
      }
    }
  });
}

}  // namespace yent
