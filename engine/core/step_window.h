// The part of a denoising for which a rule of a policy holds, and numbers that change within it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace yent {

// A model call of a denoising: its step, from 0 on, and its noise, 1 pure and 0 a picture.
struct Moment {
  int step = 0;
  double noise = 1;
};

struct StepWindow {
  std::vector<std::pair<int, int>> steps = {};  // first and last; none: all
  double most_noise = 1, least_noise = 0;       // both included
  bool whole = true;                            // nothing was said

  bool holds(const Moment& m) const;
  // How far the moment's step is in the steps of `all` for which the window holds: 0 at the first,
  // 1 at the last, 0 where there is one alone.
  double progress(const Moment& m, std::span<const Moment> all) const;
};

// Parses 0-4,9 or 3- or -7. Returns false for anything else.
bool parse_steps(std::string_view text, StepWindow& window);
// Parses 1..0.6, either number first.
bool parse_noise(std::string_view text, StepWindow& window);

// A number, and all of the text.
bool parse_number(std::string_view text, double& to);
// A..B, or a number: then both are it.
bool parse_range(std::string_view text, double& first, double& last);

}  // namespace yent
