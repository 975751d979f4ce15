// The UNet family of Stable Diffusion 1.x and 2.x and of BK-SDM: predicts the noise in a
// latent, given a time and a text. Names and order follow diffusers' UNet2DConditionModel.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/core/nn.h"

namespace yent {

class Json;

struct UNetConfig {
  int in_channels = 4, out_channels = 4;
  std::vector<int> block_out_channels = {320, 640, 1280, 1280};
  std::vector<bool> down_attention = {true, true, true, false};  // CrossAttnDownBlock2D
  std::vector<bool> up_attention = {false, true, true, true};
  bool mid_block = true;
  int layers_per_block = 2;
  int cross_attention_dim = 768;
  std::vector<int> heads = {8, 8, 8, 8};  // of attention, per down block
  bool linear_projection = false;
  int norm_num_groups = 32;
  float norm_eps = 1e-5f;
  int sample_size = 64;
  bool flip_sin_to_cos = true;
  float freq_shift = 0;

  // Reads unet/config.json. A field that asks for something else than this family is a file
  // error naming it.
  static UNetConfig from_json(const Json& json, const std::string& path);
};

struct ResBlock {
  GroupNorm norm1;
  Conv3x3 conv1;
  GroupNorm norm2;
  Conv3x3 conv2;
  std::optional<Linear> conv_shortcut;
  int time_column = 0;  // where this block's bias stands in a row of Conditioning::time

  // Blocks without a time embedding (the VAE's) are given no `time`. Channels of a `skip` stand
  // behind those of x.
  ResBlock(const WeightBinder& l, int in, int out, int groups, float eps);
  Activation operator()(Ctx& c, Activation x, Tensor time = {}, Activation skip = {}) const;
};

struct TransformerBlock {
  GroupNorm norm;
  Linear proj_in;
  LayerNorm norm1;
  Linear to_qkv, to_out1;
  LayerNorm norm2;
  Linear to_q, to_kv, to_out2;  // to_kv reads the text, once per prompt
  LayerNorm norm3;
  Linear ff_in, ff_out, proj_out;
  int channels, heads;

  TransformerBlock(const WeightBinder& l, int channels, int heads, const UNetConfig& config);
  Activation operator()(Ctx& c, Activation x, Tensor text_kv) const;
};

// What a prompt and a schedule fix for every step.
struct Conditioning {
  PersistentTensor time;      // {1, calls, 1, all blocks' channels}: time_emb_proj of every call
  PersistentTensor now = {};  // {1, 1, 1, ..}: where set, the row of the call that is due
  std::vector<PersistentTensor>
      kv;  // per transformer, in the order of the forward: {n, 77, 1, 2 c}
};

class UNet {
 public:
  UNet(const WeightBinder& l, const UNetConfig& config);

  const UNetConfig& config() const { return config_; }

  // text {n, tokens, 1, cross_attention_dim}; one row of time per model call.
  Conditioning condition(Ctx& c, Tensor text, std::span<const double> timesteps) const;

  // latent {n, h, w, in_channels} -> {n, h, w, out_channels}, n as in the conditioning.
  Activation operator()(Ctx& c, Tensor latent, const Conditioning& cond, int call) const;

 private:
  struct Down {
    std::vector<ResBlock> resnets;
    std::vector<TransformerBlock> attentions;  // none, or one per resnet
    std::optional<Conv3x3> downsample;
  };
  struct Mid {
    ResBlock resnet0;
    TransformerBlock attention;
    ResBlock resnet1;
  };
  struct Up {
    std::vector<ResBlock> resnets;
    std::vector<TransformerBlock> attentions;
    std::optional<Conv3x3> upsample;
  };

  // Takes a resnet and books its time_emb_proj in the row of all of them.
  ResBlock resnet(const WeightBinder& l, const std::string& path, int in, int out);
  std::vector<const TransformerBlock*> transformers() const;

  UNetConfig config_;
  std::vector<WeightBinder::Row> time_rows_;
  int time_columns_ = 0;
  Conv3x3 conv_in_;
  Linear time_linear_1_, time_linear_2_;
  std::vector<Down> down_;
  std::optional<Mid> mid_;
  std::vector<Up> up_;
  GroupNorm conv_norm_out_;
  Conv3x3 conv_out_;
  std::optional<Linear> time_emb_proj_;
};

}  // namespace yent
