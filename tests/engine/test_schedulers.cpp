#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/diffusion/samplers/sampler_table.h"
#include "kernels/error.h"
#include "loaders/io/json.h"
#include "tests/support/tree.h"

using yent::Json;
using yent::ModelCall;
using yent::NoiseLevels;
using yent::parse_json;
using yent::read_json;
using yent::Schedule;
using yent::SchedulerConfig;

namespace {

// Takes one number of a latent through a schedule, as the step loop does.
class Latent {
 public:
  explicit Latent(double x) { registers_[yent::kX] = x; }

  void run(const ModelCall& call, double e, double noise = 0) {
    registers_[yent::kModelOutput] = e;
    registers_[yent::kNoise] = noise;
    for (const yent::Update& update : call.updates) {
      double sum = 0;
      for (const yent::Term& term : update.terms) sum += term.coefficient * registers_[term.source];
      registers_[update.to] = sum;
    }
  }
  double x() const { return registers_[yent::kX]; }

  // Every check uses this model: 0.5 * input + t / 1000.
  double fake(const ModelCall& call) const { return 0.5 * call.input_scale * x() + call.t / 1000; }

 private:
  // A register that was never written must not be read.
  std::vector<double> registers_ = std::vector<double>(yent::kRegisters, NAN);
};

std::vector<double> fake_run(const Schedule& schedule, double x) {
  Latent latent(x);
  std::vector<double> seen;
  for (const ModelCall& call : schedule.calls) {
    latent.run(call, latent.fake(call));
    seen.push_back(latent.x());
  }
  return seen;
}

bool close(double found, double expected, double limit = 1e-8) {
  return std::abs(found - expected) <= limit * std::max(1.0, std::abs(expected));
}

// The coefficient of a register in the one update of a call that writes x.
double coefficient(const ModelCall& call, int source) {
  double sum = 0;
  int writes = 0;
  for (const yent::Update& update : call.updates) {
    if (update.to != yent::kX) continue;
    ++writes;
    for (const yent::Term& term : update.terms) {
      if (term.source == source) sum += term.coefficient;
    }
  }
  CHECK(writes == 1);
  return sum;
}

const ModelCall& call_at(const Schedule& schedule, double t) {
  for (const ModelCall& call : schedule.calls) {
    if (call.t == t) return call;
  }
  FAIL("no call at " << t);
  return schedule.calls.front();
}

SchedulerConfig config_of(const char* json) {
  return SchedulerConfig::from_json(parse_json(json, "config.json"), "config.json");
}

yent::Error error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const yent::Error& error) {
    return error;
  }
  return yent::run_error("no error");
}

// Every call and every latent of the runs in a golden file.
void check_runs(const char* golden) {
  for (const auto& run : read_json(yent::in_tree(golden))) {
    const auto sampler = run.at("sampler").get<std::string>();
    const int steps = run.at("steps").get<int>(), skip = run.at("skip").get<int>();
    CAPTURE(sampler);
    CAPTURE(steps);
    CAPTURE(skip);
    CAPTURE(run.at("config").dump());
    const auto config = SchedulerConfig::from_json(run.at("config"), "golden");
    // A strength that leaves out `skip` steps, whatever the rounding.
    const double strength = skip == 0 ? 1 : (steps - skip + 0.5) / steps;
    const double eta = run.contains("eta") ? run.at("eta").get<double>() : 0;
    const Schedule s = make_schedule(sampler, config, steps, config.levels, strength, eta);
    const auto& expected = run.at("calls");
    REQUIRE(s.calls.size() == expected.size());
    const bool sigmas = s.calls[0].input_scale != 1;
    Latent latent(sigmas ? s.calls[0].level.noise : 1);
    if (run.contains("init")) CHECK(close(s.init_scale, run.at("init").get<double>(), 1e-6));
    double draws = 0;
    for (size_t k = 0; k < s.calls.size(); ++k) {
      CAPTURE(k);
      const ModelCall& call = s.calls[k];
      CHECK(close(call.t, expected[k][0].get<double>(), sigmas ? 2e-6 : 1e-8));
      latent.run(call, latent.fake(call), call.reads_noise() ? std::sin(++draws) : NAN);
      // diffusers steps its sigma samplers in float32.
      CHECK(close(latent.x(), expected[k][1].get<double>(), sigmas ? 1e-5 : 1e-8));
    }
  }
}

const SchedulerConfig sd = SchedulerConfig::stable_diffusion();

}  // namespace

TEST_CASE("schedulers: every call and every latent as diffusers has them") {
  check_runs("tests/golden/schedulers.json");
}

TEST_CASE("schedulers: ancestral and stochastic ones as k-diffusion has them, and TCD") {
  check_runs("tests/golden/few_step_schedulers.json");
}

TEST_CASE("schedulers: what remains of a picture") {
  const std::vector<double> abar = cumulative_alphas(sd);
  REQUIRE(abar.size() == 1000);
  const std::pair<int, double> known[] = {
      {0, 0.99915},        {1, 0.998296028},    {12, 0.9886398},     {500, 0.276332684},
      {901, 0.0140048979}, {948, 0.0084340304}, {999, 0.00466009851}};
  for (const auto& [t, expected] : known) CHECK(close(abar[t], expected, 1e-8));
}

TEST_CASE("schedulers: eta is DDIM's, from 0 to 1, and adds noise to steps that lead to noise") {
  const auto with = [](const char* sampler, double eta) {
    return make_schedule(sampler, sd, 10, NoiseLevels::spaced, 1, eta);
  };
  CHECK_FALSE(with("ddim", 0).calls[0].reads_noise());
  CHECK(with("ddim", 0.1).calls[0].reads_noise());
  const auto variance = [&](double eta) {
    return std::pow(coefficient(with("ddim", eta).calls[3], yent::kNoise), 2);
  };
  CHECK(close(variance(1), 4 * variance(0.5)));
  for (const double eta : {-0.1, 1.1, std::nan("")}) {
    CHECK(error_of([&] { with("ddim", eta); }).kind() == yent::Error::usage);
  }
  CHECK(error_of([&] { with("euler-a", 0.5); }).kind() == yent::Error::usage);
  CHECK(with("euler-a", 0).calls.size() == 10);
}

TEST_CASE("schedulers: DDIM's steps") {
  const Schedule s = make_schedule("ddim", sd, 10);
  CHECK(s.calls.size() == 10);
  CHECK(s.init_scale == 1);
  const double inputs[4][2] = {{-0.7, 0.3}, {-0.2, 0.1}, {0.3, -0.1}, {0.8, -0.3}};
  const std::pair<double, std::vector<double>> rows[] = {
      {901, {-1.3175386, -0.38533250, 0.54687361, 1.4790797}},
      {501, {-0.95690203, -0.27763191, 0.40163821, 1.0809083}},
      {1, {-0.70394196, -0.20129973, 0.30134250, 0.80398473}}};
  for (const auto& [t, expected] : rows) {
    for (int i = 0; i < 4; ++i) {
      Latent latent(inputs[i][0]);
      latent.run(call_at(s, t), inputs[i][1]);
      CHECK(close(latent.x(), expected[i], 1e-7));
    }
  }
}

TEST_CASE("schedulers: PNDM's calls, coefficients and a run") {
  const Schedule s = make_schedule("plms", sd, 25);
  REQUIRE(s.calls.size() == 26);
  CHECK(s.calls[0].t == 961);
  CHECK(s.calls[1].t == 921);
  CHECK(s.calls[2].t == 921);
  CHECK(s.calls[3].t == 881);
  CHECK(s.calls[25].t == 1);
  CHECK(close(coefficient(s.calls[0], yent::kX), 1.2478125, 1e-7));
  CHECK(close(coefficient(s.calls[0], yent::kModelOutput), -0.248946201, 1e-7));
  CHECK(close(coefficient(s.calls[2], yent::kX), 1.23114829, 1e-7));
  CHECK(close(coefficient(s.calls[24], yent::kX), 1.01928756, 1e-7));
  CHECK(close(coefficient(s.calls[25], yent::kX), 1.00042762, 1e-7));
  CHECK(close(coefficient(s.calls[25], yent::kModelOutput), -0.0121420902 * 55 / 24, 1e-7));
  const std::vector<double> x = fake_run(s, 1);
  const double first[] = {0.884102101, 0.89629411,  0.795453143,
                          0.698223769, 0.604943983, 0.515923564};
  for (int i = 0; i < 6; ++i) CHECK(close(x[i], first[i]));
  CHECK(close(x[12], 0.0262851929));
  CHECK(close(x[24], -0.229676685));
  CHECK(close(x[25], -0.228224514));
}

TEST_CASE("schedulers: DDPM's coefficients and a run") {
  SchedulerConfig config = sd;
  config.steps_offset = 0;
  const Schedule s = make_schedule("ddpm", config, 80);
  REQUIRE(s.calls.size() == 80);
  CHECK(s.calls[0].t == 948);
  CHECK(close(coefficient(call_at(s, 948), yent::kNoise), 0.352719146));
  CHECK(close(coefficient(call_at(s, 468), yent::kNoise), 0.224223935));
  CHECK(close(coefficient(call_at(s, 12), yent::kNoise), 0.0280547639));
  CHECK(call_at(s, 12).reads_noise());
  CHECK(!s.calls[79].reads_noise());
  // x0 coefficient / sqrt(abar) + x coefficient
  CHECK(close(coefficient(call_at(s, 948), yent::kX),
              0.0123301155 / std::sqrt(0.0084340304) + 0.934516321));
  CHECK(close(coefficient(call_at(s, 12), yent::kX),
              0.925570827 / std::sqrt(0.9886398) + 0.074428049));
  const std::vector<double> x = fake_run(s, 1);
  CHECK(close(x[0], 0.875189001));
  CHECK(close(x[1], 0.75387302));
  CHECK(close(x[40], -1.76276181));
  CHECK(close(x[78], -1.38708387));
  CHECK(close(x[79], -1.36744511));
}

TEST_CASE("schedulers: the sigma form") {
  const Schedule euler = make_schedule("euler", sd, 10);
  CHECK(close(euler.init_scale, 14.61464123, 1e-8));
  CHECK(euler.calls[1].t == 888);
  CHECK(close(make_schedule("euler", sd, 5).calls[1].t, 749.25));
  CHECK(make_schedule("euler", sd, 1).calls[0].t == 999);
  const std::vector<double> x = fake_run(euler, euler.init_scale);
  CHECK(close(x[0], 4.46718043));
  CHECK(close(x[4], -1.43765222));
  CHECK(close(x[9], -1.10622349));
  const std::vector<double> y = fake_run(make_schedule("dpm++2m", sd, 10), euler.init_scale);
  CHECK(close(y[1], 1.13609321));
  CHECK(close(y[4], -0.76229974));
  CHECK(close(y[9], -0.45363111));
}

TEST_CASE("schedulers: Karras' noise levels") {
  const double expected[] = {14.614641, 9.102928, 5.478392, 3.168603, 1.749417,
                             0.914072,  0.446918, 0.201398, 0.081910, 0.029167};
  const Schedule s = make_schedule("dpm++2m", sd, 10, NoiseLevels::karras);
  for (int i = 0; i < 10; ++i) {
    const double scale = s.calls[i].input_scale;
    CHECK(close(std::sqrt(1 / (scale * scale) - 1), expected[i], 1e-6));
  }
  CHECK(s.calls[0].t == 999);
  CHECK(close(s.calls[9].t, 0));
  const SchedulerConfig least = config_of(R"({"num_train_timesteps": 1})");
  CHECK(make_schedule("euler", least, 1, NoiseLevels::karras).calls[0].t == 0);
}

TEST_CASE("schedulers: a picture as the start") {
  SchedulerConfig config = sd;
  config.steps_offset = 0;
  Schedule s = make_schedule("ddpm", config, 80, NoiseLevels::spaced, 0.8);
  CHECK(s.calls.size() == 64);
  CHECK(s.calls[0].t == 756);
  CHECK(make_schedule("ddpm", config, 50, NoiseLevels::spaced, 0.8).calls[0].t == 780);
  const yent::Mixture start = s.calls[0].level;
  CHECK(close(start.picture * start.picture + start.noise * start.noise, 1));
  s = make_schedule("ddim", sd, 10, NoiseLevels::spaced, 0.55);  // 5 of 10
  CHECK(s.calls[0].t == 401);
  s = make_schedule("ddim", sd, 2, NoiseLevels::spaced, 0.6);  // t = 501
  CHECK(s.calls.size() == 1);
  CHECK(make_schedule("ddim", sd, 10, NoiseLevels::spaced, 0.01).calls.size() == 1);
  const Schedule half = make_schedule("euler", sd, 3, NoiseLevels::spaced, 0.67);
  CHECK(half.calls.size() == 2);
  CHECK(half.calls[0].level.picture == 1);
  CHECK(half.calls[0].t == 499.5);
  CHECK(close(half.calls[0].level.noise, 1.61551,
              1e-3));  // sigma at 500 is sqrt(1 / 0.276332684 - 1)
}

TEST_CASE("schedulers: how many steps there may be") {
  SchedulerConfig flat = sd;
  flat.steps_offset = 0;
  CHECK(make_schedule("ddim", flat, 1000).calls.size() == 1000);
  CHECK(make_schedule("ddim", sd, 999).calls.size() == 999);
  CHECK(make_schedule("pndm", sd, 1).calls.size() == 1);
  CHECK(make_schedule("euler", sd, 1000).calls.size() == 1000);
  const auto refused = [](const char* sampler, const SchedulerConfig& config, int steps) {
    const yent::Error error = error_of([&] { make_schedule(sampler, config, steps); });
    return error.kind() == yent::Error::usage && std::string(error.what()).starts_with("steps is");
  };
  CHECK(refused("ddim", sd, 1000));
  CHECK(refused("pndm", sd, 1000));
  CHECK(refused("ddim", flat, 1001));
  CHECK(refused("euler", sd, 1001));
  for (const int steps : {0, -1, 2147483647}) {
    CHECK(refused("ddim", sd, steps));
    CHECK(refused("dpm++2m", sd, steps));
  }
}

TEST_CASE("schedulers: names") {
  CHECK(std::string(yent::find_sampler("euler_a").sampler.name) == "euler-a");
  CHECK(std::string(yent::find_sampler("k_euler").sampler.name) == "euler");
  CHECK(std::string(yent::find_sampler("dpm++_2m").sampler.name) == "dpm++2m");
  CHECK(std::string(yent::find_sampler("DPM++ 2M").sampler.name) == "dpm++2m");
  CHECK(std::string(yent::find_sampler("Euler a").sampler.name) == "euler-a");
  CHECK(std::string(yent::find_sampler("PLMS").sampler.name) == "pndm");
  CHECK(error_of([] { yent::find_sampler("magic"); }).kind() == yent::Error::usage);
  CHECK(error_of([] { make_schedule("ddim", sd, 5, NoiseLevels::karras); }).kind() ==
        yent::Error::usage);
}

TEST_CASE("schedulers: config files") {
  const SchedulerConfig absent = config_of("{}");
  CHECK(absent.sampler == "ddim");
  CHECK(absent.steps_offset == 0);
  CHECK(absent.set_alpha_to_one);
  CHECK(absent.prediction == yent::Prediction::noise);
  CHECK(config_of(R"({"_class_name": "EulerAncestralDiscreteScheduler"})").sampler == "euler-a");
  CHECK(config_of(R"({"_class_name": "Novelty"})").sampler == "ddim");
  CHECK(absent.warnings ==
        std::vector<std::string>{"config.json: no _class_name; ddim takes its place"});
  CHECK(!config_of(R"({"_class_name": "PNDMScheduler"})").set_alpha_to_one);
  CHECK(config_of(R"({"_class_name": "HeunDiscreteScheduler"})").beta_end == 0.012);
  for (
      const char* bad :
      {"[]",
       R"({"num_train_timesteps": 0})",
       R"({"num_train_timesteps": 10001})",
       R"({"num_train_timesteps": "1000"})",
       R"({"beta_start": -0.1})",
       R"({"beta_end": 1.5})",
       R"({"beta_schedule": "sigmoid"})",
       R"({"prediction_type": "flow_prediction"})",
       R"({"timestep_spacing": "random"})",
       R"({"steps_offset": -1})",
       R"({"steps_offset": 1000})",
       R"({"set_alpha_to_one": 1})",
       R"({"trained_betas": [0.1]})",
       R"({"_class_name": "DPMSolverMultistepScheduler", "solver_order": 4})",
       R"({"_class_name": "DPMSolverMultistepScheduler", "use_flow_sigmas": true})",
       R"({"_class_name": "FlowMatchEulerDiscreteScheduler"})",
       R"({"_class_name": "EulerDiscreteScheduler", "final_sigmas_type": "one"})",
       R"({"_class_name": "EulerDiscreteScheduler", "use_karras_sigmas": true, "use_beta_sigmas": true})",
       R"({"_class_name": "DDPMScheduler", "variance_type": "learned_range"})",
       R"({"beta_start": 0.9, "beta_end": 0.9, "num_train_timesteps": 10000})"}) {
    CAPTURE(bad);
    const yent::Error error = error_of([&] { config_of(bad); });
    CHECK(error.kind() == yent::Error::file);
    CHECK(std::string(error.what()).starts_with("config.json"));
  }
  const yent::Error shown = error_of([] { config_of(R"({"beta_schedule": "\u001b[2J"})"); });
  CHECK(std::string(shown.what()).find("beta_schedule is \\x1b[2J") != std::string::npos);
}

TEST_CASE("schedulers: what a file asks for in vain is said once") {
  const auto warnings = [](const std::string& fields) {
    return config_of(("{" + fields + "}").c_str()).warnings;
  };
  const auto of_class = [&](const std::string& name, const std::string& fields = "") {
    return warnings("\"_class_name\": \"" + name + "\"" + fields);
  };
  const auto not_done = [](const std::string& fields) {
    return std::vector<std::string>{"config.json asks for " + fields + ", which is not done"};
  };
  CHECK(of_class("Novelty") ==
        std::vector<std::string>{"config.json: _class_name is Novelty, which this engine does not "
                                 "have; ddim takes its place"});
  // The field only where the class has it, and then with the class's own default.
  CHECK(of_class("DDIMScheduler") == not_done("clip_sample"));
  CHECK(of_class("DDPMScheduler") == not_done("clip_sample"));
  CHECK(of_class("DDIMScheduler", R"(, "clip_sample": false)").empty());
  for (const char* name : {"PNDMScheduler", "EulerDiscreteScheduler", "LMSDiscreteScheduler",
                           "EulerAncestralDiscreteScheduler", "DPMSolverMultistepScheduler"}) {
    CAPTURE(name);
    CHECK(of_class(name).empty());
    CHECK(of_class(name, R"(, "clip_sample": true)").empty());
  }
  CHECK(of_class("HeunDiscreteScheduler").empty());
  CHECK(of_class("HeunDiscreteScheduler", R"(, "clip_sample": true)") == not_done("clip_sample"));
  CHECK(of_class("DDIMScheduler", R"(, "thresholding": true)") ==
        not_done("clip_sample, thresholding"));
  CHECK(of_class("PNDMScheduler", R"(, "thresholding": true)").empty());
  CHECK(of_class("DPMSolverMultistepScheduler",
                 R"(, "thresholding": true, "algorithm_type": "sde-dpmsolver",)"
                 R"( "lambda_min_clipped": -5.1, "variance_type": "learned")") ==
        not_done("thresholding, algorithm_type sde-dpmsolver, lambda_min_clipped -5.1, "
                 "variance_type"));
  CHECK(of_class("EulerDiscreteScheduler",
                 R"(, "interpolation_type": "log_linear", "timestep_type": "continuous")") ==
        not_done("interpolation_type log_linear, timestep_type continuous"));
  // A file as diffusers 0.42.1 writes it.
  const char* dpm = R"({"_class_name": "DPMSolverMultistepScheduler", "algorithm_type":
      "dpmsolver++", "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085,
      "dynamic_thresholding_ratio": 0.995, "euler_at_final": false, "final_sigmas_type": "zero",
      "flow_shift": 1.0, "lambda_min_clipped": -Infinity, "lower_order_final": true,
      "prediction_type": "epsilon", "rescale_betas_zero_snr": false, "solver_order": 2,
      "solver_type": "midpoint", "thresholding": false, "timestep_spacing": "linspace",
      "trained_betas": null, "use_flow_sigmas": false, "variance_type": null})";
  const Json written = parse_json(dpm, "config.json", yent::JsonDialect::python);
  CHECK(SchedulerConfig::from_json(written, "config.json").sampler == "dpm++2m");
  CHECK(SchedulerConfig::from_json(written, "config.json").warnings.empty());
}

TEST_CASE("schedulers: AUTOMATIC1111's names, noise levels included") {
  const struct {
    const char *theirs, *ours;
    std::optional<NoiseLevels> levels;
  } names[] = {{"DPM++ 2M Karras", "dpm++2m", NoiseLevels::karras},
               {"DPM++ 2M SDE Karras", "dpm++2m-sde", NoiseLevels::karras},
               {"DPM++ 2M SDE Exponential", "dpm++2m-sde", NoiseLevels::exponential},
               {"DPM++ 2M", "dpm++2m", {}},
               {"Euler a", "euler-a", {}},
               {"Euler", "euler", {}},
               {"LMS", "lms", {}},
               {"LMS Karras", "lms", NoiseLevels::karras},
               {"Heun", "heun", {}},
               {"DPM2", "dpm2", {}},
               {"DPM2 Karras", "dpm2", NoiseLevels::karras},
               {"DPM2 a", "dpm2-a", {}},
               {"DPM++ SDE Karras", "dpm++sde", NoiseLevels::karras},
               {"DPM++ 2S a Karras", "dpm++2s-a", NoiseLevels::karras},
               {"DPM++ 2M SDE Heun", "dpm++2m-sde-heun", {}},
               {"DPM++ 3M SDE Exponential", "dpm++3m-sde", NoiseLevels::exponential},
               {"TCD", "tcd", {}},
               {"Euler trailing", "euler", NoiseLevels::trailing},
               {"DDIM trailing", "ddim", NoiseLevels::trailing},
               {"DDIM", "ddim", {}},
               {"UniPC", "unipc", {}},
               {"LCM", "lcm", {}},
               {"PLMS", "pndm", {}},
               {"dpm++_2m_karras", "dpm++2m", NoiseLevels::karras}};
  for (const auto& name : names) {
    CAPTURE(name.theirs);
    const yent::NamedSampler found = yent::find_sampler(name.theirs);
    CHECK(std::string(found.sampler.name) == name.ours);
    CHECK(found.levels == name.levels);
  }
  CHECK(yent::find_noise_levels("Karras") == NoiseLevels::karras);
  CHECK(yent::find_noise_levels("Simple") == NoiseLevels::trailing);
  for (const char* unknown : {"DPM fast Karras", "Karras", "Restart", ""}) {
    CAPTURE(unknown);
    const std::string said = error_of([&] { yent::find_sampler(unknown); }).what();
    CHECK(said.find("expected one of ddim, pndm, ddpm, euler, euler-a, dpm++2m") !=
          std::string::npos);
  }
  CHECK(error_of([] { yent::find_noise_levels("polyexponential"); }).kind() == yent::Error::usage);
}

TEST_CASE("schedulers: with a picture as the start, true noise leads back to the picture") {
  // The network knows the noise. x is followed as a sum of the picture and of the noise.
  const auto ends = [](const Schedule& s) {
    const auto follow = [&](double x, double noise) {
      Latent latent(x);
      for (const ModelCall& call : s.calls) latent.run(call, noise);
      return latent.x();
    };
    const yent::Mixture& start = s.calls[0].level;
    return yent::Mixture{follow(start.picture, 0), follow(start.noise, 1)};
  };
  const auto stochastic = [](const Schedule& s) {
    return std::any_of(s.calls.begin(), s.calls.end(),
                       [](const ModelCall& c) { return c.reads_noise(); });
  };
  for (const yent::Sampler& sampler : yent::sampler_table()) {
    for (const bool skip_prk : {true, false}) {
      for (const double strength : {0.05, 0.1, 0.3, 0.5, 0.55, 0.75, 0.95, 1.0}) {
        for (const int steps : {1, 2, 3, 10, 20, 25}) {
          CAPTURE(sampler.name);
          CAPTURE(skip_prk);
          CAPTURE(strength);
          CAPTURE(steps);
          SchedulerConfig config = sd;
          config.skip_prk_steps = skip_prk;
          const auto spaced = NoiseLevels::spaced;
          const Schedule s = make_schedule(sampler.name, config, steps, spaced, strength);
          // A strength leaves as many steps as in ddim.
          const size_t kept = make_schedule("ddim", sd, steps, spaced, strength).calls.size();
          CHECK(kept == std::max<size_t>(1, static_cast<size_t>(steps * strength)));
          CHECK(s.calls.size() >= kept);
          if (stochastic(s)) continue;
          const yent::Mixture end = ends(s);
          CHECK(std::abs(end.picture - 1) < 0.0005);
          CHECK(std::abs(end.noise) < 0.0292);
        }
      }
    }
  }
  const yent::Mixture ddim = ends(make_schedule("ddim", sd, 20, NoiseLevels::spaced, 0.5));
  const yent::Mixture pndm = ends(make_schedule("pndm", sd, 20, NoiseLevels::spaced, 0.5));
  CHECK(close(ddim.picture, 0.999575, 1e-6));
  CHECK(close(ddim.noise, 0.029155, 1e-5));
  CHECK(close(pndm.picture, ddim.picture, 1e-12));
  CHECK(close(pndm.noise, ddim.noise, 1e-12));
  const Schedule plms = make_schedule("pndm", sd, 20, NoiseLevels::spaced, 0.5);
  REQUIRE(plms.calls.size() == 11);
  CHECK(plms.calls[0].t == 451);
  CHECK(plms.calls[1].t == 401);
  CHECK(plms.calls[2].t == 401);
}

TEST_CASE("schedulers: whose spacing") {
  const auto first = [](const char* sampler, const char* config) {
    return make_schedule(sampler, config_of(config), 4).calls[0].t;
  };
  const char* trailing = R"({"_class_name": "DDIMScheduler", "timestep_spacing": "trailing"})";
  const char* leading = R"({"_class_name": "PNDMScheduler", "timestep_spacing": "leading"})";
  const char* euler = R"({"_class_name": "EulerDiscreteScheduler", "timestep_spacing": "leading"})";
  CHECK(first("ddim", "{}") == 750);
  CHECK(first("euler", "{}") == 999);
  CHECK(first("euler", trailing) == 999);
  CHECK(make_schedule("euler", config_of(trailing), 4).calls[1].t == 749);
  CHECK(first("euler", leading) == 999);  // for pndm alone, as it is in single files
  CHECK(first("euler", euler) == 750);
  CHECK(first("dpm++2m", euler) == 800);
}

TEST_CASE("schedulers: fields of a class are for its own sampler") {
  const SchedulerConfig sde = config_of(
      R"({"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "sde-dpmsolver++",
          "solver_order": 3})");
  CHECK(sde.sampler == "dpm++2m-sde");
  CHECK(make_schedule("dpm++2m-sde", sde, 8).calls[3].updates[1].terms.size() == 5);
  CHECK(!make_schedule("dpm++2m", sde, 8).calls[3].reads_noise());
  CHECK(make_schedule("dpm++2m", sde, 8).calls[3].updates[1].terms.size() == 3);
  const auto terms = [](const char* order) {
    const std::string json = R"({"_class_name": "UniPCMultistepScheduler", "solver_order": )";
    return make_schedule("unipc", config_of((json + order + "}").c_str()), 9)
        .calls[4]
        .updates.back()
        .terms.size();
  };
  CHECK(terms("1") == 2);
  CHECK(terms("3") == 4);
  CHECK(config_of(R"({"_class_name": "UniPCMultistepScheduler", "predict_x0": false,
                      "disable_corrector": [0]})")
            .warnings ==
        std::vector<std::string>{
            "config.json asks for predict_x0 false, disable_corrector, which is not done"});
  const SchedulerConfig lcm = config_of(R"({"_class_name": "LCMScheduler"})");
  CHECK(lcm.beta_schedule == SchedulerConfig::Betas::scaled_linear);
  CHECK(lcm.warnings.empty());
  CHECK(make_schedule("lcm", lcm, 50).calls[0].t == 999);
  CHECK(error_of([&] { make_schedule("lcm", lcm, 51); }).kind() == yent::Error::usage);
}

TEST_CASE("schedulers: zero terminal SNR") {
  SchedulerConfig zero = sd;
  zero.zero_terminal_snr = true;
  CHECK(cumulative_alphas(zero).back() == 0);
  CHECK(close(cumulative_alphas(zero).front(), cumulative_alphas(sd).front(), 1e-15));
  zero.timestep_spacing = SchedulerConfig::Spacing::trailing;
  const yent::Error noise = error_of([&] { make_schedule("ddim", zero, 5); });
  CHECK(noise.kind() == yent::Error::usage);
  zero.prediction = yent::Prediction::v;
  for (const yent::Sampler& sampler : yent::sampler_table()) {
    CAPTURE(sampler.name);
    for (const ModelCall& call : make_schedule(sampler.name, zero, 5).calls) {
      CHECK(std::isfinite(call.x0.x));
      for (const yent::Update& update : call.updates) {
        for (const yent::Term& term : update.terms) CHECK(std::isfinite(term.coefficient));
      }
    }
  }
}
