#include "engine/training/attention.h"

#include <algorithm>

#include "kernels/portable_math.h"

namespace yent::training {
namespace {

// Query rows whose scores are in memory at once.
constexpr size_t block_rows = 256;

// The greatest of count > 0 numbers, in eight lanes that a compiler can keep in vectors.
float greatest_of(const float* x, size_t count) {
  float lanes[8];
  std::fill_n(lanes, 8, x[0]);
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (size_t j = 0; j < 8; ++j) lanes[j] = x[i + j] > lanes[j] ? x[i + j] : lanes[j];
  }
  for (; i < count; ++i) lanes[0] = std::max(lanes[0], x[i]);
  return *std::max_element(lanes, lanes + 8);
}

// One head of one sequence, on one thread.
struct Head {
  const TrainingDevice& device;
  const AttentionSpec& spec;
  const Attention::Inputs& in;
  size_t head;
  Segment segment;

  size_t column() const { return head * spec.head_width; }
  size_t log_sum_at(size_t r) const { return (segment.begin + r) * spec.heads + head; }
  const float* at(const Matrix& m, size_t r) const { return m.row(segment.begin + r) + column(); }
  float* at(Matrix& m, size_t r) const { return m.row(segment.begin + r) + column(); }
  MatrixView view(const Matrix& m, size_t r, bool transposed = false) const {
    return {at(m, r), m.columns, transposed};
  }

  // The keys that row `r` sees, and those that any row of a block up to `end` sees.
  size_t seen(size_t r) const { return spec.causal ? r + 1 : segment.count; }

  // scores [end - begin, seen(end - 1)] = q k^T
  void multiply_keys(std::vector<float>& scores, const Matrix& q, const Matrix& k, size_t begin,
                     size_t end) const {
    const size_t keys = seen(end - 1);
    scores.resize(block_rows * segment.count);
    device.multiply(scores.data(), keys, {end - begin, keys, spec.head_width}, view(q, begin),
                    view(k, 0, true), false);
  }

  // A row of scores becomes e^(scale * score - shift), and 0 where it may not look.
  float exponentials(float* row, size_t r, size_t keys, float shift) const {
    const size_t visible = seen(r);
    std::fill(row + visible, row + keys, 0.0f);
    return device.exp_row(row, row, visible, spec.scale, -shift);
  }

  void forward(Matrix& out, std::vector<float>& log_sums) const {
    static thread_local std::vector<float> scores;
    float inverse[block_rows];
    for (size_t begin = 0; begin < segment.count; begin += block_rows) {
      const size_t end = std::min(begin + block_rows, segment.count), keys = seen(end - 1);
      multiply_keys(scores, in.q, in.k, begin, end);
      for (size_t r = begin; r < end; ++r) {
        float* row = scores.data() + (r - begin) * keys;
        const float top = spec.scale * greatest_of(row, seen(r));
        const float sum = exponentials(row, r, keys, top);
        inverse[r - begin] = 1 / sum;
        log_sums[log_sum_at(r)] = top + static_cast<float>(portable::log(sum));
      }
      device.multiply(at(out, begin), out.columns, {end - begin, spec.head_width, keys},
                      {scores.data(), keys}, view(in.v, 0), false);
      for (size_t r = begin; r < end; ++r) {
        for (size_t c = 0; c < spec.head_width; ++c) at(out, r)[c] *= inverse[r - begin];
      }
    }
  }

  // With p = softmax(s): dv = p^T dout, dp = dout v^T, ds = p * (dp - sum(dout * out)).
  void backward(const Attention::Kept& kept, const Matrix& dout,
                const Attention::Gradients& to) const {
    static thread_local std::vector<float> scores, dscores;
    const size_t width = spec.head_width, columns = dout.columns;
    for (size_t begin = 0; begin < segment.count; begin += block_rows) {
      const size_t end = std::min(begin + block_rows, segment.count), keys = seen(end - 1);
      const size_t rows = end - begin;
      multiply_keys(scores, in.q, in.k, begin, end);
      multiply_keys(dscores, dout, in.v, begin, end);
      for (size_t r = begin; r < end; ++r) {
        float *p = scores.data() + (r - begin) * keys, *d = dscores.data() + (r - begin) * keys;
        exponentials(p, r, keys, kept.log_sums[log_sum_at(r)]);
        const float along = dot(at(dout, r), at(kept.out, r), width);
        for (size_t c = 0; c < keys; ++c) d[c] = p[c] * (d[c] - along) * spec.scale;
      }
      const bool add = begin > 0;  // the first block zeroes what it adds nothing to
      if (!add) clear(to);
      device.multiply(at(to.dq, begin), columns, {rows, width, keys}, {dscores.data(), keys},
                      view(in.k, 0), false);
      device.multiply(at(to.dk, 0), columns, {keys, width, rows}, {dscores.data(), keys, true},
                      view(in.q, begin), true);
      device.multiply(at(to.dv, 0), columns, {keys, width, rows}, {scores.data(), keys, true},
                      view(dout, begin), true);
    }
  }

  void clear(const Attention::Gradients& to) const {
    for (size_t r = 0; r < segment.count; ++r) {
      std::fill_n(at(to.dk, r), spec.head_width, 0.0f);
      std::fill_n(at(to.dv, r), spec.head_width, 0.0f);
    }
  }
};

}  // namespace

void Attention::forward(const TrainingDevice& device, const Inputs& in, Matrix& out,
                        std::vector<float>& log_sums) const {
  out.resize(in.q.rows, in.q.columns);
  log_sums.resize(in.q.rows * spec_.heads);
  device.for_tasks(in.segments.size() * spec_.heads, [&](size_t task) {
    Head{device, spec_, in, task % spec_.heads, in.segments[task / spec_.heads]}.forward(out,
                                                                                         log_sums);
  });
}

void Attention::backward(const TrainingDevice& device, const Inputs& in, const Kept& kept,
                         const Matrix& dout, const Gradients& to) const {
  for (Matrix* m : {&to.dq, &to.dk, &to.dv}) m->resize(in.q.rows, in.q.columns);
  device.for_tasks(in.segments.size() * spec_.heads, [&](size_t task) {
    Head{device, spec_, in, task % spec_.heads, in.segments[task / spec_.heads]}.backward(kept,
                                                                                          dout, to);
  });
}

}  // namespace yent::training
