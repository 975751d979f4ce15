// What a model's scheduler_config.json says about its training and its favourite sampler.
#pragma once

#include <string>
#include <vector>

namespace yent {

class Json;

// The fields of scheduler_config.json, with diffusers' values for what is absent.
struct SchedulerConfig {
  std::string sampler = "ddim";  // a name of the sampler table, by the file's class
  int num_train_timesteps = 1000;
  double beta_start = 0.0001, beta_end = 0.02;
  enum class Betas { linear, scaled_linear, squared_cosine } beta_schedule = Betas::linear;
  int steps_offset = 0;
  bool set_alpha_to_one = true;
  bool skip_prk_steps = false;
  bool v_prediction = false;
  enum class Spacing { leading, linspace, trailing } timestep_spacing = Spacing::leading;
  bool karras = false;
  bool clips_sample = false;  // asked for by the file, not done here: users warn

  // What Stable Diffusion's single-file checkpoints were trained with.
  static SchedulerConfig stable_diffusion();
  // Throws a file error that names `path` and the field.
  static SchedulerConfig from_json(const Json& json, const std::string& path);
};

// abar(t), the cumulative product of 1 - beta, for every training timestep; in double.
std::vector<double> cumulative_alphas(const SchedulerConfig& config);

}  // namespace yent
