#include "engine/measure/layer_measures.h"

#include <algorithm>
#include <utility>

#include "kernels/half.h"

namespace yent {
namespace {

// Every row of both halves, contiguous.
std::vector<float> read_rows(Backend& backend, const ConcatView& x) {
  std::vector<float> a(x.a.shape.count());
  backend.read(a.data(), x.a);
  if (!x.b) return a;
  std::vector<float> b(x.b.shape.count()), both;
  backend.read(b.data(), x.b);
  both.reserve(a.size() + b.size());
  const auto step_a = static_cast<ptrdiff_t>(x.a.shape.c), step_b = ptrdiff_t{x.b.shape.c};
  auto at_b = b.begin();
  for (auto at_a = a.begin(); at_a != a.end(); at_a += step_a, at_b += step_b) {
    both.insert(both.end(), at_a, at_a + step_a);
    both.insert(both.end(), at_b, at_b + step_b);
  }
  return both;
}

QuantRows rows_of(std::vector<float>& values, const Shape& shape) {
  const auto columns = static_cast<size_t>(shape.c);
  return {values.data(), shape.rows(), columns, columns, shape.rows() / shape.n};
}

}  // namespace

const char* what_name(LayerMeasures::What what) {
  switch (what) {
    case LayerMeasures::What::weights:
      return "weights";
    case LayerMeasures::What::input:
      return "input";
    case LayerMeasures::What::output:
      return "output";
  }
  return "";
}

void LayerMeasures::add(const std::string& layer, What what, const QuantError& error) {
  const auto [at, is_new] = index_.try_emplace({layer, what}, layers_.size());
  if (is_new) layers_.push_back({layer, what, {}});
  layers_[at->second].error.add(error);
}

// Other values are written there now.
void MeasuringBackend::forget(const Tensor& out) {
  const size_t bytes = out.shape.rows() * out.ld * block_bytes(out.dtype);
  const auto* begin = static_cast<const std::byte*>(out.data);
  rounded_.erase(rounded_.lower_bound(begin), rounded_.lower_bound(begin + bytes));
}

void MeasuringBackend::add(std::string_view layer, LayerMeasures::What what,
                           const QuantError& error) {
  to_.add(before_ + std::string(layer), what, error);
}

// The values that lie there now, and what they were.
MeasuringBackend::Rounded MeasuringBackend::rounded(ConcatView x) {
  const auto known = rounded_.find(x.a.data);
  if (known != rounded_.end() && !x.b && known->second.now.size() == x.shape().count()) {
    return known->second;
  }
  std::vector<float> values = read_rows(inner_, x);
  return {values, values};
}

void MeasuringBackend::add_input(const std::vector<LinearWeight::Part>& layers, ConcatView x,
                                 Precision precision, Sharing sharing) {
  Rounded r = rounded(x);
  if (precision == Precision::int8) {
    const QuantGrid grid{.sharing = sharing};
    const QuantRows rows = rows_of(r.now, x.shape());
    if (r.grids == 0) r.codes = code_histogram(grid, rows_of(r.before, x.shape()));
    if (x.a.dtype != DType::i8) quantize_rows(grid, rows);  // else they are already
  } else if (precision == Precision::bf16) {
    for (float& v : r.now) v = bf16_to_f32(f32_to_bf16(v));
  }
  const QuantError error = quant_error(r.before, r.now, std::move(r.codes));
  std::string_view last;  // the halves of a gated layer have one name
  for (const LinearWeight::Part& layer : layers) {
    if (layer.name != last) add(layer.name, LayerMeasures::What::input, error);
    last = layer.name;
  }
}

void MeasuringBackend::add_weights(const std::shared_ptr<const LayerErrors>& errors) {
  if (!errors) return;
  for (const LayerError& of : *errors) add(of.layer, LayerMeasures::What::weights, of.error);
}

// What a layer without products reads, where a grid has rounded it.
void MeasuringBackend::add_gridded(std::string_view layer, ConcatView x) {
  const auto known = rounded_.find(x.a.data);
  if (known == rounded_.end() || known->second.grids == 0) return;
  Rounded r = rounded(x);
  add(layer, LayerMeasures::What::input, quant_error(r.before, r.now, std::move(r.codes)));
}

void MeasuringBackend::linear(Arena& a, Tensor out, ConcatView x, const LinearWeight& w,
                              const Epilogue& e) {
  inner_.linear(a, out, x, w, e);
  if (a.measuring()) return;
  forget(out);
  add_weights(w.errors);
  add_input(w.parts, x, w.precision, w.per_tensor ? Sharing::tensor : Sharing::row);
}

void MeasuringBackend::conv3x3(Arena& a, Tensor out, Tensor x, const ConvWeight& w,
                               const ConvGeom& g, const Epilogue& e) {
  inner_.conv3x3(a, out, x, w, g, e);
  if (a.measuring()) return;
  forget(out);
  add_weights(w.errors);
  add_input({{w.name, w.out}}, x, w.precision, w.per_tensor ? Sharing::tensor : Sharing::image);
}

template <class Norm>
void MeasuringBackend::normalize(Arena& a, Tensor out, ConcatView x, const NormWeight& w,
                                 const Norm& norm) {
  norm(out);
  const bool rounds = out.dtype != DType::f32;
  const Layout plain = Backend::layout(out.shape, {});
  const Scratch room(a, rounds ? plain.bytes : 0);
  Tensor exact = plain.tensor;
  exact.data = room.as<std::byte>();
  if (rounds) norm(exact);
  if (a.measuring()) return;
  add_weights(w.errors);
  add_gridded(w.name, x);
  forget(out);
  if (rounds) rounded_[out.data] = {read_rows(inner_, exact), read_rows(inner_, out)};
}

void MeasuringBackend::group_norm(Arena& a, Tensor out, ConcatView x, const NormWeight& w,
                                  int groups, Fn fn) {
  normalize(a, out, x, w, [&](Tensor to) { inner_.group_norm(a, to, x, w, groups, fn); });
}

void MeasuringBackend::layer_norm(Arena& a, Tensor out, Tensor x, const NormWeight& w) {
  normalize(a, out, x, w, [&](Tensor to) { inner_.layer_norm(a, to, x, w); });
}

void MeasuringBackend::attention(Arena& a, Tensor out, Tensor q, Tensor k, Tensor v,
                                 const AttnSpec& s) {
  inner_.attention(a, out, q, k, v, s);
  if (a.measuring()) return;
  forget(out);
  for (const Tensor& x : {q, k, v}) add_gridded(s.name, x);
}

void MeasuringBackend::quantize(Arena& a, Tensor out, ConcatView x, const QuantGrid& g,
                                const QuantMix& m) {
  // Before the op: the residual may be its output.
  if (a.measuring() || m.site.layer.empty()) return inner_.quantize(a, out, x, g, m);
  Rounded r = rounded(x);
  const QuantRows rows = rows_of(r.now, x.shape());
  r.codes = r.grids == 0 && !m.other ? code_histogram(g, rows) : std::vector<int64_t>();
  ++r.grids;
  std::vector<float> rest = r.now;
  if (m.other) inner_.read(rest.data(), m.other);
  quantize_rows(g, rows);
  for (size_t i = 0; m.share != 1 && i < rest.size(); ++i) {
    r.now[i] = m.share * r.now[i] + (1 - m.share) * rest[i];
  }
  inner_.quantize(a, out, x, g, m);
  forget(out);
  if (!m.site.last_of_output) {
    rounded_[out.data] = std::move(r);
    return;
  }
  add(m.site.layer, LayerMeasures::What::output, quant_error(r.before, r.now, std::move(r.codes)));
}

QuantMeasures quant_measures(const QuantError& error) {
  QuantMeasures m{.sqnr = sqnr(error.signal, error.noise)};
  if (std::ranges::any_of(error.codes, [](int64_t n) { return n > 0; })) {
    const CodeUsage usage = code_usage(error.codes);
    m.code_used = usage.used;
    m.code_eff = usage.eff;
    m.code_ends = usage.ends;
  }
  return m;
}

}  // namespace yent
