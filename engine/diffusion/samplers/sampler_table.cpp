#include "engine/diffusion/samplers/sampler_table.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "engine/diffusion/samplers/samplers.h"
#include "kernels/error.h"

namespace yent {
namespace {

constexpr const char* pndm_aliases[] = {"plms"};
constexpr const char* euler_aliases[] = {"k-euler"};
constexpr const char* euler_a_aliases[] = {"euler-ancestral", "k-euler-a", "k-euler-ancestral"};
constexpr const char* dpmpp_2m_aliases[] = {"dpm++-2m", "dpmpp-2m", "dpmpp2m", "k-dpmpp-2m"};

// clang-format off
constexpr Sampler samplers[] = {
    // name      aliases            diffusers' class                    karras  fixed   schedule
    {"ddim",     {},                "DDIMScheduler",                    false,  false,  ddim},
    {"pndm",     pndm_aliases,      "PNDMScheduler",                    false,  false,  pndm},
    {"ddpm",     {},                "DDPMScheduler",                    false,  true,   ddpm},
    {"euler",    euler_aliases,     "EulerDiscreteScheduler",           true,   false,  euler},
    {"euler-a",  euler_a_aliases,   "EulerAncestralDiscreteScheduler",  true,   false,  euler_ancestral},
    {"dpm++2m",  dpmpp_2m_aliases,  "DPMSolverMultistepScheduler",      true,   false,  dpmpp_2m},
};
// clang-format on

// "DPM++ 2M" and "dpm++_2m" as "dpm++-2m".
std::string plain(std::string_view name) {
  std::string text(name);
  for (char& c : text) {
    if (c == '_' || c == ' ') c = '-';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// The names of all samplers, or of those that take Karras' levels.
std::string names(bool karras_only) {
  std::vector<std::string_view> all;
  for (const Sampler& s : samplers) {
    if (s.takes_karras || !karras_only) all.emplace_back(s.name);
  }
  return fmt::format("{}", fmt::join(all, ", "));
}

// The most steps that the model's table of timesteps has room for.
int max_steps(const Sampler& sampler, const SchedulerConfig& c) {
  const int n = c.num_train_timesteps;
  int steps = n;
  if (sampler.takes_karras || c.timestep_spacing != SchedulerConfig::Spacing::leading) return steps;
  while (steps > 1 && (steps - 1) * (n / steps) + c.steps_offset >= n) --steps;
  return steps;
}

}  // namespace

std::span<const Sampler> sampler_table() { return samplers; }

const Sampler& find_sampler(std::string_view name) {
  const std::string wanted = plain(name);
  for (const Sampler& s : samplers) {
    const auto is = [&](const char* alias) { return wanted == alias; };
    if (is(s.name) || std::any_of(s.aliases.begin(), s.aliases.end(), is)) return s;
  }
  throw usage_error("the sampler is {}, expected one of {}", name, names(false));
}

const Sampler* sampler_of_class(std::string_view diffusers_class) {
  for (const Sampler& s : samplers) {
    if (diffusers_class == s.diffusers_class) return &s;
  }
  return nullptr;
}

Schedule make_schedule(std::string_view name, const SchedulerConfig& config, int steps, bool karras,
                       double strength) {
  const Sampler& sampler = find_sampler(name);
  const int most = max_steps(sampler, config);
  if (steps < 1 || steps > most) throw usage_error("steps is {}, expected 1 to {}", steps, most);
  if (karras && !sampler.takes_karras) {
    throw usage_error("Karras' noise levels need one of {}, not {}", names(true), sampler.name);
  }
  if (!(strength > 0 && strength <= 1)) {
    throw usage_error("the strength is {}, expected more than 0 and at most 1", strength);
  }
  const int kept = std::max(1, static_cast<int>(steps * strength));
  return sampler.schedule({config, steps, steps - kept, karras});
}

}  // namespace yent
