#include "engine/models/blocks.h"

namespace yent {
namespace {

// The inner layers of a transformer, which all have the same long path in front.
WeightBinder inner(const WeightBinder& l) { return l / "transformer_blocks" / 0; }

Tensor last_of_batch(const Tensor& t) {
  const int rows = t.shape.h * t.shape.w;
  return t.slice(static_cast<size_t>(t.shape.n - 1) * rows, rows);
}

}  // namespace

ResBlock::ResBlock(const WeightBinder& l, int in, int out, int groups, float eps)
    : norm1(l / "norm1", in, groups, eps),
      conv1(l / "conv1", in, out),
      norm2(l / "norm2", out, groups, eps),
      conv2(l / "conv2", out, out) {
  if (in != out) conv_shortcut.emplace(l / "conv_shortcut", in, out);
}

Activation ResBlock::operator()(Ctx& c, Activation x, Tensor time, Activation skip) const {
  Activation h = conv1(c, norm1.silu({x, skip}),
                       {.row_bias = time ? time.cols(time_column, conv1.w.out) : Tensor{}});
  if (conv_shortcut) {
    const bool alone = !Tensor(skip);
    x = alone ? conv_shortcut->over(c, std::move(x)) : (*conv_shortcut)(c, {x, skip});
  }
  skip = {};
  return conv2.add_to(c, std::move(x), norm2.silu(h));
}

TransformerBlock::TransformerBlock(const WeightBinder& l, int ch, int head_count,
                                   const TransformerConfig& config)
    : norm(l / "norm", ch, config.norm_num_groups, 1e-6f),
      proj_in(l / "proj_in", ch, ch),
      norm1(inner(l) / "norm1", ch, 1e-5f),
      to_qkv(inner(l) / "attn1", ch, {{"to_q", ch}, {"to_k", ch}, {"to_v", ch}}, Bias::no),
      to_out1(inner(l) / "attn1" / "to_out" / 0, ch, ch),
      norm2(inner(l) / "norm2", ch, 1e-5f),
      to_q(inner(l) / "attn2" / "to_q", ch, ch, Bias::no),
      to_kv(inner(l) / "attn2", config.cross_attention_dim, {{"to_k", ch}, {"to_v", ch}}, Bias::no),
      to_out2(inner(l) / "attn2" / "to_out" / 0, ch, ch),
      norm3(inner(l) / "norm3", ch, 1e-5f),
      ff_in((inner(l) / "ff" / "net" / 0 / "proj").gated(ch, 4 * ch)),
      ff_out(inner(l) / "ff" / "net" / 2, 4 * ch, ch),
      proj_out(l / "proj_out", ch, ch),
      attn1((inner(l) / "attn1").attention(to_qkv.precision())),
      attn2((inner(l) / "attn2").attention(to_q.w.precision)),
      channels(ch),
      heads(head_count) {
  norm.output_hint = proj_in.as_consumer();
  norm1.output_hint = to_qkv.as_consumer();
  norm2.output_hint = to_q.as_consumer();
  norm3.output_hint = ff_in.as_consumer();
  to_qkv.give_to({Consumer::attention, attn1.precision});
  to_q.output_hint = ConsumerHint{Consumer::attention, attn2.precision};
  to_kv.give_to(*to_q.output_hint);
}

Activation TransformerBlock::operator()(Ctx& c, Activation x, const BlockText& text) const {
  const int ch = channels;
  const Shape image = x->shape;
  Activation h = proj_in(c, norm(c, x)).view(image.n, image.h * image.w, 1);  // pixels are tokens

  Activation qkv = to_qkv(c, norm1(c, h));
  Activation a =
      attention(c, qkv->cols(0, ch), qkv->cols(ch, ch), qkv->cols(2 * ch, ch),
                {heads, heads, attn1.precision, module_of(to_qkv.name()), attn1.grids.get()});
  qkv = {};
  h = to_out1.add_to(c, std::move(h), a);

  Activation q = to_q(c, norm2(c, h));
  const Tensor k = text.kv.tensor.cols(0, ch), v = text.kv.tensor.cols(ch, ch);
  a = attention(c, q, k, v,
                {heads, heads, attn2.precision, module_of(to_q.w.name), attn2.grids.get()});
  if (text.shares) text.shares.add(c, last_of_batch(q), last_of_batch(k), heads);
  q = {};
  h = to_out2.add_to(c, std::move(h), a);
  a = {};

  a = ff_in(c, norm3(c, h), {.fn = Fn::gelu, .gated = true});
  h = ff_out.add_to(c, std::move(h), a);
  a = {};
  return proj_out.add_to(c, std::move(x), h.view(image.n, image.h, image.w));
}

Downsample::Downsample(const WeightBinder& block, int channels, int pad)
    : conv(block / "downsamplers" / 0 / "conv", channels, channels,
           {.stride = 2, .pad_top = pad, .pad_left = pad}) {}

Upsample::Upsample(const WeightBinder& block, int channels)
    : conv(block / "upsamplers" / 0 / "conv", channels, channels, {.upsample = true}) {}

}  // namespace yent
