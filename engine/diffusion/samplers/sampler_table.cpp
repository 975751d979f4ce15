#include "engine/diffusion/samplers/sampler_table.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "engine/diffusion/samplers/names.h"
#include "engine/diffusion/samplers/samplers.h"
#include "kernels/error.h"
#include "kernels/spelling.h"

namespace yent {
namespace {

constexpr const char* pndm_aliases[] = {"plms"};
constexpr const char* euler_aliases[] = {"k-euler"};
constexpr const char* euler_a_aliases[] = {"euler-ancestral", "k-euler-a", "k-euler-ancestral"};
constexpr const char* dpmpp_2m_aliases[] = {"dpm++-2m", "dpmpp-2m", "dpmpp2m", "k-dpmpp-2m"};
constexpr const char* dpmpp_2m_sde_aliases[] = {"dpm++-2m-sde", "dpmpp-2m-sde", "k-dpmpp-2m-sde"};
constexpr const char* dpmpp_2m_sde_heun_aliases[] = {"dpm++-2m-sde-heun", "dpmpp-2m-sde-heun"};
constexpr const char* dpmpp_3m_sde_aliases[] = {"dpm++-3m-sde", "dpmpp-3m-sde", "k-dpmpp-3m-sde"};
constexpr const char* dpmpp_sde_aliases[] = {"dpm++-sde", "dpmpp-sde", "k-dpmpp-sde"};
constexpr const char* dpmpp_2s_a_aliases[] = {"dpm++-2s-a", "dpmpp-2s-a", "dpmpp-2s-ancestral",
                                              "k-dpmpp-2s-a", "k-dpmpp-2s-ancestral"};
constexpr const char* heun_aliases[] = {"k-heun"};
constexpr const char* dpm2_aliases[] = {"dpm-2", "k-dpm-2"};
constexpr const char* dpm2_a_aliases[] = {"dpm-2-a", "dpm-2-ancestral", "dpm2-ancestral",
                                          "k-dpm-2-a", "k-dpm-2-ancestral"};
constexpr const char* lms_aliases[] = {"k-lms"};

// clang-format off
constexpr Sampler samplers[] = {
    // name              aliases                    diffusers' class                    levels  fields        schedule
    {"ddim",             {},                        "DDIMScheduler",                    false,  read_ddim,    ddim},
    {"pndm",             pndm_aliases,              "PNDMScheduler",                    false,  read_pndm,    pndm},
    {"ddpm",             {},                        "DDPMScheduler",                    false,  read_ddpm,    ddpm},
    {"euler",            euler_aliases,             "EulerDiscreteScheduler",           true,   read_euler,   euler},
    {"euler-a",          euler_a_aliases,           "EulerAncestralDiscreteScheduler",  true,   nullptr,      euler_ancestral},
    {"dpm++2m",          dpmpp_2m_aliases,          "DPMSolverMultistepScheduler",      true,   read_solver,  dpmpp_2m},
    {"dpm++2m-sde",      dpmpp_2m_sde_aliases,      nullptr,                            true,   nullptr,      dpmpp_2m_sde},
    {"dpm++2m-sde-heun", dpmpp_2m_sde_heun_aliases, nullptr,                            true,   nullptr,      dpmpp_2m_sde_heun},
    {"dpm++3m-sde",      dpmpp_3m_sde_aliases,      nullptr,                            true,   nullptr,      dpmpp_3m_sde},
    {"dpm++sde",         dpmpp_sde_aliases,         "DPMSolverSDEScheduler",            true,   read_dpm2,    dpmpp_sde},
    {"dpm++2s-a",        dpmpp_2s_a_aliases,        nullptr,                            true,   nullptr,      dpmpp_2s_ancestral},
    {"heun",             heun_aliases,              "HeunDiscreteScheduler",            true,   read_heun,    heun},
    {"dpm2",             dpm2_aliases,              "KDPM2DiscreteScheduler",           true,   read_dpm2,    dpm2},
    {"dpm2-a",           dpm2_a_aliases,            "KDPM2AncestralDiscreteScheduler",  true,   read_dpm2,    dpm2_ancestral},
    {"lms",              lms_aliases,               "LMSDiscreteScheduler",             true,   read_levels,  lms},
    {"unipc",            {},                        "UniPCMultistepScheduler",          true,   read_unipc,   unipc},
    {"lcm",              {},                        "LCMScheduler",                     false,  read_lcm,     lcm},
    {"tcd",              {},                        "TCDScheduler",                     false,  read_tcd,     tcd},
};
// clang-format on

// The names of all samplers, or of those that walk noise levels.
std::vector<std::string> names(bool levels_only) {
  std::vector<std::string> all;
  for (const Sampler& s : samplers) {
    if (s.walks_levels || !levels_only) all.emplace_back(s.name);
  }
  return all;
}

const Sampler* by_name(std::string_view wanted) {
  for (const Sampler& s : samplers) {
    const auto is = [&](const char* alias) { return wanted == alias; };
    if (is(s.name) || std::any_of(s.aliases.begin(), s.aliases.end(), is)) return &s;
  }
  return nullptr;
}

// The most steps that the model's table of timesteps has room for.
int max_steps(const Sampler& sampler, const SchedulerConfig& c) {
  const int n = c.num_train_timesteps;
  int steps = n;
  if (spacing(c, sampler.walks_levels) != SchedulerConfig::Spacing::leading) return steps;
  while (steps > 1 && (steps - 1) * (n / steps) + c.steps_offset >= n) --steps;
  return steps;
}

}  // namespace

std::span<const Sampler> sampler_table() { return samplers; }

NamedSampler find_sampler(std::string_view name) {
  const std::string wanted = plain_name(name);
  if (const Sampler* s = by_name(wanted)) return {*s, {}};
  for (const NamedNoiseLevels& l : noise_levels_table()) {
    const std::string suffix = std::string("-") + l.name;
    if (!wanted.ends_with(suffix)) continue;
    const Sampler* s = by_name(std::string_view(wanted).substr(0, wanted.size() - suffix.size()));
    if (s) return {*s, l.levels};
  }
  throw usage_error("the sampler is {}, expected {}", name, one_of(name, names(false)));
}

const Sampler* sampler_of_class(std::string_view diffusers_class) {
  for (const Sampler& s : samplers) {
    if (s.diffusers_class && diffusers_class == s.diffusers_class) return &s;
  }
  return nullptr;
}

Schedule make_schedule(std::string_view name, const SchedulerConfig& config, int steps,
                       NoiseLevels levels, double strength, double eta) {
  const Sampler& sampler = find_sampler(name).sampler;
  SchedulerConfig fitting = config;
  if (sampler.name != config.sampler) fitting.own = {};
  if (levels == NoiseLevels::trailing) {  // a spacing, which every sampler can have
    fitting.timestep_spacing = SchedulerConfig::Spacing::trailing;
    levels = NoiseLevels::spaced;
  }
  const int most = max_steps(sampler, fitting);
  if (steps < 1 || steps > most) throw usage_error("steps is {}, expected 1 to {}", steps, most);
  if (levels != NoiseLevels::spaced && !sampler.walks_levels) {
    throw usage_error("{} noise levels need one of {}, not {}",
                      noise_levels_table()[static_cast<size_t>(levels)].title,
                      fmt::join(names(true), ", "), sampler.name);
  }
  if (!(strength > 0 && strength <= 1)) {
    throw usage_error("the strength is {}, expected more than 0 and at most 1", strength);
  }
  if (!(eta >= 0 && eta <= 1)) throw usage_error("eta is {}, expected 0 to 1", eta);
  if (eta > 0 && sampler.schedule != ddim) {
    throw usage_error("eta is {}: it is ddim's, not {}'s", eta, sampler.name);
  }
  const int kept = std::max(1, static_cast<int>(steps * strength));
  return sampler.schedule({fitting, steps, steps - kept, levels, eta});
}

}  // namespace yent
