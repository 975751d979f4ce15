// Where denoising begins: unit noise, a noised picture, or a picture of which a part is repainted.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/core/random.h"
#include "engine/diffusion/latent.h"
#include "engine/diffusion/samplers/schedule.h"
#include "loaders/image/image.h"

namespace yent {

// For each pixel of a picture, row by row: 1 where it is repainted, else 0.
using Mask = std::vector<uint8_t>;

// White is repainted: what is half bright and more, after resizing as Pillow does.
Mask read_mask(const Image& picture, int width, int height);

// What the VAE sees of a picture, [2 * channels, height, width]: mean and log variance; or of a
// tiny autoencoder the latent, [channels, height, width].
struct EncodedPicture {
  Latent moments;
  std::optional<Latent> masked = {};  // of the picture with grey where it is repainted
  Mask mask = {};                     // of the latent's pixels; empty where there is no masked
};

// Unit noise that is given, an encoded picture, or neither: then the seed's noise. Borrowed.
struct Start {
  const Latent* noise = nullptr;
  const EncodedPicture* picture = nullptr;
};

// What repainting needs beside the schedule.
struct Repaint {
  Mask mask;                  // of the latent's pixels
  std::vector<float> inputs;  // [channels + 1, h, w], further inputs of the network: the mask and
                              // the latent of the masked picture; or, if empty:
  std::vector<float> picture, noise;  // [channels, h, w], what stays where the mask is 0
};

struct StartSpec {
  Shape latent;          // of one picture
  float scaling_factor;  // of the VAE
  double strength;       // 1 begins a repainted picture with noise alone
  bool network_takes_mask;
  bool exact;  // the same bits on every machine (Backend::exact)
};

struct Beginning {
  std::vector<float> x;  // [channels, h, w]
  bool is_noise;         // unit noise, which the schedule still scales
  std::optional<Repaint> repaint = {};
};

// Draws as diffusers' pipelines do, in their order: the encoder's noise, the added noise, and with
// a mask the encoder's noise for the masked picture.
Beginning begin(const Start& start, const StartSpec& spec, const Schedule& schedule,
                NoiseSource& noise);

}  // namespace yent
