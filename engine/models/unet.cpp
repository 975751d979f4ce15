#include "engine/models/unet.h"

#include <cmath>

#include "kernels/error.h"

namespace yent {
namespace {

Activation pop(std::vector<Activation>& skips) {
  Activation last = skips.back();
  skips.pop_back();
  return last;
}

// Names of a transformer's inner layers, which all stand behind the same long path.
WeightBinder inner(const WeightBinder& l) { return l / "transformer_blocks" / 0; }

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
  if (conv_shortcut) x = (*conv_shortcut)(c, {x, skip});
  skip = {};
  return conv2.add_to(c, std::move(x), norm2.silu(h));
}

TransformerBlock::TransformerBlock(const WeightBinder& l, int ch, int head_count,
                                   const UNetConfig& config)
    : norm(l / "norm", ch, config.norm_num_groups, 1e-6f),
      proj_in(l / "proj_in", ch, ch),
      norm1(inner(l) / "norm1", ch, 1e-5f),
      to_qkv(
          (inner(l) / "attn1").stacked(ch, {{"to_q", ch}, {"to_k", ch}, {"to_v", ch}}, Bias::no)),
      to_out1(inner(l) / "attn1" / "to_out" / 0, ch, ch),
      norm2(inner(l) / "norm2", ch, 1e-5f),
      to_q(inner(l) / "attn2" / "to_q", ch, ch, Bias::no),
      to_kv((inner(l) / "attn2")
                .stacked(config.cross_attention_dim, {{"to_k", ch}, {"to_v", ch}}, Bias::no)),
      to_out2(inner(l) / "attn2" / "to_out" / 0, ch, ch),
      norm3(inner(l) / "norm3", ch, 1e-5f),
      ff_in((inner(l) / "ff" / "net" / 0 / "proj").gated(ch, 4 * ch)),
      ff_out(inner(l) / "ff" / "net" / 2, 4 * ch, ch),
      proj_out(l / "proj_out", ch, ch),
      channels(ch),
      heads(head_count) {
  norm.output_hint = proj_in.as_consumer();
  norm1.output_hint = to_qkv.as_consumer();
  norm2.output_hint = to_q.as_consumer();
  norm3.output_hint = ff_in.as_consumer();
  to_qkv.output_hint = ConsumerHint{Consumer::attention, to_qkv.w.precision};
  to_q.output_hint = ConsumerHint{Consumer::attention, to_q.w.precision};
  to_kv.output_hint = ConsumerHint{Consumer::attention, to_q.w.precision};
}

Activation TransformerBlock::operator()(Ctx& c, Activation x, Tensor text_kv) const {
  const int ch = channels;
  const Shape image = x->shape;
  Activation h = proj_in(c, norm(c, x)).view(image.n, image.h * image.w, 1);  // pixels are tokens

  Activation qkv = to_qkv(c, norm1(c, h));
  Activation a = attention(c, qkv->cols(0, ch), qkv->cols(ch, ch), qkv->cols(2 * ch, ch),
                           {heads, heads, to_qkv.w.precision, module_of(to_qkv)});
  qkv = {};
  h = to_out1.add_to(c, std::move(h), a);

  Activation q = to_q(c, norm2(c, h));
  a = attention(c, q, text_kv.cols(0, ch), text_kv.cols(ch, ch),
                {heads, heads, to_q.w.precision, module_of(to_q)});
  q = {};
  h = to_out2.add_to(c, std::move(h), a);
  a = {};

  a = ff_in(c, norm3(c, h), {.fn = Fn::gelu, .gated = true});
  h = ff_out.add_to(c, std::move(h), a);
  a = {};
  return proj_out.add_to(c, std::move(x), h.view(image.n, image.h, image.w));
}

ResBlock UNet::resnet(const WeightBinder& l, const std::string& path, int in, int out) {
  ResBlock block(l / path, in, out, config_.norm_num_groups, config_.norm_eps);
  block.time_column = time_columns_;
  time_rows_.push_back({path + ".time_emb_proj", out});
  time_columns_ += out;
  return block;
}

UNet::UNet(const WeightBinder& l, const UNetConfig& config)
    : config_(config),
      conv_in_(l / "conv_in", config.in_channels, config.block_out_channels[0]),
      time_linear_1_(l / "time_embedding" / "linear_1", config.block_out_channels[0],
                     4 * config.block_out_channels[0]),
      time_linear_2_(l / "time_embedding" / "linear_2", 4 * config.block_out_channels[0],
                     4 * config.block_out_channels[0]),
      conv_norm_out_(l / "conv_norm_out", config.block_out_channels[0], config.norm_num_groups,
                     config.norm_eps),
      conv_out_(l / "conv_out", config.block_out_channels[0], config.out_channels) {
  const std::vector<int>& channels = config.block_out_channels;
  const size_t levels = channels.size();

  int in = channels[0];
  std::vector<int> skips{in};
  for (size_t i = 0; i < levels; ++i) {
    const WeightBinder block = l / "down_blocks" / i;
    Down& d = down_.emplace_back();
    for (int j = 0; j < config.layers_per_block; ++j) {
      const std::string path = fmt::format("down_blocks.{}.resnets.{}", i, j);
      d.resnets.push_back(resnet(l, path, in, channels[i]));
      if (config.down_attention[i]) {
        d.attentions.emplace_back(block / "attentions" / j, channels[i], config.heads[i], config);
      }
      skips.push_back(in = channels[i]);
    }
    if (i + 1 < levels) {
      d.downsample.emplace(block / "downsamplers" / 0 / "conv", in, in, ConvGeom{.stride = 2});
      skips.push_back(in);
    }
  }

  if (config.mid_block) {
    ResBlock resnet0 = resnet(l, "mid_block.resnets.0", in, in);
    TransformerBlock attention(l / "mid_block.attentions.0", in, config.heads.back(), config);
    ResBlock resnet1 = resnet(l, "mid_block.resnets.1", in, in);
    mid_.emplace(Mid{std::move(resnet0), std::move(attention), std::move(resnet1)});
  }

  for (size_t i = 0; i < levels; ++i) {
    const WeightBinder block = l / "up_blocks" / i;
    const size_t level = levels - 1 - i;
    Up& u = up_.emplace_back();
    for (int j = 0; j <= config.layers_per_block; ++j) {
      const std::string path = fmt::format("up_blocks.{}.resnets.{}", i, j);
      u.resnets.push_back(resnet(l, path, in + skips.back(), channels[level]));
      skips.pop_back();
      in = channels[level];
      if (config.up_attention[i]) {
        u.attentions.emplace_back(block / "attentions" / j, in, config.heads[level], config);
      }
    }
    if (level > 0) {
      u.upsample.emplace(block / "upsamplers" / 0 / "conv", in, in, ConvGeom{.upsample = true});
    }
  }
  time_emb_proj_.emplace(l.stacked(4 * channels[0], time_rows_, Bias::yes));
  conv_out_.output_hint = ConsumerHint{};  // the noise, exact
}

std::vector<const TransformerBlock*> UNet::transformers() const {
  std::vector<const TransformerBlock*> all;
  for (const Down& d : down_) {
    for (const TransformerBlock& t : d.attentions) all.push_back(&t);
  }
  if (mid_) all.push_back(&mid_->attention);
  for (const Up& u : up_) {
    for (const TransformerBlock& t : u.attentions) all.push_back(&t);
  }
  return all;
}

Conditioning UNet::condition(Ctx& c, Tensor text, std::span<const double> timesteps) const {
  const int calls = static_cast<int>(timesteps.size()), width = config_.block_out_channels[0];
  const int half = width / 2;
  // Sinusoids in float, as PyTorch computes them (get_timestep_embedding of diffusers).
  std::vector<float> sinusoid(static_cast<size_t>(calls) * width);
  for (int call = 0; call < calls; ++call) {
    for (int i = 0; i < half; ++i) {
      const float exponent = -std::log(10000.0f) * static_cast<float>(i) /
                             (static_cast<float>(half) - config_.freq_shift);
      const float angle = static_cast<float>(timesteps[call]) * std::exp(exponent);
      float* row = &sinusoid[static_cast<size_t>(call) * width];
      row[config_.flip_sin_to_cos ? i : half + i] = std::cos(angle);
      row[config_.flip_sin_to_cos ? half + i : i] = std::sin(angle);
    }
  }
  Conditioning cond;
  const PersistentTensor steps = c.backend.allocate({1, calls, 1, width}, DType::f32);
  c.backend.write(steps, sinusoid.data());
  cond.time = c.backend.allocate({1, calls, 1, time_columns_}, DType::f32);
  for (const TransformerBlock* t : transformers()) {
    const Layout kv = c.backend.layout(text.shape.with_c(2 * t->channels), *t->to_kv.output_hint);
    cond.kv.push_back(c.backend.allocate(kv.tensor.shape, kv.tensor.dtype));
  }
  c.ws.run(fmt::format("condition {} {}", text.rows(), calls), [&] {
    // Every block applies SiLU to the embedding before its projection: once is enough.
    Activation time = time_linear_1_(c, steps.tensor, {.fn = Fn::silu});
    time = time_linear_2_(c, time, {.fn = Fn::silu});
    c.backend.linear(c.ws, cond.time, Tensor(time), time_emb_proj_->w, {});
    auto kv = cond.kv.begin();
    for (const TransformerBlock* t : transformers()) {
      c.backend.linear(c.ws, *kv++, text, t->to_kv.w, {});
    }
  });
  return cond;
}

Activation UNet::operator()(Ctx& c, Tensor latent, const Conditioning& cond, int call) const {
  Tensor time = cond.now ? cond.now.tensor : cond.time.tensor.slice(call, 1);
  time.shape.h = latent.shape.n;  // the same row for every image
  time.ld = 0;
  auto kv = cond.kv.begin();

  Activation x = conv_in_(c, latent);  // {n, 64, 64, 320}
  std::vector<Activation> skips{x};
  for (const Down& d : down_) {
    for (size_t i = 0; i < d.resnets.size(); ++i) {
      x = d.resnets[i](c, std::move(x), time);
      if (!d.attentions.empty()) x = d.attentions[i](c, std::move(x), *kv++);
      skips.push_back(x);
    }
    if (d.downsample) skips.push_back(x = (*d.downsample)(c, x));
  }
  if (mid_) {
    x = mid_->resnet0(c, std::move(x), time);
    x = mid_->attention(c, std::move(x), *kv++);
    x = mid_->resnet1(c, std::move(x), time);
  }
  for (const Up& u : up_) {
    for (size_t i = 0; i < u.resnets.size(); ++i) {
      x = u.resnets[i](c, std::move(x), time, pop(skips));
      if (!u.attentions.empty()) x = u.attentions[i](c, std::move(x), *kv++);
    }
    // To the next skip's exact size: an odd one was halved upwards.
    if (u.upsample) x = u.upsample->upsample(c, x, skips.back()->shape.h, skips.back()->shape.w);
  }
  return conv_out_(c, conv_norm_out_.silu(x));  // {n, 64, 64, 4}: the predicted noise
}

}  // namespace yent
