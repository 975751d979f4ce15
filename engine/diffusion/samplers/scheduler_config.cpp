#include "engine/diffusion/samplers/scheduler_config.h"

#include <cmath>

#include "engine/diffusion/samplers/sampler_table.h"
#include "kernels/error.h"
#include "kernels/portable_math.h"
#include "loaders/io/json.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

SchedulerConfig SchedulerConfig::stable_diffusion() {
  SchedulerConfig c;
  c.beta_start = 0.00085;
  c.beta_end = 0.012;
  c.beta_schedule = Betas::scaled_linear;
  c.steps_offset = 1;
  c.set_alpha_to_one = false;
  c.skip_prk_steps = true;
  return c;
}

std::vector<double> cumulative_alphas(const SchedulerConfig& c) {
  const int n = c.num_train_timesteps;
  std::vector<double> alphas(n);
  const auto cosine = [](double u) {
    const double c = portable::cos((u + 0.008) / 1.008 * M_PI / 2);
    return c * c;
  };
  double product = 1;
  for (int i = 0; i < n; ++i) {
    const double u = n > 1 ? static_cast<double>(i) / (n - 1) : 0;
    double beta = 0;
    switch (c.beta_schedule) {
      case SchedulerConfig::Betas::linear:
        beta = c.beta_start + u * (c.beta_end - c.beta_start);
        break;
      case SchedulerConfig::Betas::scaled_linear: {
        const double root =
            std::sqrt(c.beta_start) + u * (std::sqrt(c.beta_end) - std::sqrt(c.beta_start));
        beta = root * root;
        break;
      }
      case SchedulerConfig::Betas::squared_cosine:
        beta = std::min(1 - cosine((i + 1.0) / n) / cosine(static_cast<double>(i) / n), 0.999);
        break;
    }
    alphas[i] = product *= 1 - beta;
  }
  return alphas;
}

SchedulerConfig SchedulerConfig::from_json(const Json& j, const std::string& path) {
  if (!j.is_object()) throw file_error("{}: expected an object", path);
  SchedulerConfig c;
  const Sampler* sampler = sampler_of_class(get_string(j, "_class_name", "", path));
  if (sampler) c.sampler = sampler->name;
  c.num_train_timesteps = static_cast<int>(get_int(j, "num_train_timesteps", 1000, 1, 10000, path));
  c.beta_start = get_number(j, "beta_start", c.beta_start, 1e-9, 0.999, path);
  c.beta_end = get_number(j, "beta_end", c.beta_end, 1e-9, 0.999, path);
  const std::string betas = get_string(j, "beta_schedule", "linear", path);
  if (betas == "scaled_linear") {
    c.beta_schedule = Betas::scaled_linear;
  } else if (betas == "squaredcos_cap_v2") {
    c.beta_schedule = Betas::squared_cosine;
  } else if (betas != "linear") {
    throw file_error("{}: beta_schedule is {}, expected linear, scaled_linear or squaredcos_cap_v2",
                     path, printable(betas));
  }
  c.steps_offset =
      static_cast<int>(get_int(j, "steps_offset", 0, 0, c.num_train_timesteps - 1, path));
  c.set_alpha_to_one = get_bool(j, "set_alpha_to_one", true, path);
  c.skip_prk_steps = get_bool(j, "skip_prk_steps", false, path);
  const std::string prediction = get_string(j, "prediction_type", "epsilon", path);
  if (prediction != "epsilon" && prediction != "v_prediction") {
    throw file_error("{}: prediction_type is {}, expected epsilon or v_prediction", path,
                     printable(prediction));
  }
  c.v_prediction = prediction == "v_prediction";
  const std::string spacing = get_string(j, "timestep_spacing", "leading", path);
  if (spacing == "linspace") {
    c.timestep_spacing = Spacing::linspace;
  } else if (spacing == "trailing") {
    c.timestep_spacing = Spacing::trailing;
  } else if (spacing != "leading") {
    throw file_error("{}: timestep_spacing is {}, expected leading, linspace or trailing", path,
                     printable(spacing));
  }
  if (sampler && sampler->fixed_variance) {
    const std::string variance = get_string(j, "variance_type", "fixed_small", path);
    if (variance != "fixed_small") {
      throw file_error("{}: variance_type is {}, expected fixed_small", path, printable(variance));
    }
  }
  c.karras = get_bool(j, "use_karras_sigmas", false, path);
  c.clips_sample = get_bool(j, "clip_sample", true, path);
  for (const char* key : {"thresholding", "rescale_betas_zero_snr"}) {
    if (get_bool(j, key, false, path)) {
      throw file_error("{}: {} is true, which this engine does not know", path, key);
    }
  }
  if (!j["trained_betas"].is_null()) {
    throw file_error("{}: trained_betas are given, expected a beta_schedule", path);
  }
  if (const double last = cumulative_alphas(c).back(); !(last > 1e-12)) {
    throw file_error("{}: the betas leave {} of the picture, expected more than 1e-12", path, last);
  }
  return c;
}

}  // namespace yent
