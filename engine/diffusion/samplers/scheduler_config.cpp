#include "engine/diffusion/samplers/scheduler_config.h"

#include <fmt/ranges.h>

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

namespace {

// Algorithm 1 of Lin 2023: the roots move so that the last is 0 and the first stays.
void rescale_to_zero(std::vector<double>& alphas) {
  const double first = std::sqrt(alphas.front()), last = std::sqrt(alphas.back());
  if (first == last) return;  // one timestep
  for (double& a : alphas) {
    const double root = (std::sqrt(a) - last) * (first / (first - last));
    a = root * root;
  }
}

}  // namespace

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
  if (c.zero_terminal_snr) rescale_to_zero(alphas);
  return alphas;
}

namespace {

SchedulerConfig::Betas read_betas(const Json& j, const std::string& path) {
  const std::string betas = get_string(j, "beta_schedule", "linear", path);
  if (betas == "linear") return SchedulerConfig::Betas::linear;
  if (betas == "scaled_linear") return SchedulerConfig::Betas::scaled_linear;
  if (betas == "squaredcos_cap_v2") return SchedulerConfig::Betas::squared_cosine;
  throw file_error("{}: beta_schedule is {}, expected linear, scaled_linear or squaredcos_cap_v2",
                   path, printable(betas));
}

Prediction read_prediction(const Json& j, const std::string& path) {
  const std::string prediction = get_string(j, "prediction_type", "epsilon", path);
  if (prediction == "epsilon") return Prediction::noise;
  if (prediction == "v_prediction") return Prediction::v;
  if (prediction == "sample") return Prediction::picture;
  throw file_error("{}: prediction_type is {}, expected epsilon, v_prediction or sample", path,
                   printable(prediction));
}

std::optional<SchedulerConfig::Spacing> read_spacing(const Json& j, const std::string& path) {
  if (j["timestep_spacing"].is_null()) return std::nullopt;
  const std::string spacing = get_string(j, "timestep_spacing", {}, path);
  if (spacing == "leading") return SchedulerConfig::Spacing::leading;
  if (spacing == "linspace") return SchedulerConfig::Spacing::linspace;
  if (spacing == "trailing") return SchedulerConfig::Spacing::trailing;
  throw file_error("{}: timestep_spacing is {}, expected leading, linspace or trailing", path,
                   printable(spacing));
}

// The sampler of the file's class; ddim where there is none.
const Sampler& own_sampler(const Json& j, const std::string& path, SchedulerConfig& c) {
  const std::string name = get_string(j, "_class_name", "", path);
  if (const Sampler* own = sampler_of_class(name)) return *own;
  // Such a scheduler belongs to a model that predicts a flow, which ours would paint wrong.
  if (name.find("FlowMatch") != name.npos) {
    throw file_error("{}: _class_name is {}, which is for another family of models", path,
                     printable(name));
  }
  const Sampler& instead = find_sampler(c.sampler).sampler;
  c.warnings.push_back(
      name.empty() ? fmt::format("{}: no _class_name; {} takes its place", path, instead.name)
                   : fmt::format("{}: _class_name is {}, which this engine does not have; {} takes "
                                 "its place",
                                 path, printable(name), instead.name));
  return instead;
}

}  // namespace

Prediction prediction_named(std::string_view name) {
  if (name == "eps") return Prediction::noise;
  if (name == "v") return Prediction::v;
  throw usage_error("the prediction is {}, expected eps or v", printable(name));
}

SchedulerConfig SchedulerConfig::from_json(const Json& j, const std::string& path) {
  if (!j.is_object()) throw file_error("{}: expected an object", path);
  SchedulerConfig c;
  const Sampler& sampler = own_sampler(j, path, c);
  c.sampler = sampler.name;
  c.walks_levels = sampler.walks_levels;
  c.num_train_timesteps = static_cast<int>(get_int(j, "num_train_timesteps", 1000, 1, 10000, path));
  c.beta_start = get_number(j, "beta_start", c.beta_start, 1e-9, 0.999, path);
  c.beta_end = get_number(j, "beta_end", c.beta_end, 1e-9, 0.999, path);
  c.beta_schedule = read_betas(j, path);
  c.zero_terminal_snr = get_bool(j, "rescale_betas_zero_snr", false, path);
  c.steps_offset =
      static_cast<int>(get_int(j, "steps_offset", 0, 0, c.num_train_timesteps - 1, path));
  c.set_alpha_to_one = get_bool(j, "set_alpha_to_one", true, path);
  c.skip_prk_steps = get_bool(j, "skip_prk_steps", false, path);
  c.prediction = read_prediction(j, path);
  c.timestep_spacing = read_spacing(j, path);
  std::vector<std::string> not_done;
  ClassReader reader{j, path, c, not_done};
  if (sampler.read && c.warnings.empty()) sampler.read(reader);
  if (!not_done.empty()) {
    c.warnings.push_back(
        fmt::format("{} asks for {}, which is not done", path, fmt::join(not_done, ", ")));
  }
  if (!j["trained_betas"].is_null()) {
    throw file_error("{}: trained_betas are given, expected a beta_schedule", path);
  }
  SchedulerConfig trained = c;
  trained.zero_terminal_snr = false;
  if (const double last = cumulative_alphas(trained).back(); !(last > 1e-12)) {
    throw file_error("{}: the betas leave {} of the picture, expected more than 1e-12", path, last);
  }
  return c;
}

}  // namespace yent
