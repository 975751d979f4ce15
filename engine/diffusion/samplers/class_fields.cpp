// The fields of scheduler_config.json that belong to one class of diffusers or to a few.
#include <cmath>

#include "engine/diffusion/samplers/samplers.h"
#include "kernels/error.h"
#include "loaders/io/json.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

using Own = SchedulerConfig::OwnFields;

// The classes after k-diffusion have Stable Diffusion's betas where the file names none.
void read_betas_of_stable_diffusion(ClassReader& r) {
  r.config.beta_start = get_number(r.json, "beta_start", 0.00085, 1e-9, 0.999, r.path);
  r.config.beta_end = get_number(r.json, "beta_end", 0.012, 1e-9, 0.999, r.path);
}

}  // namespace

void ClassReader::clip(bool fallback) {
  if (get_bool(json, "clip_sample", fallback, path)) not_done.emplace_back("clip_sample");
}

void ClassReader::noise_levels() {
  for (const NamedNoiseLevels& l : noise_levels_table()) {
    if (!l.field || !get_bool(json, l.field, false, path)) continue;
    if (config.levels != NoiseLevels::spaced) {
      throw file_error("{}: {} is true beside {}, expected one of them", path, l.field,
                       noise_levels_table()[static_cast<size_t>(config.levels)].field);
    }
    config.levels = l.levels;
  }
}

void ClassReader::final_sigma() {
  const std::string last = get_string(json, "final_sigmas_type", "zero", path);
  if (last != "zero" && last != "sigma_min") {
    throw file_error("{}: final_sigmas_type is {}, expected zero or sigma_min", path,
                     printable(last));
  }
  config.own.ends_at_sigma_min = last == "sigma_min";
}

void ClassReader::sigma_ends() {
  for (const auto& [key, to] : {std::pair("sigma_min", &config.own.sigma_min),
                                std::pair("sigma_max", &config.own.sigma_max)}) {
    if (!json[key].is_null()) *to = get_number(json, key, {}, 1e-9, 1e9, path);
  }
}

void ClassReader::refuse_flow() {
  if (get_bool(json, "use_flow_sigmas", false, path)) {
    throw file_error("{}: use_flow_sigmas is true, which is for another family of models", path);
  }
}

void ClassReader::threshold() {
  if (get_bool(json, "thresholding", false, path)) not_done.emplace_back("thresholding");
}

void read_ddim(ClassReader& r) {
  r.clip(true);
  r.threshold();
}

void read_pndm(ClassReader& r) {
  r.config.set_alpha_to_one = get_bool(r.json, "set_alpha_to_one", false, r.path);
}

void read_ddpm(ClassReader& r) {
  r.clip(true);
  r.threshold();
  const std::string variance = get_string(r.json, "variance_type", "fixed_small", r.path);
  // diffusers takes the root of the one and the exponential of half the logarithm of the other.
  if (variance == "fixed_small" || variance == "fixed_small_log") return;
  if (variance != "fixed_large") {
    throw file_error("{}: variance_type is {}, expected fixed_small or fixed_large", r.path,
                     printable(variance));
  }
  r.config.own.large_variance = true;
}

void read_levels(ClassReader& r) { r.noise_levels(); }

void read_heun(ClassReader& r) {
  read_betas_of_stable_diffusion(r);
  r.noise_levels();
  r.clip(false);
}

void read_dpm2(ClassReader& r) {
  read_betas_of_stable_diffusion(r);
  r.noise_levels();
}

void read_euler(ClassReader& r) {
  r.noise_levels();
  r.final_sigma();
  r.sigma_ends();
  const std::string between = get_string(r.json, "interpolation_type", "linear", r.path);
  if (between != "linear") r.not_done.push_back("interpolation_type " + printable(between));
  const std::string times = get_string(r.json, "timestep_type", "discrete", r.path);
  if (times != "discrete") r.not_done.push_back("timestep_type " + printable(times));
}

void read_unipc(ClassReader& r) {
  r.noise_levels();
  r.final_sigma();
  r.sigma_ends();
  r.threshold();
  r.refuse_flow();
  r.config.own.solver_order = static_cast<int>(get_int(r.json, "solver_order", 2, 1, 3, r.path));
  r.config.own.bh1 = get_string(r.json, "solver_type", "bh2", r.path) == "bh1";
  r.config.own.lower_order_final = get_bool(r.json, "lower_order_final", true, r.path);
  if (!get_bool(r.json, "predict_x0", true, r.path)) r.not_done.emplace_back("predict_x0 false");
  if (!r.json["disable_corrector"].empty()) r.not_done.emplace_back("disable_corrector");
  if (!r.json["solver_p"].is_null()) r.not_done.emplace_back("solver_p");
}

void read_tcd(ClassReader& r) {
  read_betas_of_stable_diffusion(r);
  if (r.json["beta_schedule"].is_null()) {
    r.config.beta_schedule = SchedulerConfig::Betas::scaled_linear;
  }
  r.clip(false);
  r.threshold();
  r.config.own.original_steps = static_cast<int>(
      get_int(r.json, "original_inference_steps", 50, 1, r.config.num_train_timesteps, r.path));
}

void read_lcm(ClassReader& r) {
  read_tcd(r);
  r.config.own.timestep_scaling = get_number(r.json, "timestep_scaling", 10, 1e-6, 1e6, r.path);
}

void read_solver(ClassReader& r) {
  Own& own = r.config.own;
  r.noise_levels();
  r.final_sigma();
  r.threshold();
  // Equal steps of lambda are equal steps of log sigma.
  if (get_bool(r.json, "use_lu_lambdas", false, r.path)) {
    r.config.levels = NoiseLevels::exponential;
  }
  r.refuse_flow();
  const std::string algorithm = get_string(r.json, "algorithm_type", "dpmsolver++", r.path);
  if (algorithm == "sde-dpmsolver++") {
    own.algorithm = Own::Algorithm::stochastic_data;
    r.config.sampler = find_sampler("dpm++2m-sde").sampler.name;
  } else if (algorithm == "dpmsolver") {
    own.algorithm = Own::Algorithm::noise;
  } else if (algorithm != "dpmsolver++" && algorithm != "deis") {  // diffusers reads deis so
    r.not_done.push_back("algorithm_type " + printable(algorithm));
  }
  own.solver_order = static_cast<int>(get_int(r.json, "solver_order", 2, 1, 3, r.path));
  own.heun = get_string(r.json, "solver_type", "midpoint", r.path) == "heun";
  own.lower_order_final = get_bool(r.json, "lower_order_final", true, r.path);
  own.euler_at_final = get_bool(r.json, "euler_at_final", false, r.path);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double least =
      get_number(r.json, "lambda_min_clipped", -infinity, -infinity, infinity, r.path);
  if (std::isfinite(least)) r.not_done.push_back(fmt::format("lambda_min_clipped {}", least));
  if (!r.json["variance_type"].is_null()) r.not_done.emplace_back("variance_type");
}

}  // namespace yent
