#include "engine/core/quant_style.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/quantize/grid_formulas.h"
#include "kernels/spelling.h"

namespace yent {
namespace {

uint64_t hash(std::string_view text) {  // FNV-1a
  uint64_t h = 0xcbf29ce484222325u;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return h;
}

// ---- Words that name one of several things

template <class T>
struct Named {
  const char* name;
  T value;
};

constexpr Named<Round> kRounds[] = {
    {"nearest", Round::nearest}, {"floor", Round::floor},           {"ceil", Round::ceil},
    {"zero", Round::zero},       {"stochastic", Round::stochastic}, {"dither", Round::stochastic}};
constexpr Named<Codebook> kCodebooks[] = {{"linear", Codebook::linear},
                                          {"log", Codebook::log},
                                          {"kmeans", Codebook::kmeans},
                                          {"ternary", Codebook::ternary},
                                          {"binary", Codebook::binary}};
constexpr Named<int> kZeros[] = {{"symmetric", 0}, {"affine", 1}};
constexpr Named<Sharing> kWeightSharings[] = {
    {"channel", Sharing::row}, {"tensor", Sharing::tensor}, {"group", Sharing::group}};
constexpr Named<int> kActSharings[] = {{"own", -1},
                                       {"tensor", static_cast<int>(Sharing::tensor)},
                                       {"image", static_cast<int>(Sharing::image)},
                                       {"row", static_cast<int>(Sharing::row)},
                                       {"group", static_cast<int>(Sharing::group)}};
constexpr Named<int> kTargets[] = {{"weights", 0}, {"input", 1}, {"output", 2}};
constexpr Named<LayerKind> kKinds[] = {{"linear", LayerKind::linear},
                                       {"conv", LayerKind::conv},
                                       {"attention", LayerKind::attention},
                                       {"norm", LayerKind::norm}};

template <class T, size_t N>
bool choose(std::string_view value, const Named<T> (&names)[N], T& to, std::string& expected) {
  std::vector<std::string> known;
  for (const Named<T>& each : names) {
    if (each.name == value) return to = each.value, true;
    known.push_back(each.name);
  }
  expected = one_of(value, known);
  return false;
}

// Several of them, with commas in between.
template <class T, size_t N, class Take>
bool choose_all(std::string_view list, const Named<T> (&names)[N], std::string& expected,
                const Take& take) {
  for (;;) {
    const size_t comma = list.find(',');
    T found{};
    if (!choose(list.substr(0, comma), names, found, expected)) return false;
    take(found);
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
}

// ---- Words that are numbers, which may change from step to step

struct NumberWord {
  const char* key;
  const char* expected;
  bool (*valid)(double value);
  void (*set)(QuantStyle& style, double value);
};

constexpr NumberWord kNumbers[] = {
    {"bits", "bits=1 to bits=8", [](double v) { return v >= 1 && v <= 8 && v == std::floor(v); },
     [](QuantStyle& s, double v) { s.grid.bits = static_cast<int>(std::nearbyint(v)); }},
    {"clip", "clip=P with 0 < P <= 100", [](double v) { return v > 0 && v <= 100; },
     [](QuantStyle& s, double v) { s.grid.clip = static_cast<float>(v); }},
    {"clip_abs", "clip_abs=X with X > 0", [](double v) { return v > 1e-30 && v < 1e30; },
     [](QuantStyle& s, double v) { s.grid.clip_abs = static_cast<float>(v); }},
    {"gain", "gain=X with -1000 <= X <= 1000", [](double v) { return std::abs(v) <= 1000; },
     [](QuantStyle& s, double v) { s.grid.gain = static_cast<float>(v); }},
    {"blend", "blend=X with 0 <= X <= 1", [](double v) { return v >= 0 && v <= 1; },
     [](QuantStyle& s, double v) { s.blend = v; }},
};

const NumberWord* number_word(std::string_view key) {
  const auto found =
      std::ranges::find_if(kNumbers, [&](const NumberWord& w) { return w.key == key; });
  return found == std::end(kNumbers) ? nullptr : found;
}

bool parse_count(std::string_view value, double least, double most, double& to) {
  return parse_number(value, to) && to == std::floor(to) && to >= least && to <= most;
}

// ---- The table of words

using Parse = bool (*)(std::string_view value, QuantStyle& style, std::string& expected);
struct Word {
  const char* key;
  bool selects;  // says where and when, asks for no grid
  Parse parse;
};

bool parse_act(std::string_view value, QuantStyle& s, std::string& expected) {
  int sharing = -1;
  if (!choose(value, kActSharings, sharing, expected)) return false;
  s.act_sharing.reset();
  if (sharing >= 0) s.act_sharing = static_cast<Sharing>(sharing);
  s.per_tensor = s.act_sharing == Sharing::tensor;
  return true;
}

bool parse_on(std::string_view value, QuantStyle& s, std::string& expected) {
  s.on_weights = s.on_input = s.on_output = false;
  return choose_all(value, kTargets, expected, [&](int target) {
    (target == 0 ? s.on_weights : target == 1 ? s.on_input : s.on_output) = true;
  });
}

bool parse_kind(std::string_view value, QuantStyle& s, std::string& expected) {
  return choose_all(value, kKinds, expected,
                    [&](LayerKind kind) { s.kinds |= 1u << static_cast<int>(kind); });
}

bool parse_seed(std::string_view value, QuantStyle& s, std::string& expected) {
  expected = "a whole number from 0 to 2^53";
  double seed = 0;
  if (!parse_count(value, 0, 0x1p53, seed)) return false;
  s.grid.noise = static_cast<uint64_t>(seed);
  return true;
}

bool parse_group(std::string_view value, QuantStyle& s, std::string& expected) {
  expected = "a whole number from 1 to 1000000";
  double count = 0;
  if (!parse_count(value, 1, 1e6, count)) return false;
  s.grid.group = static_cast<int>(count);
  return true;
}

constexpr Word kWords[] = {
    {"kind", true, parse_kind},
    {"steps", true,
     [](std::string_view v, QuantStyle& s, std::string& expected) {
       expected = "steps such as 0-4,9 or 3- or -7";
       return parse_steps(v, s.window);
     }},
    {"noise", true,
     [](std::string_view v, QuantStyle& s, std::string& expected) {
       expected = "noise such as 1..0.6, from 1 (pure noise) to 0";
       return parse_noise(v, s.window);
     }},
    {"act", true, parse_act},
    {"on", false, parse_on},
    {"round", false,
     [](std::string_view v, QuantStyle& s, std::string& expected) {
       return choose(v, kRounds, s.grid.round, expected);
     }},
    {"codebook", false,
     [](std::string_view v, QuantStyle& s, std::string& expected) {
       return choose(v, kCodebooks, s.grid.codebook, expected);
     }},
    {"zero", false,
     [](std::string_view v, QuantStyle& s, std::string& expected) {
       return choose(v, kZeros, s.grid.affine, expected);
     }},
    {"weights", false,
     [](std::string_view v, QuantStyle& s, std::string& expected) {
       return choose(v, kWeightSharings, s.grid.sharing, expected);
     }},
    {"seed", false, parse_seed},
    {"group", false, parse_group},
};

bool parse_number_word(const NumberWord& word, std::string_view value, QuantStyle& style,
                       std::string& expected) {
  double first = 0, last = 0;
  expected = word.expected;
  if (!parse_range(value, first, last) || !word.valid(first) || !word.valid(last)) return false;
  word.set(style, first);
  return true;
}

}  // namespace

bool parse_quant_style(std::string_view text, QuantStyle& style, std::string& expected) {
  const size_t equals = std::min(text.find('='), text.size());
  const std::string_view key = text.substr(0, equals);
  const std::string_view value = text.substr(std::min(equals + 1, text.size()));
  const NumberWord* number = number_word(key);
  const auto word = std::ranges::find_if(kWords, [&](const Word& w) { return w.key == key; });
  if (!number && word == std::end(kWords)) {
    std::vector<std::string> known;
    for (const NumberWord& w : kNumbers) known.push_back(std::string(w.key) + "=");
    for (const Word& w : kWords) known.push_back(std::string(w.key) + "=");
    expected = one_of(std::string(key) + "=", known);
    return false;
  }
  if (number) {
    if (!parse_number_word(*number, value, style, expected)) return false;
    style.quantizes = true;
  } else {
    if (!word->parse(value, style, expected)) {
      if (!expected.starts_with(word->key)) expected = std::string(word->key) + "= " + expected;
      return false;
    }
    style.quantizes |= !word->selects;
  }
  style.words.emplace_back(text);
  return true;
}

bool fits_together(QuantStyle& s, std::string& wrong) {
  const auto says = [&](std::string_view key) {
    return std::ranges::any_of(s.words, [&](const std::string& word) {
      return word.starts_with(key) && word[key.size()] == '=';
    });
  };
  const QuantGrid& g = s.grid;
  const bool fixed = g.codebook == Codebook::ternary || g.codebook == Codebook::binary;
  const bool weights_alone = !s.on_input && !s.on_output;
  if (!says("on") && s.kinds == 1u << static_cast<int>(LayerKind::attention)) {
    s.on_weights = false;  // it has none
    s.on_input = true;
  }
  const bool act_of_grids = s.act_sharing && *s.act_sharing != Sharing::tensor;
  if (fixed && (says("bits") || says("round") || says("zero"))) {
    wrong = "bits=, round= and zero= mean nothing to codebook=ternary and codebook=binary";
  } else if (g.affine && g.codebook != Codebook::linear) {
    wrong = "zero=affine is for codebook=linear";
  } else if (g.bits == 1 && !g.affine && !fixed && g.codebook != Codebook::kmeans) {
    wrong = "1 bit needs zero=affine, codebook=kmeans or codebook=binary";
  } else if (says("clip") && says("clip_abs")) {
    wrong = "clip= and clip_abs= exclude each other";
  } else if (says("seed") && g.round != Round::stochastic) {
    wrong = "seed= is for round=stochastic";
  } else if (act_of_grids && weights_alone && s.on_weights) {
    wrong = "act=image, act=row and act=group need on=input or on=output";
  } else if ((g.sharing == Sharing::group || s.act_sharing == Sharing::group) != says("group")) {
    wrong = "weights=group and act=group go with group=N, and it with them";
  }
  return wrong.empty();
}

bool QuantStyle::of(LayerKind kind) const {
  if (kinds == 0) return kind == LayerKind::linear || kind == LayerKind::conv;
  return kinds & 1u << static_cast<int>(kind);
}

namespace {

// The number word of "bits=8..3"; null for any other word.
const NumberWord* ramp_of(const std::string& word, double& first, double& last) {
  const size_t equals = std::min(word.find('='), word.size());
  const NumberWord* number = number_word(std::string_view(word).substr(0, equals));
  if (!number || word.find("..") == std::string::npos) return nullptr;
  return parse_range(std::string_view(word).substr(equals + 1), first, last) ? number : nullptr;
}

}  // namespace

bool QuantStyle::ramps() const {
  double first = 0, last = 0;
  return std::ranges::any_of(words, [&](const std::string& w) { return ramp_of(w, first, last); });
}

QuantStyle QuantStyle::at(const Moment& m, std::span<const Moment> all) const {
  QuantStyle now = *this;
  now.window = {};
  now.words.clear();
  const double progress = window.progress(m, all);
  for (const std::string& word : words) {
    if (word.starts_with("steps=") || word.starts_with("noise=")) continue;
    double first = 0, last = 0;
    const NumberWord* ramp = ramp_of(word, first, last);
    if (!ramp) {
      now.words.push_back(word);
      continue;
    }
    double value = first + (last - first) * progress;
    if (std::string_view(ramp->key) == "bits") value = std::nearbyint(value);
    ramp->set(now, value);
    now.words.push_back(fmt::format("{}={:.9g}", ramp->key, value));
  }
  return now;
}

QuantGrid QuantStyle::weight_grid(std::string_view layer) const {
  QuantGrid g = grid;
  if (g.round != Round::stochastic) {
    g.noise = 0;  // so that equal roundings are equal grids
  } else {
    g.noise = grid.noise ? scramble(hash(layer) ^ scramble(grid.noise)) : hash(layer);
  }
  return g;
}

QuantGrid QuantStyle::act_grid(std::string_view layer, LayerKind kind) const {
  QuantGrid g = weight_grid(layer);
  g.sharing = act_sharing.value_or(kind == LayerKind::linear ? Sharing::row : Sharing::image);
  return g;
}

}  // namespace yent
