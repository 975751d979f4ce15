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

void apply(Ctx& c, Tensor out, ConcatView x, const GridStep& step, const QuantSite& site,
           Tensor residual = {}) {
  if (!step.other || step.share == 1) {
    return c.backend.quantize(c.ws, out, x, step.grid, {step.share, {}, residual, site});
  }
  const Activation other = c.make(x.shape(), {});
  c.backend.quantize(c.ws, other, x, *step.other, {step.other_share});
  c.backend.quantize(c.ws, out, x, step.grid, {step.share, other, residual, site});
}

// What a layer reads: its input, or that on the grids of the layer.
struct GriddedInput {
  ConcatView view;
  Activation held = {};

  GriddedInput(Ctx& c, ConcatView x, const LayerGrids* grids, std::string_view layer) : view(x) {
    if (!grids) return;
    for (const GridStep& step : grids->input) {
      Activation next = c.make(x.shape(), {});
      apply(c, next, view, step, {layer});
      held = next;
      view = held;
    }
  }
};

bool has_output(const LayerGrids* grids) { return grids && !grids->output.empty(); }
bool has_output(const std::shared_ptr<const LayerGrids>& grids) { return has_output(grids.get()); }

// out = x on the grids of a layer's output, and the residual.
void put_on_grids(Ctx& c, Tensor out, Tensor x, const LayerGrids& grids, std::string_view layer,
                  Tensor residual) {
  Activation held;
  for (size_t i = 0; i + 1 < grids.output.size(); ++i) {
    Activation next = c.make(x.shape, {});
    apply(c, next, x, grids.output[i], {layer});
    held = next;
    x = held;
  }
  apply(c, out, x, grids.output.back(), {layer, true}, residual);
}

using Parts = std::span<const LinearWeight::Part>;

// out = product(epilogue) on the grids of the layer's output; each of `parts` is a layer.
template <class Product>
void gridded_output(Ctx& c, Tensor out, const LayerGrids& grids, const Epilogue& e, Parts parts,
                    const Product& product) {
  const Activation result = c.make(out.shape, {});
  Epilogue alone = e;
  alone.residual = {};
  product(result, alone);
  if (parts.size() == 1) {
    return put_on_grids(c, out, result, grids, parts[0].name, e.residual);
  }
  int first = 0;
  for (const LinearWeight::Part& part : parts) {
    put_on_grids(c, out.cols(first, part.out), result->cols(first, part.out), grids, part.name,
                 e.residual ? e.residual.cols(first, part.out) : Tensor{});
    first += part.out;
  }
}

// The ops of a linear and of a convolution, with grids of inputs and outputs.
void multiply(Ctx& c, Tensor out, ConcatView x, const LinearWeight& w, const Epilogue& e) {
  const GriddedInput in(c, x, w.grids.get(), w.name);
  if (!has_output(w.grids)) return c.backend.linear(c.ws, out, in.view, w, e);
  const Parts parts = w.parts;
  gridded_output(
      c, out, *w.grids, e, w.paired ? parts.first(1) : parts,
      [&](Tensor to, const Epilogue& alone) { c.backend.linear(c.ws, to, in.view, w, alone); });
}

void convolve(Ctx& c, Tensor out, Tensor x, const Conv3x3& layer, const Epilogue& e) {
  const ConvWeight& w = layer.w;
  const GriddedInput in(c, x, w.grids.get(), w.name);
  if (!has_output(w.grids)) return c.backend.conv3x3(c.ws, out, in.view.a, w, layer.geom, e);
  const LinearWeight::Part whole{w.name, w.out};
  gridded_output(c, out, *w.grids, e, {&whole, 1}, [&](Tensor to, const Epilogue& alone) {
    c.backend.conv3x3(c.ws, to, in.view.a, w, layer.geom, alone);
  });
}

void convolve(Ctx& c, Tensor out, const Normed& x, const Conv3x3& layer, const Epilogue& e) {
  if (layer.w.grids || x.norm.w.grids) return convolve(c, out, x.norm(c, x.x, x.fn), layer, e);
  c.backend.norm_conv3x3(c.ws, out, x.x, {x.norm.w, x.norm.groups, x.fn}, layer.w, layer.geom, e);
}

ConsumerHint consumer(const LinearWeight& w) {
  if (w.grids && !w.grids->input.empty()) return {};  // rows that a grid can read
  return {Consumer::linear, w.precision, w.per_tensor};
}

// Where an output that a grid rounds is written: f32 rows.
Activation make_out(Ctx& c, Shape shape, const std::shared_ptr<const LayerGrids>& grids,
                    const OutputHint& output_hint) {
  return has_output(grids) ? c.make(shape, {}) : make(c, shape, output_hint);
}
Activation make_sum(Ctx& c, const Activation& sum, const std::shared_ptr<const LayerGrids>& grids,
                    const OutputHint& output_hint) {
  return has_output(grids) ? c.make(sum->shape, {}) : make_sum(c, sum, output_hint);
}

}  // namespace

Activation Linear::operator()(Ctx& c, ConcatView x, const Epilogue& e) const {
  const Shape shape = x.shape().with_c(e.gated ? w.out / 2 : w.out);
  Activation out = yent::make_out(c, shape, w.grids, output_hint);
  multiply(c, out, x, w, e);
  return out;
}

Activation Linear::add_to(Ctx& c, Activation sum, ConcatView x) const {
  Activation out = make_sum(c, sum, w.grids, output_hint);
  multiply(c, out, x, w, {.residual = sum});
  return out;
}

Activation Linear::over(Ctx& c, Activation x) const {
  const Tensor usual = c.backend.layout(x->shape, {Consumer::any, c.activations}).tensor;
  const bool can = x.last() && !w.grids && !output_hint && w.out <= x->shape.c &&
                   x->dtype == usual.dtype && c.backend.writes_over_input(x, w);
  if (!can) return (*this)(c, x);
  Activation out = x.cols(0, w.out);
  c.backend.linear(c.ws, out, x, w, {.over_input = true});
  return out;
}

void Linear::write_to(Ctx& c, Tensor out, ConcatView x) const { multiply(c, out, x, w, {}); }

ConsumerHint Linear::as_consumer() const { return consumer(w); }

LinearStack::LinearStack(const WeightBinder& l, int in, const std::vector<WeightBinder::Row>& rows,
                         Bias bias)
    : products(l.stacked(in, rows, bias)) {
  if (products.size() > 1 || has_output(products.front().grids)) output_hint = ConsumerHint{};
}

void LinearStack::write_to(Ctx& c, Tensor out, ConcatView x) const {
  int first = 0;
  for (const LinearWeight& w : products) {
    multiply(c, out.cols(first, w.out), x, w, {});
    first += w.out;
  }
}

Activation LinearStack::operator()(Ctx& c, ConcatView x) const {
  int width = 0;
  for (const LinearWeight& w : products) width += w.out;
  Activation out = make(c, x.shape().with_c(width), output_hint);
  write_to(c, out, x);
  return out;
}

ConsumerHint LinearStack::as_consumer() const {
  return products.size() == 1 ? consumer(products.front()) : ConsumerHint{};
}

Activation Conv3x3::make_out(Ctx& c, const Shape& in) const {
  // The bottom and the right are always padded by one, whatever the top and the left are.
  const auto size = [&](int length, int pad) { return (length + pad + 1 - 3) / geom.stride + 1; };
  const Shape shape{in.n, size(in.h, geom.pad_top), size(in.w, geom.pad_left), w.out};
  return yent::make_out(c, shape, w.grids, output_hint);
}

Activation Conv3x3::operator()(Ctx& c, Tensor x, const Epilogue& e) const {
  Activation out = make_out(c, x.shape);
  convolve(c, out, x, *this, e);
  return out;
}

Activation Conv3x3::operator()(Ctx& c, const Normed& x, const Epilogue& e) const {
  Activation out = make_out(c, x.x.shape());
  convolve(c, out, x, *this, e);
  return out;
}

Activation Conv3x3::add_to(Ctx& c, Activation sum, const Normed& x) const {
  Activation out = make_sum(c, sum, w.grids, output_hint);
  convolve(c, out, x, *this, {.residual = sum});
  return out;
}

Activation Conv3x3::upsample(Ctx& c, Tensor x, int height, int width) const {
  Activation out = yent::make_out(c, {x.shape.n, height, width, w.out}, w.grids, output_hint);
  convolve(c, out, x, *this, {});
  return out;
}

Activation GroupNorm::operator()(Ctx& c, ConcatView x, Fn fn) const {
  const GriddedInput in(c, x, w.grids.get(), w.name);
  Activation out = yent::make_out(c, x.shape(), w.grids, output_hint);
  if (!has_output(w.grids)) {
    c.backend.group_norm(c.ws, out, in.view, w, groups, fn);
    return out;
  }
  const LinearWeight::Part whole{w.name, out->shape.c};
  gridded_output(c, out, *w.grids, {}, {&whole, 1}, [&](Tensor to, const Epilogue&) {
    c.backend.group_norm(c.ws, to, in.view, w, groups, fn);
  });
  return out;
}

Activation LayerNorm::operator()(Ctx& c, Tensor x) const {
  const GriddedInput in(c, x, w.grids.get(), w.name);
  Activation out = yent::make_out(c, x.shape, w.grids, output_hint);
  if (!has_output(w.grids)) {
    c.backend.layer_norm(c.ws, out, in.view.a, w);
    return out;
  }
  const LinearWeight::Part whole{w.name, out->shape.c};
  gridded_output(c, out, *w.grids, {}, {&whole, 1},
                 [&](Tensor to, const Epilogue&) { c.backend.layer_norm(c.ws, to, in.view.a, w); });
  return out;
}

Activation RMSNorm::operator()(Ctx& c, Tensor x) const {
  Activation out = c.make(x.shape);
  c.backend.rms_norm(c.ws, out, x, w, x.shape.c);
  return out;
}

Activation attention(Ctx& c, Tensor q, Tensor k, Tensor v, Heads heads, Tensor positions) {
  const GriddedInput queries(c, q, heads.grids, heads.name), keys(c, k, heads.grids, heads.name);
  const GriddedInput values(c, v, heads.grids, heads.name);
  q = queries.view.a;
  const Shape shape = q.shape;
  const auto attend = [&](Tensor out) {
    const float scale = 1 / std::sqrt(static_cast<float>(shape.c / heads.query));
    c.backend.attention(
        c.ws, out, q, keys.view.a, values.view.a,
        {heads.query, heads.key_value, scale, positions, heads.precision, heads.name});
  };
  const Activation out =
      c.ws.make({{nullptr, shape, shape.c, q.dtype}, shape.count() * block_bytes(q.dtype)});
  if (!has_output(heads.grids)) {
    attend(out);
    return out;
  }
  Activation gridded = c.make(shape, {});
  attend(out);
  put_on_grids(c, gridded, out, *heads.grids, heads.name, {});
  return gridded;
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
