// The numbers of the blend filter, by name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace yent {

struct BlendOptions {
  // The score: variance of the gradient in blocks of this many pixels, between two shares of the
  // lit blocks; blurred and raised to a power.
  int block = 12;
  double lit = 25;  // the least mean luminance of a block that can score
  double low = 0.1, high = 0.9;
  int blur = 18, blurs = 3;  // radius of a box blur, and how often
  double power = 1.8;

  // The grain before and after: its deviation at black, how much of that is lost at white, and the
  // seed.
  double grain = 22, final_grain = 15, grain_fade = 0.4;
  int grain_seed = 42, final_seed = 137;

  // The layer of characters: the width of a cell in pixels, the score from which on words grow, and
  // the colours of cell and glyph as factors of the picture's.
  int cell = 8;
  double threshold = 0.4;
  double word_paper = 0.25, word_ink = 3.2, word_red = 0.7, word_blue = 1.3, word_blue_add = 25;
  double paper = 0.5, ink = 1.5;

  // How much of the layer shows: from least to most, by a power of the score. Where the mean score
  // is above `crowded`, its excess takes `crowded_most` times itself off the most, not below the
  // floor, and adds `crowded_power` times itself to the power.
  double least = 0.05, most = 0.90, alpha_power = 3;
  double crowded = 0.45, crowded_most = 2, crowded_power = 3.5, floor = 0.30;

  // The last touches: pixels between red and green, and what the corners lose.
  int aberration = 2;
  double vignette = 0.30, vignette_power = 1.5;

  bool operator==(const BlendOptions&) const = default;
};

struct BlendNumber {
  std::string_view name;
  std::variant<int BlendOptions::*, double BlendOptions::*> field;
  double least, most;
};

std::span<const BlendNumber> blend_numbers();

// Changes what "grain=30,cell=6" names. Throws a usage error for an unknown name and for a value
// that is no number or out of range.
void set_blend_numbers(BlendOptions& options, std::string_view assignments);

// All numbers in the same notation, or those that differ from another's.
std::string blend_numbers_text(const BlendOptions& options, const BlendOptions* without = nullptr);

// What differs from the defaults, in the same notation; empty if nothing does.
std::string changed_blend_numbers(const BlendOptions& options);

}  // namespace yent
