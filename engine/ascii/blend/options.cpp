#include "engine/ascii/blend/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

#include "kernels/error.h"

namespace yent {
namespace {

using B = BlendOptions;

constexpr double kMost = 1000;

constexpr BlendNumber numbers[] = {
    {"block", &B::block, 1, 1024},
    {"lit", &B::lit, 0, 255},
    {"low", &B::low, 0, 1},
    {"high", &B::high, 0, 1},
    {"blur", &B::blur, 0, 1024},
    {"blurs", &B::blurs, 0, 16},
    {"power", &B::power, 0, 100},
    {"grain", &B::grain, 0, kMost},
    {"grain-seed", &B::grain_seed, 0, 2147483647},
    {"grain-fade", &B::grain_fade, 0, 1},
    {"cell", &B::cell, 3, 1024},
    {"threshold", &B::threshold, 0, 1},
    {"word-paper", &B::word_paper, 0, kMost},
    {"word-ink", &B::word_ink, 0, kMost},
    {"word-red", &B::word_red, 0, kMost},
    {"word-blue", &B::word_blue, 0, kMost},
    {"word-blue-add", &B::word_blue_add, -255, 255},
    {"paper", &B::paper, 0, kMost},
    {"ink", &B::ink, 0, kMost},
    {"least", &B::least, 0, 1},
    {"most", &B::most, 0, 1},
    {"alpha-power", &B::alpha_power, 0, 100},
    {"crowded", &B::crowded, 0, 1},
    {"crowded-most", &B::crowded_most, 0, kMost},
    {"crowded-power", &B::crowded_power, 0, kMost},
    {"floor", &B::floor, 0, 1},
    {"aberration", &B::aberration, 0, 1024},
    {"vignette", &B::vignette, 0, 1},
    {"vignette-power", &B::vignette_power, 0, 100},
    {"final-grain", &B::final_grain, 0, kMost},
    {"final-seed", &B::final_seed, 0, 2147483647},
};

std::string all_names() {
  std::string names;
  for (const BlendNumber& n : numbers) fmt::format_to(std::back_inserter(names), " {}", n.name);
  return names;
}

const BlendNumber& number_named(std::string_view name) {
  for (const BlendNumber& n : numbers) {
    if (n.name == name) return n;
  }
  throw usage_error("the blend filter has no number '{}', expected one of{}", name, all_names());
}

void set_number(BlendOptions& options, const BlendNumber& number, std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = std::holds_alternative<int BlendOptions::*>(number.field);
  if (error != std::errc() || end != text.data() + text.size() ||
      !(value >= number.least && value <= number.most) || (whole && value != std::floor(value))) {
    throw usage_error("{} of the blend filter is '{}', expected {} from {} to {}", number.name,
                      text, whole ? "a whole number" : "a number", number.least, number.most);
  }
  if (whole) {
    options.*std::get<int BlendOptions::*>(number.field) = static_cast<int>(value);
  } else {
    options.*std::get<double BlendOptions::*>(number.field) = value;
  }
}

}  // namespace

std::span<const BlendNumber> blend_numbers() { return numbers; }

void set_blend_numbers(BlendOptions& options, std::string_view assignments) {
  while (!assignments.empty()) {
    const std::string_view one = assignments.substr(0, assignments.find(','));
    assignments.remove_prefix(std::min(one.size() + 1, assignments.size()));
    const size_t equals = one.find('=');
    if (equals == one.npos) {
      throw usage_error("'{}' is no number of the blend filter, expected NAME=NUMBER,...", one);
    }
    set_number(options, number_named(one.substr(0, equals)), one.substr(equals + 1));
  }
}

std::string blend_numbers_text(const BlendOptions& options, const BlendOptions* without) {
  std::string text;
  for (const BlendNumber& n : numbers) {
    std::visit(
        [&](auto field) {
          if (without && options.*field == without->*field) return;
          fmt::format_to(std::back_inserter(text), "{}{}={}", text.empty() ? "" : ",", n.name,
                         options.*field);
        },
        n.field);
  }
  return text;
}

std::string changed_blend_numbers(const BlendOptions& options) {
  const BlendOptions defaults;
  return blend_numbers_text(options, &defaults);
}

}  // namespace yent
