// The autoencoders of Stable Diffusion: latents to pixels and back. Names and order follow
// diffusers' AutoencoderKL; the tiny one (tiny_vae.h) may take its place.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/models/blocks.h"
#include "engine/models/tiny_vae.h"

namespace yent {

class Json;

struct VaeConfig {
  int in_channels = 3, out_channels = 3, latent_channels = 4;
  std::vector<int> block_out_channels = {128, 256, 512, 512};
  int layers_per_block = 2;
  int norm_num_groups = 32;
  float scaling_factor = 0.18215f;
  bool use_quant_conv = true, use_post_quant_conv = true;
  bool mid_attention = true;
  std::optional<TinyVaeConfig> tiny = {};  // an AutoencoderTiny; of the above the channels count

  // Pixels per latent, along one side.
  int factor() const { return 1 << (block_out_channels.size() - 1); }

  // Reads vae/config.json; what this family does not have is a file error naming the field.
  static VaeConfig from_json(const Json& json, const std::string& path);

  // What a host does, in place, to a latent before it is decoded, to the decoder's pixels so that
  // they are in [-1, 1], and to pixels in [-1, 1] before they are encoded.
  void before_decoder(std::vector<float>& latent) const;
  void after_decoder(std::vector<float>& pixels) const;
  void before_encoder(std::vector<float>& pixels) const;
};

// Resnet, attention over all pixels with one head, resnet.
struct VaeMid {
  ResBlock resnet0;
  struct Attention {
    GroupNorm group_norm;
    LinearStack to_qkv;
    Linear to_out;
    AttentionRule rule;
  };
  std::optional<Attention> attention;
  ResBlock resnet1;

  VaeMid(const WeightBinder& l, int channels, const VaeConfig& config);
  Activation operator()(Ctx& c, Activation x) const;
};

// Weights only, as the encoder below: const functions may be called from several threads at once
// if each has a Ctx of its own. The backend that packed the weights must outlive both.
class KlDecoder {
 public:
  KlDecoder(const WeightBinder& l, const VaeConfig& config);
  // {n, h, w, latent_channels}, already divided by the scaling factor -> {n, 8h, 8w, 3}, about
  // [-1, 1].
  Activation operator()(Ctx& c, Tensor latent) const;

 private:
  struct Up {
    std::vector<ResBlock> resnets;
    std::optional<Upsample> upsample;
  };
  std::optional<Linear> post_quant_conv_;
  Conv3x3 conv_in_;
  VaeMid mid_;
  std::vector<Up> up_;
  GroupNorm conv_norm_out_;
  Conv3x3 conv_out_;
};

class KlEncoder {
 public:
  KlEncoder(const WeightBinder& l, const VaeConfig& config);
  // {n, h, w, 3} in [-1, 1] -> {n, h/8, w/8, 2 * latent_channels}: mean, then log variance.
  Activation operator()(Ctx& c, Tensor image) const;

 private:
  struct Down {
    std::vector<ResBlock> resnets;
    std::optional<Downsample> downsample;
  };
  Conv3x3 conv_in_;
  std::vector<Down> down_;
  VaeMid mid_;
  GroupNorm conv_norm_out_;
  Conv3x3 conv_out_;
  std::optional<Linear> quant_conv_;
};

// Either kind of decoder: {n, h, w, latent_channels} -> {n, 8h, 8w, 3}, between before_decoder()
// and after_decoder().
class VaeDecoder {
 public:
  VaeDecoder(const WeightBinder& l, const VaeConfig& config);
  Activation operator()(Ctx& c, Tensor latent) const;

 private:
  std::variant<KlDecoder, TinyDecoder> network_;
};

// Either kind of encoder, after before_encoder(): the moments of a distribution, or of the tiny one
// a latent, which has half the channels.
class VaeEncoder {
 public:
  VaeEncoder(const WeightBinder& l, const VaeConfig& config);
  Activation operator()(Ctx& c, Tensor image) const;

 private:
  std::variant<KlEncoder, TinyEncoder> network_;
};

}  // namespace yent
