// The layers that models are made of. Each is named by its checkpoint path, owns its packed
// weight and returns an activation.
#pragma once

#include <optional>
#include <vector>

#include "engine/core/ctx.h"
#include "engine/core/loader.h"

namespace yent {

// Who reads a layer's output, where it is one layer only: said once, in a model's constructor.
using Feeds = std::optional<Reader>;

struct Linear {
  LinearW w;
  Feeds next = {};

  explicit Linear(LinearW packed) : w(std::move(packed)) {}
  Linear(const Loader& l, int in, int out, Bias bias = Bias::yes) : w(l.linear(in, out, bias)) {}
  Act operator()(Ctx& c, Cat x, const Epilogue& e = {}) const;  // {n, h, w, in} -> {.., out}
  // sum + W x, in the memory of `sum` where this is its last copy.
  Act add_to(Ctx& c, Act sum, Cat x) const;
  Reader reader() const { return {Use::linear, w.precision, w.one_scale}; }
};

struct GroupNorm;

// An argument of a layer: fn(norm(x)).
struct Normed {
  const GroupNorm& norm;
  Cat x;
  Fn fn;
};

struct Conv3x3 {
  ConvW w;
  ConvGeom geom;
  Feeds next = {};

  Conv3x3(const Loader& l, int in, int out, const ConvGeom& g = {})
      : w(l.conv3x3(in, out, g.upsample)), geom(g) {}
  Act operator()(Ctx& c, Tensor x, const Epilogue& e = {}) const;
  Act operator()(Ctx& c, const Normed& x, const Epilogue& e = {}) const;
  Act add_to(Ctx& c, Act sum, const Normed& x) const;  // as Linear's
  // Enlarges x to {height, width} on the way in; of a layer whose geometry says so.
  Act upsample(Ctx& c, Tensor x, int height, int width) const;
  Reader reader() const { return {Use::conv3x3, w.precision, w.one_scale}; }

 private:
  Act make_out(Ctx& c, const Shape& in) const;
};

struct GroupNorm {
  NormW w;
  int groups;
  Feeds next = {};

  GroupNorm(const Loader& l, int channels, int group_count, float eps)
      : w(l.norm(channels, eps)), groups(group_count) {}
  Act operator()(Ctx& c, Cat x) const;
  Normed silu(Cat x) const { return {*this, x, Fn::silu}; }
};

struct LayerNorm {
  NormW w;
  Feeds next = {};

  LayerNorm(const Loader& l, int channels, float eps) : w(l.norm(channels, eps)) {}
  Act operator()(Ctx& c, Tensor x) const;
};

struct RMSNorm {
  NormW w;

  RMSNorm(const Loader& l, int channels, float eps) : w(l.norm(channels, eps, false)) {}
  Act operator()(Ctx& c, Tensor x) const;
};

// softmax(q k^T / sqrt(head width)) v in the type of q, see AttnSpec.
struct Heads {
  int query = 1, key_value = 1;
  Precision precision = Precision::f32;
};
Act attention(Ctx& c, Tensor q, Tensor k, Tensor v, Heads heads, Tensor positions = {});

}  // namespace yent
