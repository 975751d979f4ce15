#include "kernels/op_check.h"

#include "kernels/error.h"

namespace yent {
namespace {

void check_norm(const char* op, const NormWeight& w, int channels) {
  const auto fits = [&](const PersistentTensor& t) {
    return !t || t.tensor.shape.count() == static_cast<size_t>(channels);
  };
  ENSURE(fits(w.weight) && fits(w.bias), "{} {}: {} channels given {}", op, w.name,
         w.weight.tensor.shape.count(), channels);
}

}  // namespace

bool has_shape(const Tensor& t, const Shape& shape) {
  return t.rows() == shape.rows() && t.shape.c == shape.c && t.ld >= t.shape.c;
}

bool is_index(const Tensor& t, size_t rows, int columns) {
  return t.dtype == DType::i32 && t.rows() >= rows && t.shape.c == columns && t.ld == columns;
}

LinearWeight check_linear_source(const LinearSource& s, Precision precision) {
  LinearWeight w{.name = s.name, .paired = s.paired, .precision = precision};
  ENSURE(!s.parts.empty(), "linear {}: no parts", s.name);
  w.in = static_cast<int>(s.parts[0].weight.dims.at(1));
  for (const auto& part : s.parts) {
    const auto& dims = part.weight.dims;
    ENSURE(part.weight.count() == dims[0] * w.in && dims.at(1) == w.in,
           "linear {}: {} is not [out, {}]", s.name, part.name, w.in);
    ENSURE(part.bias.dims.empty() || part.bias.count() == dims[0], "linear {}: bias of {}", s.name,
           part.name);
    w.parts.push_back({part.name, static_cast<int>(dims[0])});
    w.out += w.parts.back().out;
  }
  ENSURE(!s.paired || (w.parts.size() == 2 && w.parts[0].out == w.parts[1].out),
         "linear {}: a pair is two parts of one size", s.name);
  return w;
}

ConvWeight check_conv_source(const std::string& name, const HostTensor& weight,
                             const HostTensor& bias, Precision precision) {
  const auto& dims = weight.dims;
  ENSURE(dims.size() == 4 && dims[2] == 3 && dims[3] == 3, "conv3x3 {}: not 3x3", name);
  ENSURE(bias.dims.empty() || bias.count() == dims[0], "conv3x3 {}: bias", name);
  return {.name = name,
          .in = static_cast<int>(dims[1]),
          .out = static_cast<int>(dims[0]),
          .precision = precision};
}

void OpCheck::linear(const Tensor& out, const ConcatView& x, const LinearWeight& w,
                     const Epilogue& e) const {
  ENSURE(x.channels() == w.in && out.shape.c == (e.gated ? w.out / 2 : w.out) &&
             out.rows() == x.rows() && (!x.b || x.b.rows() == x.rows()),
         "linear {}: {} -> {} given {} x {} -> {} x {}", w.name, w.in, w.out, x.rows(),
         x.channels(), out.rows(), out.shape.c);
  ENSURE(!e.gated || w.paired, "linear {}: gated but not paired", w.name);
  ENSURE(!e.over_input || (out.data == x.a.data && out.ld == x.a.ld && out.dtype == x.a.dtype &&
                           out.shape.c <= x.a.shape.c && !x.b && !e.residual && !e.gated),
         "linear {}: not over the first columns of its input", w.name);
  epilogue("linear", w.name, out, e);
}

void OpCheck::conv3x3(const Tensor& out, const Shape& x, const ConvWeight& w,
                      const Epilogue& e) const {
  ENSURE(x.c == w.in && out.shape.c == w.out && out.shape.n == x.n && !e.gated,
         "conv3x3 {}: {} -> {} given {} -> {}", w.name, w.in, w.out, x.c, out.shape.c);
  epilogue("conv3x3", w.name, out, e);
}

void OpCheck::epilogue(const char* op, const std::string& name, const Tensor& out,
                       const Epilogue& e) const {
  ENSURE(activation_(out, out.shape), "{} {}: output", op, name);
  ENSURE(!e.residual || activation_(e.residual, out.shape), "{} {}: residual of {} x {}", op, name,
         e.residual.rows(), e.residual.shape.c);
  ENSURE(!e.row_bias ||
             (e.row_bias.shape.c == out.shape.c &&
              (e.row_bias.ld == 0 || e.row_bias.rows() >= static_cast<size_t>(out.shape.n))),
         "{} {}: row bias of {} x {}", op, name, e.row_bias.rows(), e.row_bias.shape.c);
}

void OpCheck::prologue(const Tensor& out, const ConcatView& x, const Prologue& p) const {
  ENSURE(p.groups > 0 && x.channels() % p.groups == 0, "group_norm {}: {} channels in {} groups",
         p.norm.name, x.channels(), p.groups);
  ENSURE(out.rows() == x.rows(), "group_norm {}: {} rows given {}", p.norm.name, out.rows(),
         x.rows());
  check_norm("group_norm", p.norm, x.channels());
}

void OpCheck::group_norm(const Tensor& out, const ConcatView& x, const NormWeight& w,
                         int groups) const {
  ENSURE(groups > 0 && x.channels() % groups == 0 && normalized_(out, x.shape()),
         "group_norm {}: {} channels in {} groups, output of {}", w.name, x.channels(), groups,
         out.shape.c);
  check_norm("group_norm", w, x.channels());
}

void OpCheck::layer_norm(const Tensor& out, const Tensor& x, const NormWeight& w) const {
  ENSURE(normalized_(out, x.shape), "layer_norm {}: {} -> {}", w.name, x.shape.c, out.shape.c);
  check_norm("layer_norm", w, x.shape.c);
}

void OpCheck::rms_norm(const Tensor& out, const Tensor& x, const NormWeight& w, int width) const {
  ENSURE(activation_(out, x.shape) && width > 0 && x.shape.c % width == 0,
         "rms_norm {}: {} -> {} by {}", w.name, x.shape.c, out.shape.c, width);
  check_norm("rms_norm", w, width);
}

void OpCheck::attention(const Tensor& out, const Tensor& q, const Tensor& k, const Tensor& v,
                        const AttnSpec& s) const {
  ENSURE(s.heads > 0 && s.kv_heads > 0 && s.heads % s.kv_heads == 0 && q.shape.c % s.heads == 0 &&
             k.shape.c == q.shape.c / s.heads * s.kv_heads && v.shape.c == k.shape.c &&
             k.shape.n == q.shape.n && v.rows() == k.rows() && activation_(out, q.shape),
         "attention: {} x {} queries, {} x {} keys, {} x {} values, {} heads on {}", q.rows(),
         q.shape.c, k.rows(), k.shape.c, v.rows(), v.shape.c, s.heads, s.kv_heads);
  ENSURE(!s.positions || is_index(s.positions, q.rows() / q.shape.n), "attention: positions");
}

void OpCheck::rope(const Tensor& x, const Tensor& table, const Tensor& positions,
                   const RopeSpec& s) const {
  ENSURE(s.axes > 0 && s.head_width > 0 && s.head_width % s.axes == 0 &&
             x.shape.c % s.head_width == 0 && table.shape.c <= s.slice_width() &&
             table.dtype == DType::f32,
         "rope: {} columns, heads of {}, {} axes, table of {}", x.shape.c, s.head_width, s.axes,
         table.shape.c);
  ENSURE(is_index(positions, x.rows(), s.axes), "rope: {} x {} positions for {} rows of {} axes",
         positions.rows(), positions.shape.c, x.rows(), s.axes);
}

void OpCheck::store_rows(const Tensor& cache, const Tensor& x, const Tensor& positions) const {
  ENSURE(cache.shape.c == x.shape.c && is_index(positions, x.rows()),
         "store_rows: {} columns into {}", x.shape.c, cache.shape.c);
}

void OpCheck::embed(const Tensor& out, std::span<const Lookup> lookups) const {
  ENSURE(activation_(out, out.shape), "embed: output of {}", out.shape.c);
  for (const Lookup& l : lookups) {
    ENSURE(l.table.shape.c == out.shape.c && is_index(l.ids, out.rows()),
           "embed: {} x {} from a table of {}, {} ids", out.rows(), out.shape.c, l.table.shape.c,
           l.ids.rows());
  }
}

void OpCheck::linear_combination(const Tensor& out, std::span<const Tensor> terms,
                                 const Tensor& coefficients) const {
  ENSURE(coefficients.shape.c == static_cast<int>(terms.size()),
         "linear_combination: {} terms, {} coefficients", terms.size(), coefficients.shape.c);
  for (const Tensor& t : terms) {
    ENSURE(activation_(t, out.shape), "linear_combination: a term of {} x {}", t.rows(), t.shape.c);
  }
}

void OpCheck::quantize(const Tensor& out, const ConcatView& x, const QuantGrid& g,
                       const QuantMix& m) const {
  ENSURE(out.dtype == DType::f32 && activation_(out, x.shape()), "quantize: {} x {}", out.rows(),
         out.shape.c);
  ENSURE(activation_(x.a, x.a.shape) && (!x.b || activation_(x.b, x.b.shape)), "quantize: input");
  ENSURE(g.bits >= 1 && g.bits <= 8 && (g.sharing != Sharing::group || g.group > 0),
         "quantize: {} bits, groups of {}", g.bits, g.group);
  for (const Tensor& t : {m.other, m.residual}) {
    ENSURE(!t || activation_(t, out.shape), "quantize: {} x {} beside it", t.rows(), t.shape.c);
  }
}

}  // namespace yent
