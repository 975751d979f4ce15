// The layers that models are made of. Each is named by its checkpoint path, owns its packed
// weight and returns an activation. Const functions may be called from several threads at once if
// each has a Ctx of its own; the backend that packed the weights must outlive the layers.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "engine/core/ctx.h"
#include "engine/core/weight_binder.h"

namespace yent {

// The consumer of a layer's output, if there is exactly one: set once, in a model's constructor.
using OutputHint = std::optional<ConsumerHint>;

struct Linear {
  LinearWeight w;
  OutputHint output_hint = {};

  explicit Linear(LinearWeight packed) : w(std::move(packed)) {}
  Linear(const WeightBinder& l, int in, int out, Bias bias = Bias::yes)
      : w(l.linear(in, out, bias)) {}
  Activation operator()(Ctx& c, ConcatView x,
                        const Epilogue& e = {}) const;  // {n, h, w, in} -> {.., out}
  // sum + W x. Written over `sum` if the caller moved in its last copy (Activation::last() looks at
  // the use count): a copy kept elsewhere costs memory, but changes no value.
  Activation add_to(Ctx& c, Activation sum, ConcatView x) const;
  // W x. Written over `x`, as above, if it has no more columns and the device can: rows of the
  // result are then as far apart as those of x.
  Activation over(Ctx& c, Activation x) const;
  // Into a tensor that outlives the forward.
  void write_to(Ctx& c, Tensor out, ConcatView x) const;
  ConsumerHint as_consumer() const;
};

// Layers that read the same input and write their outputs side by side.
struct LinearStack {
  std::vector<LinearWeight> products;  // at least one; the columns of each follow the last's
  OutputHint output_hint = {};

  LinearStack(const WeightBinder& l, int in, const std::vector<WeightBinder::Row>& rows, Bias bias);
  Activation operator()(Ctx& c, ConcatView x) const;
  // Into a tensor that outlives the forward.
  void write_to(Ctx& c, Tensor out, ConcatView x) const;
  ConsumerHint as_consumer() const;
  // Unless a grid or several products write the output, which is then f32 rows.
  void give_to(ConsumerHint hint) {
    if (!output_hint) output_hint = hint;
  }

  const std::string& name() const { return products.front().name; }  // of the first layer
  Precision precision() const { return products.front().precision; }
};

struct GroupNorm;

// An argument of a layer: fn(norm(x)).
struct Normed {
  const GroupNorm& norm;
  ConcatView x;
  Fn fn;
};

struct Conv3x3 {
  ConvWeight w;
  ConvGeom geom;
  OutputHint output_hint = {};

  Conv3x3(const WeightBinder& l, int in, int out, const ConvGeom& g = {}, Bias bias = Bias::yes)
      : w(l.conv3x3(in, out, g.upsample, bias)), geom(g) {}
  Activation operator()(Ctx& c, Tensor x, const Epilogue& e = {}) const;
  Activation operator()(Ctx& c, const Normed& x, const Epilogue& e = {}) const;
  Activation add_to(Ctx& c, Activation sum, const Normed& x) const;  // sum + conv(x), as above
  // Enlarges x to {height, width} before the convolution. The geometry must say `upsample`.
  Activation upsample(Ctx& c, Tensor x, int height, int width) const;

 private:
  Activation make_out(Ctx& c, const Shape& in) const;
};

struct GroupNorm {
  NormWeight w;
  int groups;
  OutputHint output_hint = {};

  GroupNorm(const WeightBinder& l, int channels, int group_count, float eps)
      : w(l.norm(channels, eps)), groups(group_count) {}
  Activation operator()(Ctx& c, ConcatView x, Fn fn = Fn::none) const;
  Normed silu(ConcatView x) const { return {*this, x, Fn::silu}; }
};

struct LayerNorm {
  NormWeight w;
  OutputHint output_hint = {};

  LayerNorm(const WeightBinder& l, int channels, float eps) : w(l.norm(channels, eps)) {}
  Activation operator()(Ctx& c, Tensor x) const;
};

struct RMSNorm {
  NormWeight w;

  RMSNorm(const WeightBinder& l, int channels, float eps) : w(l.norm(channels, eps, false)) {}
  Activation operator()(Ctx& c, Tensor x) const;
};

// softmax(q k^T / sqrt(head width)) v in the type of q, see AttnSpec.
// `name` is the checkpoint path of the module, which must live as long as the call.
struct Heads {
  int query = 1, key_value = 1;
  Precision precision = Precision::f32;
  std::string_view name = {};
  const LayerGrids* grids = nullptr;  // of q, k and v, and of the result
};
// Path of the module that a layer belongs to: its name without the last part.
inline std::string_view module_of(std::string_view layer) {
  return layer.substr(0, layer.rfind('.'));
}
Activation attention(Ctx& c, Tensor q, Tensor k, Tensor v, Heads heads, Tensor positions = {});

// Sums of the probabilities with which queries choose some of the keys. They are attention itself,
// with columns of ones and zeros for values, so that every device has them.
struct AttentionShares {
  PersistentTensor indicators = {};  // {1, keys, 1, c}: in every head, column j marks the keys of
                                     // set j
  PersistentTensor weights = {};     // {1, 1, 1, 2}: 1 and 1 / heads
  PersistentTensor sums = {};        // f32 {1, queries, 1, sets}

  explicit operator bool() const { return static_cast<bool>(sums); }
  // To every query's sums the mean over the heads is added, of q {1, queries, 1, c} and k {1, keys,
  // 1, c}. In f32 where the device has no bf16 or f16 of q.
  void add(Ctx& c, Tensor q, Tensor k, int heads) const;
};

}  // namespace yent
