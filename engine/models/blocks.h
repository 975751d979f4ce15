// The blocks that the UNet and the VAE of Stable Diffusion share, under the names of diffusers.
// Const functions may be called from several threads at once if each has a Ctx of its own.
#pragma once

#include <optional>

#include "engine/models/noise_predictor.h"

namespace yent {

// x + conv2(silu(norm2(conv1(silu(norm1(x))) + time))); conv_shortcut fits the channels of x.
struct ResBlock {
  GroupNorm norm1;
  Conv3x3 conv1;
  GroupNorm norm2;
  Conv3x3 conv2;
  std::optional<Linear> conv_shortcut;
  int time_column = 0;  // first column of this block's bias in a row of Conditioning::time

  // Blocks without a time embedding (the VAE's) get no `time`. Channels of a `skip` follow those
  // of x.
  ResBlock(const WeightBinder& l, int in, int out, int groups, float eps);
  Activation operator()(Ctx& c, Activation x, Tensor time = {}, Activation skip = {}) const;
};

struct TransformerConfig {
  int norm_num_groups, cross_attention_dim;
};

// Attention over the pixels, attention over the text, and a gated feed-forward layer.
struct TransformerBlock {
  GroupNorm norm;
  Linear proj_in;
  LayerNorm norm1;
  LinearStack to_qkv;
  Linear to_out1;
  LayerNorm norm2;
  Linear to_q;
  LinearStack to_kv;  // reads the text, once per prompt
  Linear to_out2;
  LayerNorm norm3;
  Linear ff_in, ff_out, proj_out;
  AttentionRule attn1, attn2;
  int channels, heads;

  TransformerBlock(const WeightBinder& l, int channels, int heads, const TransformerConfig& config);
  Activation operator()(Ctx& c, Activation x, const BlockText& text) const;
};

// Halves height and width: `<block>.downsamplers.0.conv`. `pad` is the padding at the top and on
// the left; the other two sides always have 1.
struct Downsample {
  Conv3x3 conv;

  Downsample(const WeightBinder& block, int channels, int pad = 1);
  Activation operator()(Ctx& c, Tensor x) const { return conv(c, x); }
};

// Enlarges x to {height, width}: `<block>.upsamplers.0.conv`.
struct Upsample {
  Conv3x3 conv;

  Upsample(const WeightBinder& block, int channels);
  Activation operator()(Ctx& c, Tensor x, int height, int width) const {
    return conv.upsample(c, x, height, width);
  }
};

}  // namespace yent
