// One obvious loop per op, products by Eigen. Slow on purpose: it is the reference.
#include "kernels/ref/ref_backend.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/error.h"
#include "kernels/half.h"
#include "kernels/memory.h"
#include "kernels/op_check.h"
#include "kernels/quantize/quantize.h"
#include "kernels/read_elements.h"

namespace yent {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXf;

// Weights as [out, k]; a convolution's k runs over taps, then channels. For int8 the matrix holds
// the quantized values and `scale` the scale of each row.
struct RefPacked : Packed {
  Matrix weight;
  Vector bias, scale;
};

float apply(Fn fn, float x) {
  switch (fn) {
    case Fn::none:
      return x;
    case Fn::silu:
      return x / (1 + std::exp(-x));
    case Fn::gelu:
      return 0.5f * x * (1 + std::erf(x * 0.70710678118654752f));
    case Fn::quick_gelu:
      return x / (1 + std::exp(-1.702f * x));
    case Fn::relu_squared:
      return x < 0 ? 0 : x * x;
  }
  return x;
}

// Symmetric, round half to even, never -128. Returns the scale; 1 for all zeros.
float quantize(float* values, size_t count) {
  float absmax = 0;
  for (size_t i = 0; i < count; ++i) absmax = std::max(absmax, std::fabs(values[i]));
  const float scale = absmax > 0 ? absmax / 127 : 1, inverse_scale = 1 / scale;
  for (size_t i = 0; i < count; ++i) {
    values[i] = std::clamp(std::nearbyint(values[i] * inverse_scale), -127.0f, 127.0f);
  }
  return scale;
}

void round_to(Precision precision, float* values, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (precision == Precision::bf16) values[i] = bf16_to_f32(f32_to_bf16(values[i]));
    if (precision == Precision::f16) values[i] = f16_to_f32(f32_to_f16(values[i]));
  }
}

void set_precision(RefPacked& p, Precision precision) {
  p.scale = Vector::Ones(p.weight.rows());
  if (precision == Precision::int8) {
    for (int r = 0; r < p.weight.rows(); ++r) {
      p.scale[r] = quantize(p.weight.data() + r * p.weight.cols(), p.weight.cols());
    }
  } else {
    round_to(precision, p.weight.data(), p.weight.size());
  }
  p.kernel = std::string(precision_name(precision)) + " ref";
  p.bytes = (p.weight.size() + p.bias.size()) * sizeof(float);
}

// y [rows, out] of x [rows, k], one activation scale per `group` rows where int8.
Matrix product(Matrix x, const RefPacked& p, Precision precision, size_t group) {
  if (precision == Precision::bf16) round_to(precision, x.data(), x.size());
  if (precision != Precision::int8) {
    return (x * p.weight.transpose()).rowwise() + p.bias.transpose();
  }
  Matrix y(x.rows(), p.weight.rows());
  const Eigen::MatrixXd weight = p.weight.cast<double>();  // double holds the int32 sums exactly
  for (Eigen::Index r = 0; r < x.rows(); r += group) {
    auto rows = x.middleRows(r, group);
    const float scale = quantize(rows.data(), rows.size());
    y.middleRows(r, group) = (rows.cast<double>() * weight.transpose()).cast<float>();
    y.middleRows(r, group) = (y.middleRows(r, group) * p.scale.asDiagonal() * scale).eval();
  }
  return y.rowwise() + p.bias.transpose();
}

void store(Tensor out, const Matrix& y, const Epilogue& e) {
  for (size_t r = 0; r < out.rows(); ++r) {
    float* to = out.row<float>(r);
    const size_t image = r / (static_cast<size_t>(out.shape.h) * out.shape.w);
    for (int c = 0; c < out.shape.c; ++c) {
      float value = e.gated ? y(r, 2 * c) * apply(e.fn, y(r, 2 * c + 1)) : y(r, c);
      if (!e.gated) value = apply(e.fn, value);
      if (e.row_bias) value += e.row_bias.row<float>(image)[c];
      if (e.residual) value += e.residual.row<float>(r)[c];
      to[c] = value;
    }
  }
}

float at(const ConcatView& x, size_t row, int c) {
  const int seam = x.a.shape.c;
  return c < seam ? x.a.row<float>(row)[c] : x.b.row<float>(row)[c - seam];
}

// Of keys and values.
float kept(const Tensor& t, size_t row, int c) {
  return t.dtype == DType::f16 ? f16_to_f32(t.row<uint16_t>(row)[c]) : t.row<float>(row)[c];
}

float gain(const NormWeight& w, int c) { return w.weight ? w.weight.tensor.row<float>(0)[c] : 1; }
float shift(const NormWeight& w, int c) { return w.bias ? w.bias.tensor.row<float>(0)[c] : 0; }

bool is_f32(const Tensor& t, const Shape& shape) {
  return t.dtype == DType::f32 && !t.border && has_shape(t, shape);
}

constexpr OpCheck check{is_f32, is_f32};

class RefBackend : public Backend {
 public:
  std::string device() const override { return "cpu"; }
  std::string isa() const override { return "ref"; }
  int threads() const override { return 1; }
  size_t available_bytes() const override { return available_memory(); }

  LinearWeight pack_linear(const LinearSource& s, Precision precision) override {
    LinearWeight w = check_linear_source(s, precision);
    auto p = std::make_shared<RefPacked>();
    p->weight = Matrix::Zero(w.out, w.in);
    p->bias = Vector::Zero(w.out);
    int first = 0;
    for (size_t i = 0; i < s.parts.size(); ++i) {
      const auto& part = s.parts[i];
      Vector bias = Vector::Zero(w.parts[i].out);
      if (!part.bias.dims.empty()) read_elements(part.bias, 0, bias.size(), bias.data());
      for (int r = 0; r < w.parts[i].out; ++r) {
        const int row = s.paired ? 2 * r + static_cast<int>(i) : first + r;
        read_elements(part.weight, static_cast<size_t>(r) * w.in, w.in,
                      p->weight.data() + static_cast<size_t>(row) * w.in);
        p->bias[row] = bias[r];
      }
      first += w.parts[i].out;
    }
    set_precision(*p, precision);
    w.packed = p;
    return w;
  }

  ConvWeight pack_conv3x3(const std::string& name, const HostTensor& weight, const HostTensor& bias,
                          Precision precision, bool) override {
    ConvWeight w = check_conv_source(name, weight, bias, precision);
    auto p = std::make_shared<RefPacked>();
    std::vector<float> file(weight.count());
    read_elements(weight, 0, file.size(), file.data());
    p->weight.resize(w.out, 9 * w.in);
    for (int o = 0; o < w.out; ++o) {
      for (int i = 0; i < w.in; ++i) {
        for (int tap = 0; tap < 9; ++tap) {
          p->weight(o, tap * w.in + i) = file[(static_cast<size_t>(o) * w.in + i) * 9 + tap];
        }
      }
    }
    p->bias = Vector::Zero(w.out);
    if (!bias.dims.empty()) read_elements(bias, 0, w.out, p->bias.data());
    set_precision(*p, precision);
    w.packed = p;
    return w;
  }

  PersistentTensor upload(const HostTensor& t) override {
    const int columns = t.dims.empty() ? 1 : static_cast<int>(t.dims.back());
    const int rows = columns ? static_cast<int>(t.count() / columns) : 0;
    PersistentTensor s = allocate({1, rows, 1, columns}, DType::f32);
    read_elements(t, 0, t.count(), static_cast<float*>(s.tensor.data));
    return s;
  }

  PersistentTensor allocate(Shape shape, DType dtype) override {
    auto memory = std::make_shared<std::vector<std::byte>>(shape.count() * block_bytes(dtype));
    return {{memory->data(), shape, shape.c, dtype}, memory};
  }

  void linear(Arena& arena, Tensor out, ConcatView x, const LinearWeight& w,
              const Epilogue& e) override {
    check.linear(out, x, w, e);
    if (arena.measuring()) return;
    Matrix rows(x.rows(), w.in);
    for (size_t r = 0; r < x.rows(); ++r) {
      for (int c = 0; c < w.in; ++c) rows(r, c) = at(x, r, c);
    }
    store(out,
          product(rows, static_cast<const RefPacked&>(*w.packed), w.precision,
                  w.per_tensor ? x.rows() : 1),
          e);
  }

  void conv3x3(Arena& arena, Tensor out, Tensor x, const ConvWeight& w, const ConvGeom& g,
               const Epilogue& e) override {
    check.conv3x3(out, x.shape, w, e);
    if (arena.measuring()) return;
    const Shape in = x.shape, to = out.shape;
    const int seen_h = g.upsample ? to.h : in.h, seen_w = g.upsample ? to.w : in.w;
    Matrix taps = Matrix::Zero(out.rows(), 9 * w.in);
    for (size_t r = 0; r < out.rows(); ++r) {
      const int ox = r % to.w, oy = r / to.w % to.h, image = r / to.w / to.h;
      for (int tap = 0; tap < 9; ++tap) {
        int64_t y = oy * g.stride + tap / 3 - g.pad_top;
        int64_t c = ox * g.stride + tap % 3 - g.pad_left;
        if (y < 0 || y >= seen_h || c < 0 || c >= seen_w) continue;
        if (g.upsample) y = y * in.h / to.h, c = c * in.w / to.w;
        const size_t row = (static_cast<int64_t>(image) * in.h + y) * in.w + c;
        std::copy_n(x.row<float>(row), w.in, &taps(r, tap * w.in));
      }
    }
    const size_t group = w.per_tensor ? out.rows() : static_cast<size_t>(to.h) * to.w;
    store(out, product(taps, static_cast<const RefPacked&>(*w.packed), w.precision, group), e);
  }

  void group_norm(Arena& arena, Tensor out, ConcatView x, const NormWeight& w, int groups,
                  Fn fn) override {
    check.group_norm(out, x, w, groups);
    if (arena.measuring()) return;
    const int width = x.channels() / groups;
    const size_t pixels = static_cast<size_t>(x.a.shape.h) * x.a.shape.w;
    for (int n = 0; n < x.a.shape.n; ++n) {
      for (int g = 0; g < groups; ++g) {
        double sum = 0, squares = 0;
        const auto each = [&](auto visit) {
          for (size_t r = n * pixels; r < (n + 1) * pixels; ++r) {
            for (int c = g * width; c < (g + 1) * width; ++c) visit(r, c);
          }
        };
        each([&](size_t r, int c) { sum += at(x, r, c); });
        const double mean = sum / (static_cast<double>(pixels) * width);
        each([&](size_t r, int c) { squares += (at(x, r, c) - mean) * (at(x, r, c) - mean); });
        const double inv = 1 / std::sqrt(squares / (static_cast<double>(pixels) * width) + w.eps);
        each([&](size_t r, int c) {
          const double value = (at(x, r, c) - mean) * inv * gain(w, c) + shift(w, c);
          out.row<float>(r)[c] = apply(fn, static_cast<float>(value));
        });
      }
    }
  }

  void layer_norm(Arena& arena, Tensor out, Tensor x, const NormWeight& w) override {
    check.layer_norm(out, x, w);
    if (arena.measuring()) return;
    for (size_t r = 0; r < x.rows(); ++r) {
      const float* from = x.row<float>(r);
      double sum = 0, squares = 0;
      for (int c = 0; c < x.shape.c; ++c) sum += from[c];
      const double mean = sum / x.shape.c;
      for (int c = 0; c < x.shape.c; ++c) squares += (from[c] - mean) * (from[c] - mean);
      const double inv = 1 / std::sqrt(squares / x.shape.c + w.eps);
      for (int c = 0; c < x.shape.c; ++c) {
        out.row<float>(r)[c] =
            static_cast<float>((from[c] - mean) * inv * gain(w, c) + shift(w, c));
      }
    }
  }

  void rms_norm(Arena& arena, Tensor out, Tensor x, const NormWeight& w, int width) override {
    check.rms_norm(out, x, w, width);
    if (arena.measuring()) return;
    for (size_t r = 0; r < x.rows(); ++r) {
      for (int first = 0; first < x.shape.c; first += width) {
        const float* from = x.row<float>(r) + first;
        double squares = 0;
        for (int c = 0; c < width; ++c) squares += static_cast<double>(from[c]) * from[c];
        const auto inv = static_cast<float>(1 / std::sqrt(squares / width + w.eps));
        for (int c = 0; c < width; ++c) {
          out.row<float>(r)[first + c] = from[c] * inv * gain(w, c);
        }
      }
    }
  }

  void attention(Arena& arena, Tensor out, Tensor q, Tensor k, Tensor v,
                 const AttnSpec& s) override {
    check.attention(out, q, k, v, s);
    if (arena.measuring()) return;
    const int width = q.shape.c / s.heads;
    const size_t queries = q.rows() / q.shape.n, keys = k.rows() / k.shape.n;
    std::vector<double> score(keys);
    for (size_t row = 0; row < q.rows(); ++row) {
      const size_t image = row / queries, i = row % queries;
      const size_t seen = s.positions ? *s.positions.row<int32_t>(i) + 1 : keys;
      for (int h = 0; h < s.heads; ++h) {
        const int kv = h / (s.heads / s.kv_heads) * width;
        double absmax = -std::numeric_limits<double>::infinity(), total = 0;
        for (size_t j = 0; j < seen; ++j) {
          double dot = 0;
          for (int c = 0; c < width; ++c) {
            dot += static_cast<double>(q.row<float>(row)[h * width + c]) *
                   kept(k, image * keys + j, kv + c);
          }
          absmax = std::max(absmax, score[j] = dot * s.scale);
        }
        for (size_t j = 0; j < seen; ++j) total += score[j] = std::exp(score[j] - absmax);
        for (int c = 0; c < width; ++c) {
          double sum = 0;
          for (size_t j = 0; j < seen; ++j) sum += score[j] * kept(v, image * keys + j, kv + c);
          out.row<float>(row)[h * width + c] = static_cast<float>(sum / total);
        }
      }
    }
  }

  void rope(Arena& arena, Tensor x, Tensor table, Tensor positions, const RopeSpec& s) override {
    check.rope(x, table, positions, s);
    if (arena.measuring()) return;
    const int half = table.shape.c / 2, slices = x.shape.c / s.slice_width();
    for (size_t r = 0; r < x.rows(); ++r) {
      for (int slice = 0; slice < slices; ++slice) {
        const float* cosine = table.row<float>(positions.row<int32_t>(r)[slice % s.axes]);
        const float* sine = cosine + half;
        float* from = x.row<float>(r) + slice * s.slice_width();
        for (int i = 0; i < half; ++i) {
          float& a = from[s.interleaved ? 2 * i : i];
          float& b = from[s.interleaved ? 2 * i + 1 : i + half];
          const float turned = a * cosine[i] - b * sine[i];
          b = a * sine[i] + b * cosine[i];
          a = turned;
        }
      }
    }
  }

  void store_rows(Arena& arena, Tensor cache, Tensor x, Tensor positions) override {
    check.store_rows(cache, x, positions);
    if (arena.measuring()) return;
    for (size_t r = 0; r < x.rows(); ++r) {
      const int position = *positions.row<int32_t>(r);
      for (int c = 0; c < x.shape.c; ++c) {
        const float value = x.row<float>(r)[c];
        if (cache.dtype == DType::f16) cache.row<uint16_t>(position)[c] = f32_to_f16(value);
        if (cache.dtype != DType::f16) cache.row<float>(position)[c] = value;
      }
    }
  }

  void embed(Arena& arena, Tensor out, std::span<const Lookup> lookups) override {
    check.embed(out, lookups);
    if (arena.measuring()) return;
    for (size_t r = 0; r < out.rows(); ++r) {
      for (int c = 0; c < out.shape.c; ++c) {
        float sum = 0;
        for (const Lookup& l : lookups) {
          const int id = *l.ids.row<int32_t>(r);
          if (id >= 0) sum += l.table.row<float>(id)[c];
        }
        out.row<float>(r)[c] = sum;
      }
    }
  }

  void linear_combination(Arena& arena, Tensor out, std::span<const Tensor> terms,
                          Tensor coefficients, bool rectified) override {
    check.linear_combination(out, terms, coefficients);
    if (arena.measuring()) return;
    const float* coefficient = coefficients.row<float>(0);
    for (size_t r = 0; r < out.rows(); ++r) {
      for (int c = 0; c < out.shape.c; ++c) {
        float sum = 0;
        for (size_t i = 0; i < terms.size(); ++i) sum += coefficient[i] * terms[i].row<float>(r)[c];
        out.row<float>(r)[c] = rectified && sum < 0 ? 0 : sum;
      }
    }
  }

  void quantize(Arena& arena, Tensor out, ConcatView x, const QuantGrid& g,
                const QuantMix& m) override {
    check.quantize(out, x, g, m);
    if (arena.measuring()) return;
    for (size_t r = 0; r < out.rows(); ++r) {
      for (int c = 0; c < out.shape.c; ++c) out.row<float>(r)[c] = at(x, r, c);
    }
    quantize_rows(g, quant_rows(out));
    for (size_t r = 0; r < out.rows(); ++r) {
      for (int c = 0; c < out.shape.c; ++c) {
        float& to = out.row<float>(r)[c];
        if (m.share != 1) {
          const float other = m.other ? m.other.row<float>(r)[c] : at(x, r, c);
          to = m.share * to + (1 - m.share) * other;
        }
        if (m.residual) to = m.residual.row<float>(r)[c] + to;
      }
    }
  }

  void write(Tensor dst, const void* src) override {
    const size_t bytes = static_cast<size_t>(dst.shape.c) * block_bytes(dst.dtype);
    for (size_t r = 0; r < dst.rows(); ++r) {
      std::memcpy(static_cast<std::byte*>(dst.data) + r * dst.ld * block_bytes(dst.dtype),
                  static_cast<const std::byte*>(src) + r * bytes, bytes);
    }
  }

  void read(void* dst, Tensor src) override {
    const size_t bytes = static_cast<size_t>(src.shape.c) * block_bytes(src.dtype);
    for (size_t r = 0; r < src.rows(); ++r) {
      std::memcpy(static_cast<std::byte*>(dst) + r * bytes,
                  static_cast<const std::byte*>(src.data) + r * src.ld * block_bytes(src.dtype),
                  bytes);
    }
  }
};

}  // namespace

std::unique_ptr<Backend> make_ref_backend() { return std::make_unique<RefBackend>(); }

}  // namespace yent
