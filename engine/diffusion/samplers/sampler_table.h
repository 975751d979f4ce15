// Every sampler there is, in one table. A new sampler is one function and one row here; nothing
// outside the table compares a sampler's name.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/diffusion/samplers/noise_levels.h"
#include "engine/diffusion/samplers/schedule.h"
#include "engine/diffusion/samplers/scheduler_config.h"

namespace yent {

struct SamplerRequest {
  const SchedulerConfig& config;
  int steps = 0;    // of the whole schedule
  int skipped = 0;  // steps left out at the beginning, where a picture is the start
  NoiseLevels levels = NoiseLevels::spaced;  // others only for samplers that walk levels
  double eta = 0;  // of ddim: 0 adds no noise to a step, 1 as much as ddpm would
};

struct Sampler {
  const char* name;
  std::span<const char* const> aliases;  // lower case, '-' between words
  const char* diffusers_class;           // what a scheduler_config.json calls it; may be null
  bool walks_levels;                     // it walks noise levels (sigmas), not table entries
  void (*read)(ClassReader& reader);     // the fields of its class alone; may be null
  // The request has been checked: steps fit the table, levels are taken.
  Schedule (*schedule)(const SamplerRequest& request);
};

std::span<const Sampler> sampler_table();

// A name of AUTOMATIC1111 may end with the noise levels: "DPM++ 2M Karras".
struct NamedSampler {
  const Sampler& sampler;
  std::optional<NoiseLevels> levels;
};

// By name or alias, whatever its case: "Euler a", "euler_a" and "euler-a" are one. Throws a usage
// error that lists the names.
NamedSampler find_sampler(std::string_view name);
// By diffusers' class; null for an unknown one.
const Sampler* sampler_of_class(std::string_view diffusers_class);

// The schedule of `steps` steps. `strength`, in (0, 1], leaves out the first steps where it is
// below 1: for a picture as the start. `eta`, from 0 to 1, is ddim's alone. Throws usage errors:
// too many steps for the model's table, noise levels for a sampler without sigmas, an unknown
// sampler.
Schedule make_schedule(std::string_view sampler, const SchedulerConfig& config, int steps,
                       NoiseLevels levels = NoiseLevels::spaced, double strength = 1,
                       double eta = 0);

}  // namespace yent
