#include "engine/core/quant_style.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

namespace yent {
namespace {

// SplitMix64's finalizer (Steele, Lea and Flood 2014): every bit depends on every other.
uint64_t scramble(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

uint64_t hash(std::string_view text) {  // FNV-1a
  uint64_t h = 0xcbf29ce484222325u;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return h;
}

// A number in [0, 1), the same for the same layer and index on every machine.
float chance(uint64_t layer, uint64_t index) {
  return static_cast<float>(scramble(layer + index * 0x9e3779b97f4a7c15u) >> 40) * 0x1p-24f;
}

bool number(std::string_view text, float& to) {
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, to);
  return error == std::errc() && at == end;
}

// The magnitude that `percent` of all values do not exceed; for 100, the absmax.
float percentile(const float* values, int64_t count, float percent, std::vector<float>& room) {
  if (percent >= 100) {
    float absmax = 0;
    for (int64_t i = 0; i < count; ++i) absmax = std::max(absmax, std::fabs(values[i]));
    return absmax;
  }
  room.resize(count);
  std::transform(values, values + count, room.begin(), [](float v) { return std::fabs(v); });
  const auto rank = static_cast<int64_t>(std::ceil(count * static_cast<double>(percent) / 100));
  const auto at = room.begin() + std::max<int64_t>(rank, 1) - 1;
  std::nth_element(room.begin(), at, room.end());
  return *at;
}

}  // namespace

bool parse_quant_style(std::string_view word, QuantStyle& style, std::string& expected) {
  const size_t equals = std::min(word.find('='), word.size());
  const std::string_view key = word.substr(0, equals);
  const std::string_view value = word.substr(std::min(equals + 1, word.size()));
  if (key == "bits") {
    expected = "bits=2 to bits=8";
    if (value.size() != 1 || value[0] < '2' || value[0] > '8') return false;
    style.bits = value[0] - '0';
  } else if (key == "round") {
    expected = "round=nearest, round=floor or round=dither";
    if (value == "nearest")
      style.round = Round::nearest;
    else if (value == "floor")
      style.round = Round::floor;
    else if (value == "dither")
      style.round = Round::dither;
    else
      return false;
  } else if (key == "clip") {
    expected = "clip=P with 0 < P <= 100";
    if (!number(value, style.clip) || !(style.clip > 0 && style.clip <= 100)) return false;
  } else if (key == "weights") {
    expected = "weights=channel or weights=tensor";
    if (value != "channel" && value != "tensor") return false;
    style.per_tensor_weights = value == "tensor";
  } else if (key == "act") {
    expected = "act=own or act=tensor";
    if (value != "own" && value != "tensor") return false;
    style.per_tensor = value == "tensor";
  } else {
    expected = "bits=, round=, clip=, weights= or act=";
    return false;
  }
  style.changes_weights |= key != "act";
  style.words += (style.words.empty() ? "" : " ") + std::string(word);
  return true;
}

void fake_quantize(const QuantStyle& style, std::string_view layer, float* weight, int64_t rows,
                   int64_t columns) {
  const int64_t span = style.per_tensor_weights ? rows * columns : columns;
  const auto levels = static_cast<float>((1 << (style.bits - 1)) - 1);
  const uint64_t name = hash(layer);
  const auto finite = [](float v) { return std::isfinite(v); };
  std::vector<float> room;
  for (int64_t first = 0; first < rows * columns; first += span) {
    float* w = weight + first;
    if (!std::all_of(w, w + span, finite)) continue;
    const float scale = percentile(w, span, style.clip, room) / levels;
    if (scale < 1e-37f) {  // too small for levels in f32
      std::fill_n(w, span, 0.0f);
      continue;
    }
    const auto apply = [&](auto round) {
      for (int64_t i = 0; i < span; ++i) {
        w[i] = scale * std::clamp(round(w[i] / scale, first + i), -levels, levels);
      }
    };
    if (style.round == Round::nearest) {
      apply([](float v, int64_t) { return std::nearbyint(v); });
    } else if (style.round == Round::floor) {
      apply([](float v, int64_t) { return std::floor(v); });
    } else {
      apply([&](float v, int64_t i) { return std::floor(v + chance(name, i)); });
    }
  }
}

}  // namespace yent
