#include "tests/training/reference.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "engine/training/seeds.h"

namespace yent::reference {

using training::Segment;

Rows linear(const Rows& x, const Rows& w) {
  Rows y(x.rows, w.rows);
  for (size_t r = 0; r < x.rows; ++r) {
    for (size_t o = 0; o < w.rows; ++o) {
      for (size_t i = 0; i < x.columns; ++i) y.at(r, o) += x.at(r, i) * w.at(o, i);
    }
  }
  return y;
}

Rows rms_norm(const Rows& x, const Rows* gain, double eps) {
  Rows y = x;
  for (size_t r = 0; r < x.rows; ++r) {
    double mean = 0;
    for (size_t c = 0; c < x.columns; ++c) mean += x.at(r, c) * x.at(r, c) / double(x.columns);
    for (size_t c = 0; c < x.columns; ++c) {
      y.at(r, c) *= (gain ? gain->at(0, c) : 1) / std::sqrt(mean + eps);
    }
  }
  return y;
}

Rows rotate(const Rows& x, const std::vector<int32_t>& positions,
            const training::RotationSpec& spec) {
  Rows y = x;
  const size_t slice = spec.head_width / spec.axes, half = slice / 2;
  for (size_t r = 0; r < x.rows; ++r) {
    for (size_t s = 0; s < x.columns / slice; ++s) {
      const int position = positions[r * spec.axes + s % spec.axes];
      for (size_t i = 0; i < half; ++i) {
        double angle = position * std::pow(spec.base, -2.0 * double(i) / double(slice));
        if (spec.clockwise) angle = -angle;
        const double a = x.at(r, s * slice + i), b = x.at(r, s * slice + half + i);
        y.at(r, s * slice + i) = a * std::cos(angle) - b * std::sin(angle);
        y.at(r, s * slice + half + i) = a * std::sin(angle) + b * std::cos(angle);
      }
    }
    for (size_t h = 0; h < x.columns / spec.head_width; ++h) {
      double mean = 0;
      for (size_t c = 0; c < spec.head_width; ++c) {
        mean += std::pow(y.at(r, h * spec.head_width + c), 2) / double(spec.head_width);
      }
      for (size_t c = 0; c < spec.head_width; ++c) {
        y.at(r, h * spec.head_width + c) /= std::sqrt(mean + spec.eps);
      }
    }
  }
  return y;
}

Rows attend(const Rows& q, const Rows& k, const Rows& v, const training::AttentionSpec& spec,
            const std::vector<Segment>& segments) {
  Rows out(q.rows, q.columns);
  for (const Segment& segment : segments) {
    for (size_t h = 0; h < spec.heads; ++h) {
      const size_t from = h * spec.head_width, to = from + spec.head_width;
      for (size_t i = segment.begin; i < segment.begin + segment.count; ++i) {
        const size_t end = spec.causal ? i + 1 : segment.begin + segment.count;
        std::vector<double> p;
        double sum = 0;
        for (size_t j = segment.begin; j < end; ++j) {
          double score = 0;
          for (size_t c = from; c < to; ++c) score += q.at(i, c) * k.at(j, c);
          sum += p.emplace_back(std::exp(score * double(spec.scale)));
        }
        for (size_t j = segment.begin; j < end; ++j) {
          for (size_t c = from; c < to; ++c) {
            out.at(i, c) += p[j - segment.begin] / sum * v.at(j, c);
          }
        }
      }
    }
  }
  return out;
}

Rows squared_relu(const Rows& h) {
  Rows y = h;
  for (double& value : y.values) value = value > 0 ? value * value : 0;
  return y;
}

Rows swiglu(const Rows& gate, const Rows& up) {
  Rows y = up;
  for (size_t i = 0; i < y.values.size(); ++i) {
    y.values[i] *= gate.values[i] / (1 + std::exp(-gate.values[i]));
  }
  return y;
}

double cross_entropy(const Rows& logits, const std::vector<int32_t>& targets,
                     const std::vector<float>& weights) {
  double loss = 0;
  for (size_t r = 0; r < logits.rows; ++r) {
    if (weights[r] == 0) continue;
    double sum = 0;
    for (size_t c = 0; c < logits.columns; ++c) sum += std::exp(logits.at(r, c));
    loss += double(weights[r]) * (std::log(sum) - logits.at(r, targets[r]));
  }
  return loss;
}

namespace {

// The trainer's own choice of elements: what dropout makes of ones.
void drop(const training::TransformerSpec& spec, const training::Batch& batch, Rows& x,
          size_t place) {
  if (!batch.dropout_key) return;
  training::Matrix ones;
  ones.resize(x.rows, x.columns);
  std::fill(ones.values.begin(), ones.values.end(), 1.0f);
  training::dropout(TrainingDevice("ref", 1), ones, spec.dropout,
                    training::mix(batch.dropout_key, place));
  for (size_t i = 0; i < x.values.size(); ++i) x.values[i] *= double(ones.values[i]);
}

void add(Rows& x, const Rows& y) {
  for (size_t i = 0; i < x.values.size(); ++i) x.values[i] += y.values[i];
}

}  // namespace

Rows logits(const training::TransformerSpec& spec, const std::vector<Rows>& parameters,
            const training::Batch& batch) {
  size_t next = 0;
  const auto take = [&]() -> const Rows& { return parameters[next++]; };
  const auto gain = [&](const std::string& name) { return name.empty() ? nullptr : &take(); };
  const size_t head_width = spec.width / spec.heads;
  training::RotationSpec rotation = spec.rotation;
  rotation.head_width = head_width;
  rotation.eps = spec.eps;
  const training::AttentionSpec attention{static_cast<size_t>(spec.heads), head_width,
                                          1 / std::sqrt(float(head_width)), spec.causal};
  const double eps = double(spec.eps);

  Rows x(batch.rows(), spec.width);
  for (const auto& ids : batch.ids) {
    const Rows& table = take();
    for (size_t r = 0; r < x.rows; ++r) {
      for (size_t c = 0; ids[r] >= 0 && c < x.columns; ++c) x.at(r, c) += table.at(ids[r], c);
    }
  }
  drop(spec, batch, x, 0);
  if (spec.normalizes_embedding) x = rms_norm(x, nullptr, eps);
  for (int layer = 0; layer < spec.layers; ++layer) {
    const Rows x1 = rms_norm(x, gain(spec.block.attention_norm), eps);
    const Rows q = rotate(linear(x1, take()), batch.positions, rotation);
    const Rows k = rotate(linear(x1, take()), batch.positions, rotation);
    const Rows v = linear(x1, take());
    Rows branch = linear(attend(q, k, v, attention, batch.segments), take());
    drop(spec, batch, branch, 2 * layer + 1);
    add(x, branch);
    const Rows x2 = rms_norm(x, gain(spec.block.mlp_norm), eps);
    const Rows gate = spec.block.gate.empty() ? Rows(0, 0) : linear(x2, take());
    const Rows up = linear(x2, take());
    branch = linear(gate.rows ? swiglu(gate, up) : squared_relu(up), take());
    drop(spec, batch, branch, 2 * layer + 2);
    add(x, branch);
  }
  x = rms_norm(x, gain(spec.norm), eps);
  return linear(x, take());
}

Rows normal_rows(size_t rows, size_t columns, unsigned seed, double deviation) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0, float(deviation));
  Rows result(rows, columns);
  for (double& v : result.values) v = double(normal(generator));  // exact in f32, too
  return result;
}

training::Matrix to_f32(const Rows& rows) {
  training::Matrix m;
  m.resize(rows.rows, rows.columns);
  std::transform(rows.values.begin(), rows.values.end(), m.values.begin(),
                 [](double v) { return static_cast<float>(v); });
  return m;
}

Rows to_f64(const training::Matrix& m) {
  Rows rows(m.rows, m.columns);
  std::copy_n(m.values.begin(), m.count(), rows.values.begin());
  return rows;
}

std::vector<double> gradient(Rows& x, const std::function<double()>& f) {
  std::vector<double> result;
  for (double& v : x.values) {
    const double at = v, h = 1e-5;
    v = at + h;
    const double above = f();
    v = at - h;
    const double below = f();
    v = at;
    result.push_back((above - below) / (2 * h));
  }
  return result;
}

double difference(const float* got, const std::vector<double>& expected) {
  double most = 0, scale = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double d = std::abs(double(got[i]) - expected[i]);
    if (!(d <= most)) most = d;  // a NaN stays
    scale = std::max(scale, std::abs(expected[i]));
  }
  return scale > 0 ? most / scale : most;
}

}  // namespace yent::reference
