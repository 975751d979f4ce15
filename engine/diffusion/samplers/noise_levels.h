// How sigma samplers spread their noise levels. One list: names, files and requests use it.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace yent {

enum class NoiseLevels { spaced, karras, exponential, beta, trailing, last = trailing };

struct NamedNoiseLevels {
  NoiseLevels levels;
  const char* name;   // lower case
  const char* title;  // as AUTOMATIC1111 writes it
  const char* field;  // of scheduler_config.json, true where the file wants them; may be null
};

// In the order of the enum. `spaced`: levels of timesteps (normal); Karras 2022, equation 5;
// equal steps of log sigma; quantiles of the beta distribution (Lee 2024), a = b = 0.6; `trailing`:
// levels of timesteps that are counted from the last, also for samplers without levels.
std::span<const NamedNoiseLevels> noise_levels_table();

// By name or title, whatever its case. Throws a usage error that lists the names.
NoiseLevels find_noise_levels(std::string_view name);

// `n` falling levels from `high` to `low`; of one level, `high`. Not for `spaced` and `trailing`.
double noise_level(NoiseLevels levels, double low, double high, int i, int n);

}  // namespace yent
