#include "bench/synthesize/seeded_weights.h"

#include <array>
#include <cmath>

namespace yent {
namespace {

constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;

uint64_t splitmix64(uint64_t z) {
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

uint64_t fnv1a(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

template <size_t n>
bool ends_with_any(std::string_view name, const std::array<std::string_view, n>& endings) {
  for (std::string_view ending : endings)
    if (name.ends_with(ending)) return true;
  return false;
}

// Last layer of a branch that is added to the residual stream.
constexpr std::array<std::string_view, 10> kClosing = {
    "conv2",    "to_out.0",  "ff.net.2", "proj_out",    "fc2",
    "out_proj", "down_proj", "o_proj",   "attn_output", "ffn_down"};
constexpr std::array<std::string_view, 6> kQueryKey = {"to_q",   "to_k",   "q_proj",
                                                       "k_proj", "attn_q", "attn_k"};
constexpr std::array<std::string_view, 4> kEmbedding = {"token_embedding", "position_embedding",
                                                        "embed_tokens", "token_embd"};

struct Line {
  float at_zero, slope;  // value = at_zero + slope * v
};

Line line_of(std::string_view name, std::span<const int64_t> dims) {
  const bool is_weight = name.ends_with(".weight");
  if (dims.size() < 2) return is_weight ? Line{1, 0.1f} : Line{0, 0.05f};
  const std::string_view layer = is_weight ? name.substr(0, name.size() - 7) : name;
  if (ends_with_any(layer, kEmbedding)) return {0, 0.5f};

  double fan_in = 1;
  for (int64_t d : dims.subspan(1)) fan_in *= static_cast<double>(d);
  const double gain = ends_with_any(layer, kClosing)    ? 0.5
                      : ends_with_any(layer, kQueryKey) ? 1.6
                                                        : 1;
  // v is uniform: its variance is 1/3.
  return {0, static_cast<float>(gain * std::sqrt(3 / fan_in))};
}

}  // namespace

void seeded_values(std::string_view name, std::span<const int64_t> dims, uint64_t seed,
                   float* out) {
  int64_t count = 1;
  for (int64_t d : dims) count *= d;
  const Line line = line_of(name, dims);
  const uint64_t state = splitmix64(fnv1a(name) + splitmix64(seed));
  for (int64_t i = 0; i < count; ++i) {
    const uint64_t bits = splitmix64(state + static_cast<uint64_t>(i + 1) * kGolden) >> 40;
    const float v = static_cast<float>(static_cast<int32_t>(bits) - 0x800000) * 0x1p-23f;
    out[i] = line.at_zero + line.slope * v;
  }
}

}  // namespace yent
