// Samplers as data. Everything a sampler does to the latent is linear, so a schedule is a list
// of model calls, each followed by a few linear combinations of named slots. The step loop only
// runs them; no device needs to know a sampler.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace yent {

// The fields of scheduler_config.json, with diffusers' values for what is absent.
struct SchedulerConfig {
  std::string sampler = "ddim";  // by class name; unknown classes are ddim
  int num_train_timesteps = 1000;
  double beta_start = 0.0001, beta_end = 0.02;
  enum class Betas { linear, scaled_linear, squared_cosine } beta_schedule = Betas::linear;
  int steps_offset = 0;
  bool set_alpha_to_one = true;
  bool skip_prk_steps = false;
  bool v_prediction = false;
  enum class Spacing { leading, linspace, trailing } timestep_spacing = Spacing::leading;
  bool karras = false;
  bool clips_sample = false;  // asked for and not done: worth a warning

  // What Stable Diffusion's single files were trained with.
  static SchedulerConfig stable_diffusion();
  static SchedulerConfig from_json(const nlohmann::json& json, const std::string& path);
};

// abar(t), the cumulative product of 1 - beta, for every training timestep; in double.
std::vector<double> cumulative_alphas(const SchedulerConfig& config);

// The canonical name of a sampler ("euler_a" is "euler-a"); a usage error lists the known ones.
std::string sampler_name(const std::string& name);

// Slots that moves read and write. x is the latent, e what the model just said (the guided
// output, as predicted: noise or v), noise fresh normal numbers, the rest is memory.
enum Slot { kX, kE, kNoise, kMemory };
constexpr int kSlots = kMemory + 5;

struct Term {
  int slot;
  double coefficient;
};

// slot `to` = sum of the terms. Reading the slot that is written is fine.
struct Move {
  int to;
  std::vector<Term> terms;
};

struct Call {
  double t;                // what the model is told
  double input_scale = 1;  // the model sees input_scale * x
  std::vector<Move> moves = {};
  // Fresh numbers are drawn exactly for the calls whose moves read them.
  bool reads_noise() const;
};

struct Schedule {
  std::vector<Call> calls;
  double init_scale = 1;  // x begins as init_scale * unit noise,
  // or, with a picture z, as start_z * z + start_noise * noise.
  double start_z = 1, start_noise = 0;
};

// The schedule of `steps` steps. `strength`, in (0, 1], below 1 leaves out the first steps, for a
// picture as the start. Throws usage errors (too many steps, karras with a sampler that has no
// sigmas).
Schedule make_schedule(const std::string& sampler, const SchedulerConfig& config, int steps,
                       bool karras = false, double strength = 1);

}  // namespace yent
