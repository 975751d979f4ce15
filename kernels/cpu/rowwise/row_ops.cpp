#include "kernels/cpu/rowwise/row_ops.h"

#include <algorithm>

#include "kernels/blocks.h"
#include "kernels/cpu/runtime/parallel.h"

namespace yent {

void rope(const CpuRun& run, const Tensor& x, const Lookup& angles, int head_width,
          bool interleaved) {
  if (run.arena.measuring()) return;
  const int half = angles.table.shape.c / 2;
  const int step = interleaved ? 2 : 1, apart = interleaved ? 1 : half;
  parallel_rows(run.threads, x.rows(), [&](size_t r) {
    const float* cosine = angles.table.row<float>(*angles.index.row<int32_t>(r));
    const float* sine = cosine + half;
    for (float* head = x.row<float>(r); head < x.row<float>(r) + x.shape.c; head += head_width) {
      for (int i = 0; i < half; ++i) {
        float *a = head + i * step, *b = a + apart;
        const float turned = *a * cosine[i] - *b * sine[i];
        *b = *a * sine[i] + *b * cosine[i];
        *a = turned;
      }
    }
  });
}

void store_rows(const CpuRun& run, const Tensor& cache, const Tensor& x, const Tensor& positions) {
  if (run.arena.measuring()) return;
  for (size_t r = 0; r < x.rows(); ++r) {
    std::copy_n(x.row<float>(r), x.shape.c, cache.row<float>(*positions.row<int32_t>(r)));
  }
}

void embed(const CpuRun& run, ExpandQ8 expand_q8, const Tensor& out, const Lookup& tokens,
           const Lookup& positions) {
  if (run.arena.measuring()) return;
  const Tensor& table = tokens.table;
  parallel_rows(run.threads, out.rows(), [&](size_t r) {
    float* to = out.row<float>(r);
    const size_t id = *tokens.index.row<int32_t>(r);
    const auto* row = static_cast<const std::byte*>(table.data) + id * table.row_bytes();
    if (table.dtype == DType::q8_0) {
      expand_q8(to, reinterpret_cast<const unsigned char*>(row), out.shape.c);
    } else if (block_format(table.dtype).elements > 0) {
      blocks_to_f32(table.dtype, row, out.shape.c, to);
    } else {
      std::copy_n(table.row<float>(id), out.shape.c, to);
    }
    if (!positions.table) return;
    const float* place = positions.table.row<float>(*positions.index.row<int32_t>(r));
    for (int c = 0; c < out.shape.c; ++c) to[c] += place[c];
  });
}

void linear_combination(const CpuRun& run, const Tensor& out, std::span<const Tensor> terms,
                        const Tensor& coefficients) {
  if (run.arena.measuring()) return;
  const float* coefficient = coefficients.row<float>(0);
  parallel_rows(run.threads, out.rows(), [&](size_t r) {
    for (int c = 0; c < out.shape.c; ++c) {
      float sum = 0;
      for (size_t i = 0; i < terms.size(); ++i) sum += coefficient[i] * terms[i].row<float>(r)[c];
      out.row<float>(r)[c] = sum;
    }
  });
}

}  // namespace yent
