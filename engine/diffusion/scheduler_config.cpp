// scheduler_config.json of diffusers.
#include <nlohmann/json.hpp>

#include "engine/diffusion/scheduler.h"
#include "kernels/error.h"
#include "loaders/io/json_file.h"
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

SchedulerConfig SchedulerConfig::from_json(const nlohmann::json& j, const std::string& path) {
  if (!j.is_object()) throw file_error("{}: expected an object", path);
  SchedulerConfig c;
  const std::string name = get_string(j, "_class_name", "", path);
  const std::pair<const char*, const char*> classes[] = {
      {"PNDMScheduler", "pndm"},
      {"DDPMScheduler", "ddpm"},
      {"EulerDiscreteScheduler", "euler"},
      {"EulerAncestralDiscreteScheduler", "euler-a"},
      {"DPMSolverMultistepScheduler", "dpm++2m"}};
  for (const auto& [known, sampler] : classes) {
    if (name == known) c.sampler = sampler;
  }
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
  if (c.sampler == "ddpm") {
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
  if (j.contains("trained_betas") && !j["trained_betas"].is_null()) {
    throw file_error("{}: trained_betas are given, expected a beta_schedule", path);
  }
  if (const double last = cumulative_alphas(c).back(); !(last > 1e-12)) {
    throw file_error("{}: the betas leave {} of the picture, expected more than 1e-12", path, last);
  }
  return c;
}

}  // namespace yent
