// A latent's picture without the decoder: a linear map from the 3x3 latent pixels around each one
// to a small patch of colours, fitted by least squares to what the decoder makes of white noise.
// Noise shows the decoder every direction of the latent space in one pass, so the map fits any VAE,
// and it foretells real pictures as well as a map fitted to other pictures does.
#pragma once

#include <functional>
#include <vector>

#include "engine/diffusion/latent.h"
#include "loaders/image/image.h"

namespace yent {

// Const functions may be called from several threads at once.
class LatentPreview {
 public:
  // Pixels [height * factor][width * factor][3], about [-1, 1], of a latent whose values have unit
  // variance, as denoisers know them. What is not finite is taken for grey.
  using Decode = std::function<std::vector<float>(const Latent&)>;

  // Decodes one latent of kFitSide x kFitSide.
  LatentPreview(int channels, int factor, const Decode& decode);

  // patch() x patch() pixels for each of the latent's. A few thousand products a latent pixel.
  Image operator()(const Latent& latent) const;
  int patch() const { return patch_; }

  static constexpr int kFitSide = 12;

 private:
  int inputs() const { return 9 * channels_ + 1; }
  int outputs() const { return 3 * patch_ * patch_; }
  void gather(const Latent& latent, int x, int y, float* to) const;

  int channels_, patch_;
  std::vector<float> map_;  // [inputs][outputs]
};

}  // namespace yent
