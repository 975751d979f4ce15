// Every sampler there is, in one table. A new sampler is one function and one row here; nothing
// outside the table compares a sampler's name.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/diffusion/samplers/schedule.h"
#include "engine/diffusion/samplers/scheduler_config.h"

namespace yent {

struct SamplerRequest {
  const SchedulerConfig& config;
  int steps = 0;        // of the whole schedule
  int skipped = 0;      // steps left out at the beginning, where a picture is the start
  bool karras = false;  // Karras' noise levels; only for samplers that take them
};

struct Sampler {
  const char* name;
  std::span<const char* const> aliases;  // lower case, '-' between words
  const char* diffusers_class;           // what a scheduler_config.json calls it
  bool takes_karras;                     // it walks noise levels (sigmas), not table entries
  bool fixed_variance;                   // the file must not ask for a learned variance
  // The request has been checked: steps fit the table, karras is taken.
  Schedule (*schedule)(const SamplerRequest& request);
};

std::span<const Sampler> sampler_table();

// By name or alias, whatever its case: "Euler a", "euler_a" and "euler-a" are one. Throws a usage
// error that lists the names.
const Sampler& find_sampler(std::string_view name);
// By diffusers' class; null for an unknown one.
const Sampler* sampler_of_class(std::string_view diffusers_class);

// The schedule of `steps` steps. `strength`, in (0, 1], leaves out the first steps where it is
// below 1: for a picture as the start. Throws usage errors: too many steps for the model's table,
// Karras' levels for a sampler without sigmas, an unknown sampler.
Schedule make_schedule(std::string_view sampler, const SchedulerConfig& config, int steps,
                       bool karras = false, double strength = 1);

}  // namespace yent
