// Text2Image::similarity: two pictures inside the UNet.
#include <cmath>

#include "engine/core/nchw.h"
#include "engine/diffusion/text2image.h"
#include "engine/measure/aligned_attention.h"
#include "kernels/error.h"

namespace yent {
namespace {

// sqrt(abar) z + sqrt(1 - abar) n, once for each text.
std::vector<float> noised(const Latent& z, const std::vector<float>& n, double abar, int texts) {
  std::vector<float> x(z.values.size());
  const double kept = std::sqrt(abar), added = std::sqrt(1 - abar);
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(kept * z.values[i] + added * n[i]);
  }
  const std::vector<float> one = to_nhwc(x, z.shape());
  std::vector<float> all;
  for (int text = 0; text < texts; ++text) all.insert(all.end(), one.begin(), one.end());
  return all;
}

}  // namespace

void Text2Image::check(const Latent& a, const Latent& b, const SimilaritySpec& spec) const {
  const SchedulerConfig& config = networks_.scheduler_config();
  if (spec.timestep < 0 || spec.timestep >= config.num_train_timesteps) {
    throw usage_error("the timestep is {}, expected 0 to {}", spec.timestep,
                      config.num_train_timesteps - 1);
  }
  if (networks_.takes_mask() || networks_.unet_config().similarity_layer().empty()) {
    throw usage_error("{}: this network cannot compare pictures", networks_.files().path());
  }
  const auto check_latent = [&](const Latent& latent, const char* what) {
    if (latent.channels == latent_channels() && latent.shape() == a.shape() &&
        latent.values.size() == latent.shape().count() && latent.height > 0 && latent.width > 0) {
      return;
    }
    throw usage_error("{} is [{}, {}, {}], expected [{}, {}, {}]", what, latent.channels,
                      latent.height, latent.width, latent_channels(), a.height, a.width);
  };
  check_latent(a, "a latent");
  check_latent(b, "a latent");
  if (!spec.noises.empty() && spec.noises.size() != 2) {
    throw usage_error("{} noises are given, expected one for each latent", spec.noises.size());
  }
  for (const Latent& noise : spec.noises) check_latent(noise, "a noise");
}

double Text2Image::similarity(const PersistentTensor& text, const Latent& a, const Latent& b,
                              const SimilaritySpec& spec) {
  check(a, b, spec);
  const NoisePredictor& network = networks_.denoising_network();
  AttentionTap tap(backend_, networks_.unet_config().similarity_layer());
  Ctx plain{backend_, ws_, Precision::f32};
  const double timestep = spec.timestep;
  const Conditioning conditioning = network.condition(plain, text, {&timestep, 1});
  const double abar = cumulative_alphas(networks_.scheduler_config())[spec.timestep];
  const int texts = text.tensor.shape.n;
  Shape shape = a.shape();
  shape.n = texts;
  const PersistentTensor input = backend_.allocate(shape, DType::f32);
  const auto inside = [&](const Latent& z, size_t which) {
    std::vector<float> noise(z.values.size());
    if (spec.noises.empty()) {
      NoiseSource(which == 0 ? spec.seed : spec.second_seed, Rng::cpu)
          .normal(noise.data(), noise.size());
    } else {
      noise = spec.noises[which].values;
    }
    backend_.write(input, noised(z, noise, abar, texts).data());
    Ctx c{tap, ws_, networks_.policy().precision("unet.activations")};
    ws_.run(fmt::format("similarity {} {} {} {}", texts, shape.h, shape.w, text.tensor.shape.h),
            [&] { network(c, input, conditioning, 0); });
    return tap.inputs();
  };
  const AttentionInputs of_a = inside(a, 0);
  return alignment(of_a, inside(b, 1), spec.how);
}

}  // namespace yent
