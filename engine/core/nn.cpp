#include "engine/core/nn.h"

#include <cmath>

namespace yent {
namespace {

Act make(Ctx& c, Shape shape, const Feeds& next) {
  return next ? c.make(shape, *next) : c.make(shape);
}

// Where what is added to `sum` goes.
Act make_sum(Ctx& c, const Act& sum, const Feeds& next) {
  return sum.last() && !next ? sum : make(c, sum->shape, next);
}

}  // namespace

Act Linear::operator()(Ctx& c, Cat x, const Epilogue& e) const {
  Act out = make(c, x.shape().with_c(e.gated ? w.out / 2 : w.out), next);
  c.backend.linear(c.ws, out, x, w, e);
  return out;
}

Act Linear::add_to(Ctx& c, Act sum, Cat x) const {
  Act out = make_sum(c, sum, next);
  c.backend.linear(c.ws, out, x, w, {.residual = sum});
  return out;
}

Act Conv3x3::make_out(Ctx& c, const Shape& in) const {
  // The far side is padded by one, whatever the near side is.
  const auto size = [&](int length, int pad) { return (length + pad + 1 - 3) / geom.stride + 1; };
  return make(c, {in.n, size(in.h, geom.pad_top), size(in.w, geom.pad_left), w.out}, next);
}

Act Conv3x3::operator()(Ctx& c, Tensor x, const Epilogue& e) const {
  Act out = make_out(c, x.shape);
  c.backend.conv3x3(c.ws, out, x, w, geom, e);
  return out;
}

Act Conv3x3::operator()(Ctx& c, const Normed& x, const Epilogue& e) const {
  Act out = make_out(c, x.x.shape());
  c.backend.norm_conv3x3(c.ws, out, x.x, {x.norm.w, x.norm.groups, x.fn}, w, geom, e);
  return out;
}

Act Conv3x3::add_to(Ctx& c, Act sum, const Normed& x) const {
  Act out = make_sum(c, sum, next);
  c.backend.norm_conv3x3(c.ws, out, x.x, {x.norm.w, x.norm.groups, x.fn}, w, geom,
                         {.residual = sum});
  return out;
}

Act Conv3x3::upsample(Ctx& c, Tensor x, int height, int width) const {
  Act out = make(c, {x.shape.n, height, width, w.out}, next);
  c.backend.conv3x3(c.ws, out, x, w, geom, {});
  return out;
}

Act GroupNorm::operator()(Ctx& c, Cat x) const {
  Act out = make(c, x.shape(), next);
  c.backend.group_norm(c.ws, out, x, w, groups, Fn::none);
  return out;
}

Act LayerNorm::operator()(Ctx& c, Tensor x) const {
  Act out = make(c, x.shape, next);
  c.backend.layer_norm(c.ws, out, x, w);
  return out;
}

Act RMSNorm::operator()(Ctx& c, Tensor x) const {
  Act out = c.make(x.shape);
  c.backend.rms_norm(c.ws, out, x, w, x.shape.c);
  return out;
}

Act attention(Ctx& c, Tensor q, Tensor k, Tensor v, Heads heads, Tensor positions) {
  Act out =
      c.ws.make({{nullptr, q.shape, q.shape.c, q.dtype}, q.shape.count() * block_bytes(q.dtype)});
  const float scale = 1 / std::sqrt(static_cast<float>(q.shape.c / heads.query));
  c.backend.attention(c.ws, out, q, k, v,
                      {heads.query, heads.key_value, scale, positions, heads.precision});
  return out;
}

}  // namespace yent
