#include "engine/models/unet.h"

#include <array>

#include "kernels/error.h"
#include "kernels/portable_math.h"

namespace yent {
namespace {

Activation pop(std::vector<Activation>& skips) {
  Activation last = skips.back();
  skips.pop_back();
  return last;
}

// Of a UNet's block, such as "down_blocks.0.resnets.1": the path of its weights and, with
// `.time_emb_proj`, of its row in the stack.
std::string resnet_path(const char* blocks, size_t block, int resnet) {
  return fmt::format("{}.{}.resnets.{}", blocks, block, resnet);
}

}  // namespace

ResBlock UNet::resnet(const WeightBinder& root, const std::string& path, int in, int out) {
  ResBlock block(root / path, in, out, config_.norm_num_groups, config_.norm_eps);
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
  const TransformerConfig text{config.norm_num_groups, config.cross_attention_dim};

  int in = channels[0];
  std::vector<int> skips{in};
  for (size_t i = 0; i < levels; ++i) {
    const WeightBinder block = l / "down_blocks" / i;
    Down& d = down_.emplace_back();
    for (int j = 0; j < config.layers_per_block; ++j) {
      d.resnets.push_back(resnet(l, resnet_path("down_blocks", i, j), in, channels[i]));
      if (config.down_attention[i]) {
        d.attentions.emplace_back(block / "attentions" / j, channels[i], config.heads[i], text);
      }
      skips.push_back(in = channels[i]);
    }
    if (i + 1 < levels) {
      d.downsample.emplace(block, in);
      skips.push_back(in);
    }
  }

  if (config.mid_block) {
    ResBlock resnet0 = resnet(l, "mid_block.resnets.0", in, in);
    TransformerBlock attention(l / "mid_block.attentions.0", in, config.heads.back(), text);
    ResBlock resnet1 = resnet(l, "mid_block.resnets.1", in, in);
    mid_.emplace(Mid{std::move(resnet0), std::move(attention), std::move(resnet1)});
  }

  for (size_t i = 0; i < levels; ++i) {
    const WeightBinder block = l / "up_blocks" / i;
    const size_t level = levels - 1 - i;
    Up& u = up_.emplace_back();
    for (int j = 0; j <= config.layers_per_block; ++j) {
      u.resnets.push_back(
          resnet(l, resnet_path("up_blocks", i, j), in + skips.back(), channels[level]));
      skips.pop_back();
      in = channels[level];
      if (config.up_attention[i]) {
        u.attentions.emplace_back(block / "attentions" / j, in, config.heads[level], text);
      }
    }
    if (level > 0) {
      u.upsample.emplace(block, in);
    }
  }
  time_emb_proj_.emplace(l, 4 * channels[0], time_rows_, Bias::yes);
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

std::vector<CrossAttention> UNet::cross_attentions(const Shape& latent) const {
  std::vector<CrossAttention> all;
  const auto halvings = [](int side, size_t count) {  // each rounds up
    return static_cast<int>(ceil_div(side, 1 << count));
  };
  const auto add = [&](std::span<const TransformerBlock> blocks, size_t level) {
    for (const TransformerBlock& t : blocks) {
      all.push_back({halvings(latent.h, level), halvings(latent.w, level), t.channels, t.heads});
    }
  };
  for (size_t i = 0; i < down_.size(); ++i) add(down_[i].attentions, i);
  if (mid_) add({&mid_->attention, 1}, down_.size() - 1);
  for (size_t i = 0; i < up_.size(); ++i) add(up_[i].attentions, up_.size() - 1 - i);
  return all;
}

Conditioning UNet::condition(Ctx& c, Tensor text, std::span<const double> timesteps) const {
  const int calls = static_cast<int>(timesteps.size()), width = config_.block_out_channels[0];
  const int half = width / 2;
  // Sinusoids in float, as PyTorch computes them (get_timestep_embedding of diffusers).
  const bool exact = c.backend.exact();
  const float log_10000 = 9.21034037f;
  std::vector<float> sinusoid(static_cast<size_t>(calls) * width);
  for (int call = 0; call < calls; ++call) {
    for (int i = 0; i < half; ++i) {
      const float exponent =
          -log_10000 * static_cast<float>(i) / (static_cast<float>(half) - config_.freq_shift);
      const float angle = static_cast<float>(timesteps[call]) * portable::exp(exponent, exact);
      float* row = &sinusoid[static_cast<size_t>(call) * width];
      row[config_.flip_sin_to_cos ? i : half + i] = portable::cos(angle, exact);
      row[config_.flip_sin_to_cos ? half + i : i] = portable::sin(angle, exact);
    }
  }
  Conditioning cond;
  const PersistentTensor steps = c.backend.allocate({1, calls, 1, width}, DType::f32);
  c.backend.write(steps, sinusoid.data());
  cond.time = c.backend.allocate({1, calls, 1, time_columns_}, DType::f32);
  for (const TransformerBlock* t : transformers()) {
    const Layout kv = c.backend.layout(text.shape.with_c(2 * t->channels), *t->to_kv.output_hint);
    cond.texts.push_back({c.backend.allocate(kv.tensor.shape, kv.tensor.dtype)});
  }
  c.ws.run(fmt::format("condition {} {} {}", text.shape.n, text.shape.h, calls), [&] {
    // Every block applies SiLU to the embedding before its projection: once is enough.
    Activation time = time_linear_1_(c, steps.tensor, {.fn = Fn::silu});
    time = time_linear_2_(c, time, {.fn = Fn::silu});
    time_emb_proj_->write_to(c, cond.time, Tensor(time));
    auto of_block = cond.texts.begin();
    for (const TransformerBlock* t : transformers()) {
      t->to_kv.write_to(c, (of_block++)->kv, text);
    }
  });
  return cond;
}

struct UNet::Call {
  Ctx& c;
  Tensor time;
  std::vector<BlockText>::const_iterator text;  // of the next transformer block
};

namespace {

// Layer i of a block: a resnet and, where the block has them, attention to the text.
template <class Call, class Block>
Activation run_layer(Call& call, const Block& block, size_t i, Activation x, Activation skip = {}) {
  x = block.resnets[i](call.c, std::move(x), call.time, std::move(skip));
  if (block.attentions.empty()) return x;
  return block.attentions[i](call.c, std::move(x), *call.text++);
}

}  // namespace

size_t UNet::shallow_layers() const { return 1; }

Shape UNet::deep_shape(const Shape& latent) const {
  const std::vector<int>& channels = config_.block_out_channels;
  const bool inside = shallow_layers() < up_.back().resnets.size();
  return latent.with_c(inside || channels.size() == 1 ? channels[0] : channels[1]);
}

Activation UNet::deep_layers(Call& call, Activation x, std::vector<Activation>& skips) const {
  for (const Down& d : down_) {
    for (size_t i = 0; i < d.resnets.size(); ++i) {
      skips.push_back(x = run_layer(call, d, i, std::move(x)));
    }
    if (d.downsample) skips.push_back(x = (*d.downsample)(call.c, x));
  }
  if (mid_) {
    x = mid_->resnet0(call.c, std::move(x), call.time);
    x = mid_->attention(call.c, std::move(x), *call.text++);
    x = mid_->resnet1(call.c, std::move(x), call.time);
  }
  for (const Up& u : up_) {
    const size_t left = &u == &up_.back() ? shallow_layers() : 0;
    for (size_t i = 0; i + left < u.resnets.size(); ++i) {
      x = run_layer(call, u, i, std::move(x), pop(skips));
    }
    // To the exact size of the next skip: halving rounded an odd size up.
    if (u.upsample) x = (*u.upsample)(call.c, x, skips.back()->shape.h, skips.back()->shape.w);
  }
  return x;
}

Activation UNet::operator()(Ctx& c, Tensor latent, const Conditioning& cond, int call) const {
  Tensor time = cond.now ? cond.now.tensor : cond.time.tensor.slice(call, 1);
  time.shape.h = latent.shape.n;  // the same row for every image
  time.ld = 0;
  Call now{c, time, cond.texts.begin()};
  const Up& last = up_.back();
  const size_t shallow = shallow_layers(), deep = last.resnets.size() - shallow;

  Activation x = conv_in_(c, latent);  // {n, 64, 64, 320}
  std::vector<Activation> skips{x};
  if (cond.deep.kept && cond.deep.taken) {
    for (size_t i = 0; i + 1 < shallow; ++i) {
      skips.push_back(x = run_layer(now, down_[0], i, std::move(x)));
    }
    x = {cond.deep.kept, cond.deep.kept.memory};
    if (!last.attentions.empty()) now.text = cond.texts.end() - static_cast<ptrdiff_t>(shallow);
  } else {
    x = deep_layers(now, std::move(x), skips);
    if (cond.deep.kept) {
      c.backend.linear_combination(c.ws, cond.deep.kept, std::array{Tensor(x)}, cond.deep.one);
    }
  }
  for (size_t i = deep; i < last.resnets.size(); ++i) {
    x = run_layer(now, last, i, std::move(x), pop(skips));
  }
  return conv_out_(c, conv_norm_out_.silu(x));  // {n, 64, 64, 4}: the predicted noise
}

}  // namespace yent
