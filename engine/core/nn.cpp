#include "engine/core/nn.h"

#include <array>
#include <cmath>

namespace yent {
namespace {

Activation make(Ctx& c, Shape shape, const OutputHint& output_hint) {
  return output_hint ? c.make(shape, *output_hint) : c.make(shape);
}

// The output of an addition to `sum`: its own memory if nobody else holds it.
Activation make_sum(Ctx& c, const Activation& sum, const OutputHint& output_hint) {
  return sum.last() && !output_hint ? sum : make(c, sum->shape, output_hint);
}

}  // namespace

Activation Linear::operator()(Ctx& c, ConcatView x, const Epilogue& e) const {
  Activation out = make(c, x.shape().with_c(e.gated ? w.out / 2 : w.out), output_hint);
  c.backend.linear(c.ws, out, x, w, e);
  return out;
}

Activation Linear::add_to(Ctx& c, Activation sum, ConcatView x) const {
  Activation out = make_sum(c, sum, output_hint);
  c.backend.linear(c.ws, out, x, w, {.residual = sum});
  return out;
}

Activation Conv3x3::make_out(Ctx& c, const Shape& in) const {
  // The bottom and the right are always padded by one, whatever the top and the left are.
  const auto size = [&](int length, int pad) { return (length + pad + 1 - 3) / geom.stride + 1; };
  return make(c, {in.n, size(in.h, geom.pad_top), size(in.w, geom.pad_left), w.out}, output_hint);
}

Activation Conv3x3::operator()(Ctx& c, Tensor x, const Epilogue& e) const {
  Activation out = make_out(c, x.shape);
  c.backend.conv3x3(c.ws, out, x, w, geom, e);
  return out;
}

Activation Conv3x3::operator()(Ctx& c, const Normed& x, const Epilogue& e) const {
  Activation out = make_out(c, x.x.shape());
  c.backend.norm_conv3x3(c.ws, out, x.x, {x.norm.w, x.norm.groups, x.fn}, w, geom, e);
  return out;
}

Activation Conv3x3::add_to(Ctx& c, Activation sum, const Normed& x) const {
  Activation out = make_sum(c, sum, output_hint);
  c.backend.norm_conv3x3(c.ws, out, x.x, {x.norm.w, x.norm.groups, x.fn}, w, geom,
                         {.residual = sum});
  return out;
}

Activation Conv3x3::upsample(Ctx& c, Tensor x, int height, int width) const {
  Activation out = make(c, {x.shape.n, height, width, w.out}, output_hint);
  c.backend.conv3x3(c.ws, out, x, w, geom, {});
  return out;
}

Activation GroupNorm::operator()(Ctx& c, ConcatView x) const {
  Activation out = make(c, x.shape(), output_hint);
  c.backend.group_norm(c.ws, out, x, w, groups, Fn::none);
  return out;
}

Activation LayerNorm::operator()(Ctx& c, Tensor x) const {
  Activation out = make(c, x.shape, output_hint);
  c.backend.layer_norm(c.ws, out, x, w);
  return out;
}

Activation RMSNorm::operator()(Ctx& c, Tensor x) const {
  Activation out = c.make(x.shape);
  c.backend.rms_norm(c.ws, out, x, w, x.shape.c);
  return out;
}

std::string_view module_of(const Linear& layer) {
  const std::string_view name = layer.w.name;
  return name.substr(0, name.rfind('.'));
}

Activation attention(Ctx& c, Tensor q, Tensor k, Tensor v, Heads heads, Tensor positions) {
  Activation out =
      c.ws.make({{nullptr, q.shape, q.shape.c, q.dtype}, q.shape.count() * block_bytes(q.dtype)});
  const float scale = 1 / std::sqrt(static_cast<float>(q.shape.c / heads.query));
  c.backend.attention(
      c.ws, out, q, k, v,
      {heads.query, heads.key_value, scale, positions, heads.precision, heads.name});
  return out;
}

void AttentionShares::add(Ctx& c, Tensor q, Tensor k, int heads) const {
  const Activation shares = c.ws.make(q.shape);
  const int width = q.shape.c / heads, sets = sums.tensor.shape.c;
  const float scale = 1 / std::sqrt(static_cast<float>(width));
  c.backend.attention(c.ws, shares, q, k, indicators, {heads, heads, scale});
  for (int head = 0; head < heads; ++head) {
    c.backend.linear_combination(
        c.ws, sums, std::array{sums.tensor, shares->cols(head * width, sets)}, weights);
  }
}

}  // namespace yent
