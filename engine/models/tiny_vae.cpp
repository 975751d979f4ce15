#include "engine/models/tiny_vae.h"

#include <array>

#include "engine/models/vae.h"

namespace yent {
namespace {

Activation rectified(Ctx& c, Activation x, const Tensor& ones) {
  c.backend.linear_combination(c.ws, x, std::array{Tensor(x)}, ones.cols(0, 1), true);
  return x;
}

}  // namespace

PersistentTensor TinyDecoder::ones(Backend& backend) {
  const PersistentTensor made = backend.allocate({1, 1, 1, 2}, DType::f32);
  backend.write(made, std::array{1.0f, 1.0f}.data());
  return made;
}

TinyDecoder::Block TinyDecoder::block(const WeightBinder& layer, int channels) {
  const WeightBinder conv = layer / "conv";
  return {Conv3x3(conv / 0, channels, channels), Conv3x3(conv / 2, channels, channels),
          Conv3x3(conv / 4, channels, channels)};
}

Activation TinyDecoder::run(Ctx& c, const Block& block, Activation x, const Tensor& ones) {
  Activation h = rectified(c, block.first(c, x), ones);
  h = rectified(c, block.second(c, h), ones);
  h = block.third(c, h);
  c.backend.linear_combination(c.ws, h, std::array{Tensor(h), Tensor(x)}, ones, true);
  return h;
}

TinyDecoder::TinyDecoder(const WeightBinder& l, const VaeConfig& config)
    : conv_in_(l / "decoder.layers" / 0, config.latent_channels, config.tiny->decoder_channels),
      ones_(ones(l.backend())) {
  const WeightBinder layers = l / "decoder.layers";
  const int channels = config.tiny->decoder_channels;
  size_t at = 2;  // after the first convolution and its ReLU
  for (const int count : config.tiny->decoder_blocks) {
    std::vector<Block> blocks;
    for (int i = 0; i < count; ++i) blocks.push_back(block(layers / at++, channels));
    if (levels_.size() + 1 == config.tiny->decoder_blocks.size()) {
      levels_.push_back({std::move(blocks), Conv3x3(layers / at, channels, config.out_channels)});
      levels_.back().next.output_hint = ConsumerHint{};  // the pixels, exact
    } else {
      ++at;  // the doubling is a layer without weights
      Conv3x3 doubles(layers / at++, channels, channels, {.upsample = true}, Bias::no);
      levels_.push_back({std::move(blocks), std::move(doubles)});
    }
  }
}

Activation TinyDecoder::operator()(Ctx& c, Tensor latent) const {
  Activation x = rectified(c, conv_in_(c, latent), ones_);
  for (const Level& level : levels_) {
    for (const Block& block : level.blocks) x = run(c, block, std::move(x), ones_);
    const bool last = &level == &levels_.back();
    x = last ? level.next(c, x) : level.next.upsample(c, x, 2 * x->shape.h, 2 * x->shape.w);
  }
  return x;
}

TinyEncoder::TinyEncoder(const WeightBinder& l, const VaeConfig& config)
    : conv_in_(l / "encoder.layers" / 0, config.in_channels, config.tiny->encoder_channels),
      ones_(TinyDecoder::ones(l.backend())) {
  const WeightBinder layers = l / "encoder.layers";
  const int channels = config.tiny->encoder_channels;
  size_t at = 1;
  for (const int count : config.tiny->encoder_blocks) {
    std::vector<TinyDecoder::Block> blocks;
    for (int i = 0; i < count; ++i) blocks.push_back(TinyDecoder::block(layers / at++, channels));
    if (levels_.size() + 1 == config.tiny->encoder_blocks.size()) {
      levels_.push_back(
          {std::move(blocks), Conv3x3(layers / at, channels, config.latent_channels)});
      levels_.back().next.output_hint = ConsumerHint{};  // the latent, exact
    } else {
      Conv3x3 halves(layers / at++, channels, channels, {.stride = 2}, Bias::no);
      levels_.push_back({std::move(blocks), std::move(halves)});
    }
  }
}

Activation TinyEncoder::operator()(Ctx& c, Tensor image) const {
  Activation x = conv_in_(c, image);
  for (const TinyDecoder::Level& level : levels_) {
    for (const TinyDecoder::Block& block : level.blocks) {
      x = TinyDecoder::run(c, block, std::move(x), ones_);
    }
    x = level.next(c, x);
  }
  return x;
}

}  // namespace yent
