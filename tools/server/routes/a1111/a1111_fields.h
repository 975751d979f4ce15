// The fields of AUTOMATIC1111's API. Those that we honour, and all others in one table: with the
// values that ask for nothing they are accepted, with any other they are refused by name.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/diffusion/samplers/noise_levels.h"
#include "tools/server/limits.h"
#include "tools/server/routes/schema.h"

namespace yent::server {

std::vector<Field> txt2img_fields(const RequestLimits& limits);
std::vector<Field> img2img_fields(const RequestLimits& limits);
// Of GET and POST options, and of override_settings.
std::vector<Field> option_fields();

// What GET options gives for an option that cannot be changed.
struct FixedOption {
  const char* name;
  Json value;
  std::vector<Json> others = {};  // that ask for nothing, too
};
const std::vector<FixedOption>& fixed_options();

// A sampler under AUTOMATIC1111's name.
struct TitledSampler {
  const char* name;                           // of the sampler table
  const char* title;                          // Euler a
  std::optional<NoiseLevels> automatic = {};  // the scheduler that "Automatic" means with it
  std::optional<double> eta = {};             // the usual one; nothing where it has none
  bool takes_eta = false;                     // others, too
};
std::span<const TitledSampler> titled_samplers();
// Null where the sampler is none of these.
const TitledSampler* titled_sampler(const std::string& name);

// "Automatic", whatever its case, or nothing.
bool is_automatic(const std::string& scheduler);

}  // namespace yent::server
