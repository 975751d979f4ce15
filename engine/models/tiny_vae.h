// The tiny autoencoder of latents (TAESD): convolutions of one width and ReLU, without norms and
// attention. Names and order follow diffusers' AutoencoderTiny.
#pragma once

#include <optional>
#include <vector>

#include "engine/core/nn.h"

namespace yent {

struct VaeConfig;

// Blocks of every level, from the first to be run.
struct TinyVaeConfig {
  std::vector<int> encoder_blocks = {1, 3, 3, 3}, decoder_blocks = {3, 3, 3, 1};
  int encoder_channels = 64, decoder_channels = 64;
};

// Weights only, as the encoder below: const functions may be called from several threads at once if
// each has a Ctx of its own. The backend that packed the weights must outlive both.
class TinyDecoder {
 public:
  TinyDecoder(const WeightBinder& l, const VaeConfig& config);
  // {n, h, w, latent_channels} within [-3, 3] -> {n, 8h, 8w, 3}, about [0, 1].
  Activation operator()(Ctx& c, Tensor latent) const;

 private:
  friend class TinyEncoder;
  // max(0, convolutions of x, plus x)
  struct Block {
    Conv3x3 first, second, third;
  };
  struct Level {
    std::vector<Block> blocks;
    Conv3x3 next;  // between two levels it doubles or halves the image
  };
  static Block block(const WeightBinder& layer, int channels);
  // f32 {1, 1, 1, 2}: ones, the coefficients of sums.
  static PersistentTensor ones(Backend& backend);
  static Activation run(Ctx& c, const Block& block, Activation x, const Tensor& ones);

  Conv3x3 conv_in_;
  std::vector<Level> levels_;
  PersistentTensor ones_;
};

class TinyEncoder {
 public:
  TinyEncoder(const WeightBinder& l, const VaeConfig& config);
  // {n, h, w, 3} in [0, 1] -> {n, h/8, w/8, latent_channels}: a latent, not a distribution.
  Activation operator()(Ctx& c, Tensor image) const;

 private:
  Conv3x3 conv_in_;
  std::vector<TinyDecoder::Level> levels_;
  PersistentTensor ones_;
};

}  // namespace yent
