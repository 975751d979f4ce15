#include "engine/diffusion/start.h"

#include <algorithm>
#include <cmath>

#include "kernels/portable_math.h"

namespace yent {

Mask read_mask(const Image& picture, int width, int height) {
  const Image fitted = resize(picture, width, height);
  Mask mask(static_cast<size_t>(width) * height);
  for (size_t i = 0; i < mask.size(); ++i) {
    const uint8_t* p = &fitted.rgb[3 * i];
    // Pillow's grey of 16-bit weights.
    const int grey = (p[0] * 19595 + p[1] * 38470 + p[2] * 7471 + (1 << 15)) >> 16;
    mask[i] = grey >= 128;
  }
  return mask;
}

namespace {

class Draws {
 public:
  Draws(const StartSpec& spec, NoiseSource& noise) : spec_(spec), noise_(noise) {}

  std::vector<float> normal() {
    std::vector<float> values(spec_.latent.count());
    noise_.normal(values.data(), values.size());
    return values;
  }

  // A latent from the encoder's distribution.
  std::vector<float> latent(const Latent& moments) {
    if (moments.values.size() == spec_.latent.count()) {  // no distribution, so nothing is drawn
      std::vector<float> known = moments.values;
      for (float& value : known) value *= spec_.scaling_factor;
      return known;
    }
    std::vector<float> z = normal();
    for (size_t i = 0; i < z.size(); ++i) {
      const float log_variance = std::clamp(moments.values[z.size() + i], -30.0f, 20.0f);
      z[i] = moments.values[i] + portable::exp(0.5f * log_variance, spec_.exact) * z[i];
      z[i] *= spec_.scaling_factor;
    }
    return z;
  }

 private:
  const StartSpec& spec_;
  NoiseSource& noise_;
};

}  // namespace

Beginning begin(const Start& start, const StartSpec& spec, const Schedule& schedule,
                NoiseSource& noise) {
  Draws draws(spec, noise);
  if (!start.picture) return {start.noise ? start.noise->values : draws.normal(), true};
  const EncodedPicture& picture = *start.picture;
  const bool repaints = picture.masked.has_value(), from_noise = repaints && spec.strength == 1;
  std::vector<float> z;
  if (!from_noise || !spec.network_takes_mask) z = draws.latent(picture.moments);
  Beginning result{draws.normal(), from_noise};
  std::vector<float> added = result.x;
  const Mixture& at = schedule.calls.front().level;
  for (size_t i = 0; !from_noise && i < z.size(); ++i) {
    result.x[i] = static_cast<float>(at.picture * z[i] + at.noise * added[i]);
  }
  if (!repaints) return result;
  const std::vector<float> masked = draws.latent(*picture.masked);
  Repaint& repaint = result.repaint.emplace();
  repaint.mask = picture.mask;
  if (spec.network_takes_mask) {
    repaint.inputs.assign(picture.mask.begin(), picture.mask.end());
    repaint.inputs.insert(repaint.inputs.end(), masked.begin(), masked.end());
  } else {
    repaint.picture = std::move(z);
    repaint.noise = std::move(added);
  }
  return result;
}

}  // namespace yent
