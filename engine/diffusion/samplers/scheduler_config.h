// What a model's scheduler_config.json says about its training and its favourite sampler.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/diffusion/samplers/noise_levels.h"

namespace yent {

class Json;

// What a model's output is: the noise in a latent, v (spec: Salimans 2022), or the clean picture.
enum class Prediction { noise, v, picture };

// "eps" or "v". Throws a usage error for another name.
Prediction prediction_named(std::string_view name);

// The fields of scheduler_config.json, with diffusers' values for what is absent.
struct SchedulerConfig {
  std::string sampler = "ddim";  // a name of the sampler table, by the file's class
  int num_train_timesteps = 1000;
  double beta_start = 0.0001, beta_end = 0.02;
  enum class Betas { linear, scaled_linear, squared_cosine } beta_schedule = Betas::linear;
  bool zero_terminal_snr = false;  // the last timestep holds nothing of the picture (Lin 2023)
  int steps_offset = 0;
  bool set_alpha_to_one = true;
  bool skip_prk_steps = false;
  Prediction prediction = Prediction::noise;
  enum class Spacing { leading, linspace, trailing };
  std::optional<Spacing> timestep_spacing = {};  // absent: the sampler's own
  bool walks_levels = false;                     // the file's class is a sigma sampler
  NoiseLevels levels = NoiseLevels::spaced;      // the file's wish, for its own sampler

  // Fields that belong to the file's class. Another sampler that is asked for by name does without.
  struct OwnFields {
    enum class Algorithm { data, stochastic_data, noise } algorithm = Algorithm::data;
    int solver_order = 2;
    bool heun = false;  // else midpoint
    bool lower_order_final = true, euler_at_final = false;
    bool ends_at_sigma_min = false;  // else at 0
    bool bh1 = false;                // else bh2
    bool large_variance = false;
    int original_steps = 50;  // of the schedule that an LCM was distilled from
    double timestep_scaling = 10;
    std::optional<double> sigma_min = {}, sigma_max = {};  // ends of Karras' and other levels
  } own = {};

  std::vector<std::string> warnings = {};  // what the file asks for and is not done, in sentences

  // What Stable Diffusion's single-file checkpoints were trained with.
  static SchedulerConfig stable_diffusion();
  // Throws a file error that names `path` and the field.
  static SchedulerConfig from_json(const Json& json, const std::string& path);
};

// diffusers' stand-in for an abar of 0 where a sampler divides by it: the smallest f16.
constexpr double kLeastAbar = 0x1p-24;

// abar(t), the cumulative product of 1 - beta, for every training timestep; in double.
std::vector<double> cumulative_alphas(const SchedulerConfig& config);

// Reads the fields of a file's class alone, from its row of the sampler table.
struct ClassReader {
  const Json& json;
  const std::string& path;
  SchedulerConfig& config;
  std::vector<std::string>& not_done;  // names of fields that are not honoured

  void clip(bool fallback);  // clip_sample
  void threshold();          // thresholding
  void noise_levels();       // use_karras_sigmas and the like
  void final_sigma();        // final_sigmas_type
  void sigma_ends();         // sigma_min and sigma_max
  void refuse_flow();        // use_flow_sigmas
};

}  // namespace yent
