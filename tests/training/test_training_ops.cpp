// Each operation of the trainer: forward against its formula in f64, backward against finite
// differences of that formula.
#include <doctest/doctest.h>

#include <random>

#include "kernels/devices.h"
#include "tests/support/values.h"
#include "tests/training/reference.h"

using namespace yent;
using namespace yent::training;
using reference::Rows;

namespace {

constexpr double limit = 5e-6;  // f32 sums of some hundred terms, of the greatest element

unsigned fresh() {
  static std::mt19937 generator(std::random_device{}());
  return generator();
}

std::vector<std::string> isas() {
  std::vector<std::string> names;
  for (const std::string& name : isa_names()) {
    if (has_isa(name)) names.push_back(name);
  }
  return names;
}

// sum(y * weights): a scalar whose gradient by y is `weights`.
double weighed(const Rows& y, const Rows& weights) {
  double sum = 0;
  for (size_t i = 0; i < y.values.size(); ++i) sum += y.values[i] * weights.values[i];
  return sum;
}

Matrix zeros(size_t rows, size_t columns) {
  Matrix m;
  m.resize(rows, columns);
  m.clear();
  return m;
}

Parameter parameter(const Rows& rows, Role role = Role::inward) {
  Parameter p("w", {static_cast<int64_t>(rows.rows), static_cast<int64_t>(rows.columns)}, role);
  p.value = reference::to_f32(rows).values;
  return p;
}

}  // namespace

TEST_CASE("training: products in every form, on every instruction set") {
  for (const std::string& isa : isas()) {
    for (const ProductSize& size :
         {ProductSize{1, 1, 1}, {7, 33, 5}, {130, 17, 300}, {64, 70, 600}, {250, 129, 64}}) {
      const size_t rows = size.rows, columns = size.columns, depth = size.depth;
      CAPTURE(isa);
      CAPTURE(rows);
      const unsigned seed = fresh();
      const auto a = normals(rows * depth, seed), b = normals(depth * columns, seed + 1);
      const auto start = normals(rows * columns, seed + 2);
      for (int form = 0; form < 8; ++form) {
        const bool at = form & 1, bt = form & 2, add = form & 4;
        std::vector<double> expected(rows * columns);
        for (size_t r = 0; r < rows; ++r) {
          for (size_t c = 0; c < columns; ++c) {
            double sum = add ? start[r * columns + c] : 0;
            for (size_t k = 0; k < depth; ++k) {
              sum += double(a[at ? k * rows + r : r * depth + k]) *
                     double(b[bt ? c * depth + k : k * columns + c]);
            }
            expected[r * columns + c] = sum;
          }
        }
        const auto multiply = [&](int threads) {
          std::vector<float> c = start;
          TrainingDevice(isa, threads)
              .multiply(c.data(), columns, {rows, columns, depth},
                        {a.data(), at ? rows : depth, at}, {b.data(), bt ? depth : columns, bt},
                        add);
          return c;
        };
        const auto one = multiply(1);
        CHECK(reference::difference(one.data(), expected) < limit);
        CHECK(multiply(3) == one);
      }
    }
  }
}

TEST_CASE("training: exponentials of a row on every instruction set") {
  for (const std::string& isa : isas()) {
    for (const int count : {1, 7, 16, 45}) {
      const auto x = normals(count, fresh());
      std::vector<double> expected;
      double sum = 0;
      for (const float v : x) sum += expected.emplace_back(std::exp(double(v) * 2.5 - 0.5));
      std::vector<float> got(count + 1, 7.0f);
      const TrainingDevice device(isa, 1);
      CHECK(device.exp_row(got.data(), x.data(), count, 2.5f, -0.5f) == doctest::Approx(sum));
      CHECK(reference::difference(got.data(), expected) < 1e-6);
      CHECK(got[count] == 7);
    }
  }
}

TEST_CASE("training: linear") {
  const TrainingDevice device("", 2);
  const unsigned seed = fresh();
  CAPTURE(seed);
  Rows x = reference::normal_rows(70, 13, seed), w = reference::normal_rows(9, 13, seed + 1);
  const Rows dy = reference::normal_rows(70, 9, seed + 2);
  Parameter weight = parameter(w);
  weight.gradient[5] = 3;  // gradients are added to what is there
  const Linear linear(weight);
  Matrix y, dx = zeros(70, 13), input = reference::to_f32(x), dout = reference::to_f32(dy);
  linear.forward(device, input, y);
  CHECK(reference::difference(y.row(0), reference::linear(x, w).values) < limit);
  linear.backward(device, input, dout, dx);
  const auto loss = [&] { return weighed(reference::linear(x, w), dy); };
  CHECK(reference::difference(dx.row(0), reference::gradient(x, loss)) < limit);
  weight.gradient[5] -= 3;
  CHECK(reference::difference(weight.gradient.data(), reference::gradient(w, loss)) < limit);
}

TEST_CASE("training: root mean square norm, with and without a gain") {
  const TrainingDevice device("", 2);
  for (const bool gained : {false, true}) {
    const unsigned seed = fresh();
    CAPTURE(seed);
    Rows x = reference::normal_rows(67, 21, seed, 0.3), g = reference::normal_rows(1, 21, seed + 1);
    const Rows dy = reference::normal_rows(67, 21, seed + 2);
    Parameter gain = parameter(g, Role::gain);
    const RmsNorm norm(gained ? &gain : nullptr, 1e-2f);
    RmsNorm::Kept kept;
    Matrix dx = zeros(67, 21), dout = reference::to_f32(dy);
    const auto y = [&] { return reference::rms_norm(x, gained ? &g : nullptr, double(1e-2f)); };
    CHECK(reference::difference(norm.forward(device, reference::to_f32(x), kept).row(0),
                                y().values) < limit);
    norm.backward(device, kept, dout, dx);
    const auto loss = [&] { return weighed(y(), dy); };
    CHECK(reference::difference(dx.row(0), reference::gradient(x, loss)) < limit);
    if (gained) {
      CHECK(reference::difference(gain.gradient.data(), reference::gradient(g, loss)) < limit);
    }
  }
}

TEST_CASE("training: rotation of heads on one axis and on two") {
  const TrainingDevice device("", 2);
  for (const size_t axes : {1, 2}) {
    const unsigned seed = fresh();
    CAPTURE(seed);
    const RotationSpec spec{.head_width = 6 * axes,
                            .axes = axes,
                            .base = 30,
                            .clockwise = axes == 1,
                            .positions = 50,
                            .eps = 1e-3f};
    Rows x = reference::normal_rows(65, 2 * spec.head_width, seed);
    const Rows dy = reference::normal_rows(65, 2 * spec.head_width, seed + 1);
    std::mt19937 generator(seed);
    std::vector<int32_t> positions(65 * axes);
    for (int32_t& p : positions) p = static_cast<int32_t>(generator() % 50);
    const Rotation rotation(spec);
    Matrix y = reference::to_f32(x), d = reference::to_f32(dy);
    std::vector<float> inverse;
    rotation.forward(device, y, positions, inverse);
    CHECK(reference::difference(y.row(0), reference::rotate(x, positions, spec).values) < limit);
    rotation.backward(device, y, positions, inverse, d);
    const auto loss = [&] { return weighed(reference::rotate(x, positions, spec), dy); };
    CHECK(reference::difference(d.row(0), reference::gradient(x, loss)) < limit);
  }
}

TEST_CASE("training: attention within sequences of different lengths") {
  const TrainingDevice device("", 2);
  for (const bool causal : {false, true}) {
    const unsigned seed = fresh();
    CAPTURE(seed);
    const AttentionSpec spec{.heads = 2, .head_width = 5, .scale = 0.4f, .causal = causal};
    const std::vector<Segment> segments = {{0, 7}, {7, 1}, {8, 11}};
    Rows q = reference::normal_rows(19, 10, seed), k = reference::normal_rows(19, 10, seed + 1),
         v = reference::normal_rows(19, 10, seed + 2);
    const Rows dy = reference::normal_rows(19, 10, seed + 3);
    const Matrix mq = reference::to_f32(q), mk = reference::to_f32(k), mv = reference::to_f32(v);
    const Attention attention(spec);
    Matrix out, dq, dk, dv;
    std::vector<float> log_sums;
    attention.forward(device, {mq, mk, mv, segments}, out, log_sums);
    CHECK(reference::difference(out.row(0), reference::attend(q, k, v, spec, segments).values) <
          limit);
    attention.backward(device, {mq, mk, mv, segments}, {out, log_sums}, reference::to_f32(dy),
                       {dq, dk, dv});
    const auto loss = [&] { return weighed(reference::attend(q, k, v, spec, segments), dy); };
    CHECK(reference::difference(dq.row(0), reference::gradient(q, loss)) < limit);
    CHECK(reference::difference(dk.row(0), reference::gradient(k, loss)) < limit);
    CHECK(reference::difference(dv.row(0), reference::gradient(v, loss)) < limit);
  }
}

// Longer than the rows whose scores are in memory at once. The gradient along one direction.
TEST_CASE("training: attention over several blocks of rows") {
  const TrainingDevice device("", 2);
  for (const bool causal : {false, true}) {
    const unsigned seed = fresh();
    CAPTURE(seed);
    const AttentionSpec spec{.heads = 1, .head_width = 6, .scale = 0.4f, .causal = causal};
    const std::vector<Segment> segments = {{0, 541}};
    Rows x[3] = {Rows(0, 0), Rows(0, 0), Rows(0, 0)};
    for (unsigned i = 0; i < 3; ++i) x[i] = reference::normal_rows(541, 6, seed + i);
    const Rows dy = reference::normal_rows(541, 6, seed + 3);
    const Matrix q = reference::to_f32(x[0]), k = reference::to_f32(x[1]),
                 v = reference::to_f32(x[2]);
    const Attention attention(spec);
    Matrix out, d[3];
    std::vector<float> log_sums;
    attention.forward(device, {q, k, v, segments}, out, log_sums);
    attention.backward(device, {q, k, v, segments}, {out, log_sums}, reference::to_f32(dy),
                       {d[0], d[1], d[2]});
    for (unsigned i = 0; i < 3; ++i) {
      const Rows along = reference::normal_rows(541, 6, seed + 4 + i), start = x[i];
      const auto loss = [&](double h) {
        for (size_t j = 0; j < start.values.size(); ++j) {
          x[i].values[j] = start.values[j] + h * along.values[j];
        }
        return weighed(reference::attend(x[0], x[1], x[2], spec, segments), dy);
      };
      const double expected = (loss(1e-5) - loss(-1e-5)) / 2e-5;
      loss(0);
      // Terms of a sum that cancel: relative to their root of squares.
      CHECK(std::abs(weighed(reference::to_f64(d[i]), along) - expected) < 1e-3);
    }
  }
}

TEST_CASE("training: feed-forward with max(0, h)^2 and with SwiGLU") {
  const TrainingDevice device("", 2);
  for (const bool gated : {false, true}) {
    const unsigned seed = fresh();
    CAPTURE(seed);
    Rows x = reference::normal_rows(66, 7, seed), g = reference::normal_rows(11, 7, seed + 1),
         u = reference::normal_rows(11, 7, seed + 2), w = reference::normal_rows(7, 11, seed + 3);
    const Rows dy = reference::normal_rows(66, 7, seed + 4);
    Parameter gate = parameter(g), up = parameter(u), down = parameter(w);
    const Mlp mlp(gated ? &gate : nullptr, up, down);
    Mlp::Kept kept;
    Matrix y, dx;
    const Matrix input = reference::to_f32(x);
    const auto expected = [&] {
      const Rows h = reference::linear(x, u);
      return reference::linear(
          gated ? reference::swiglu(reference::linear(x, g), h) : reference::squared_relu(h), w);
    };
    mlp.forward(device, input, kept, y);
    CHECK(reference::difference(y.row(0), expected().values) < limit);
    mlp.backward(device, input, kept, reference::to_f32(dy), dx);
    const auto loss = [&] { return weighed(expected(), dy); };
    CHECK(reference::difference(dx.row(0), reference::gradient(x, loss)) < limit);
    CHECK(reference::difference(up.gradient.data(), reference::gradient(u, loss)) < limit);
    CHECK(reference::difference(down.gradient.data(), reference::gradient(w, loss)) < limit);
    if (gated) {
      CHECK(reference::difference(gate.gradient.data(), reference::gradient(g, loss)) < limit);
    }
  }
}

TEST_CASE("training: cross entropy over chosen rows") {
  const TrainingDevice device("", 2);
  const unsigned seed = fresh();
  CAPTURE(seed);
  Rows x = reference::normal_rows(70, 13, seed, 3);
  std::mt19937 generator(seed);
  std::vector<int32_t> targets(70);
  std::vector<float> weights(70);
  for (size_t r = 0; r < 70; ++r) {
    targets[r] = r % 5 ? static_cast<int32_t>(generator() % 13) : -1;
    weights[r] = r % 5 ? 0.1f * static_cast<float>(generator() % 7) : 0;
  }
  Matrix logits = reference::to_f32(x);
  const auto loss = [&] { return reference::cross_entropy(x, targets, weights); };
  CHECK(cross_entropy(device, logits, targets, weights) == doctest::Approx(loss()).epsilon(1e-6));
  CHECK(reference::difference(logits.row(0), reference::gradient(x, loss)) < limit);
}

TEST_CASE("training: dropout keeps its share and its choice") {
  const TrainingDevice device("", 2);
  Matrix a = zeros(500, 41);
  for (float& v : a.values) v = 2;
  Matrix b = a, c = a;
  dropout(device, a, 0.1f, 7);
  dropout(device, b, 0.1f, 7);
  dropout(device, c, 0.1f, 8);
  CHECK(a.values == b.values);
  CHECK(a.values != c.values);
  size_t dropped = 0;
  for (const float v : a.values) {
    if (v == 0)
      ++dropped;
    else
      CHECK(v == doctest::Approx(2 / 0.9));
  }
  CHECK(std::abs(double(dropped) / double(a.values.size()) - 0.1) < 0.01);
}
