// The UNet family of Stable Diffusion 1.x and 2.x and of BK-SDM: predicts the noise in a
// latent, given a time and a text. Names and order follow diffusers' UNet2DConditionModel.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/models/blocks.h"
#include "engine/models/noise_predictor.h"

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
  int norm_num_groups = 32;
  float norm_eps = 1e-5f;
  int sample_size = 64;
  bool flip_sin_to_cos = true;
  float freq_shift = 0;

  // Reads unet/config.json. A field that asks for something else than this family is a file
  // error naming it.
  static UNetConfig from_json(const Json& json, const std::string& path);

  // The module of the last self-attention in the first up block that has some; empty: none has.
  std::string similarity_layer() const;
};

// The weights of one UNet. Const functions may be called from several threads at once if each has
// a Ctx of its own. The backend that packed the weights must outlive it.
class UNet : public NoisePredictor {
 public:
  UNet(const WeightBinder& l, const UNetConfig& config);

  const UNetConfig& config() const { return config_; }

  // text {n, tokens, 1, cross_attention_dim}; one row of time per model call.
  Conditioning condition(Ctx& c, Tensor text, std::span<const double> timesteps) const override;

  // latent {n, h, w, in_channels} -> {n, h, w, out_channels}, n as in the conditioning.
  Activation operator()(Ctx& c, Tensor latent, const Conditioning& cond, int call) const override;

  Shape deep_shape(const Shape& latent) const override;
  std::vector<CrossAttention> cross_attentions(const Shape& latent) const override;

 private:
  struct Down {
    std::vector<ResBlock> resnets;
    std::vector<TransformerBlock> attentions;  // none, or one per resnet
    std::optional<Downsample> downsample;
  };
  struct Mid {
    ResBlock resnet0;
    TransformerBlock attention;
    ResBlock resnet1;
  };
  struct Up {
    std::vector<ResBlock> resnets;
    std::vector<TransformerBlock> attentions;
    std::optional<Upsample> upsample;
  };

  struct Call;  // what the layers of one call share

  // From the first convolution's output to the deep features. The skips that are left are those of
  // the shallow layers.
  Activation deep_layers(Call& call, Activation x, std::vector<Activation>& skips) const;
  // The layers of the last block that come after the deep features.
  size_t shallow_layers() const;

  // Binds `<root>.<path>` and adds its time_emb_proj to the stack of all of them.
  ResBlock resnet(const WeightBinder& root, const std::string& path, int in, int out);
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
  std::optional<LinearStack> time_emb_proj_;
};

}  // namespace yent
