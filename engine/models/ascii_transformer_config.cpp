// The shape of the network: config.json, and the presets.
#include <fmt/ranges.h>

#include <utility>

#include "engine/models/ascii_transformer.h"
#include "kernels/error.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

constexpr const char* kAsciiFormat = "ascii-grid-transformer";
constexpr int kAsciiVersion = 1;

// Room for a prompt and a row.
constexpr int kLeastBlockSize = 16;

struct AsciiPreset {
  const char* name;
  int layers, width, heads;
};

constexpr AsciiPreset kAsciiPresets[] = {
    {"test", 2, 64, 1},    {"tiny", 4, 192, 3},    {"small", 6, 384, 6},
    {"medium", 8, 512, 8}, {"large", 10, 640, 10},
};

// What is the same in every file of this version.
constexpr std::pair<const char*, int> kAsciiFixed[] = {{"vocab", art::kVocabulary},
                                                       {"max_width", art::kMaxSide},
                                                       {"max_height", art::kMaxSide},
                                                       {"edge", art::kMaxEdge},
                                                       {"styles", art::kStyles}};

}  // namespace

const std::vector<std::string>& AsciiTransformerConfig::preset_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const AsciiPreset& preset : kAsciiPresets) all.emplace_back(preset.name);
    return all;
  }();
  return names;
}

AsciiTransformerConfig AsciiTransformerConfig::preset(std::string_view name) {
  for (const AsciiPreset& p : kAsciiPresets) {
    if (name == p.name) return {p.layers, p.heads, p.width, ffn_of(p.width)};
  }
  throw usage_error("the preset is '{}', expected {}", name, fmt::join(preset_names(), ", "));
}

void AsciiTransformerConfig::check(const std::string& where, Error::Kind kind) const {
  const auto refuse = [&](const std::string& what) {
    throw Error(kind, fmt::format("{}: {}", where, what));
  };
  if (heads < 1 || width < 1 || width % heads != 0) {
    refuse(fmt::format("a width of {} in {} heads, expected a multiple", width, heads));
  }
  if (head_width() % 4 != 0) {
    refuse(fmt::format("heads are {} wide, expected a multiple of 4", head_width()));
  }
  for (const auto& [name, size] : {std::pair("width", width), std::pair("ffn", ffn)}) {
    if (size < 1 || size % 32 != 0) {
      refuse(fmt::format("the {} is {}, expected a multiple of 32", name, size));
    }
  }
}

AsciiTransformerConfig AsciiTransformerConfig::from_json(const Json& j, const std::string& path) {
  if (!j.is_object()) throw file_error("{}: expected an object", path);
  const std::string format = get_string(j, "format", {}, path);
  if (format != kAsciiFormat) {
    throw file_error("{}: the format is {}, expected {}", path, printable(format), kAsciiFormat);
  }
  const int64_t version = get_int(j, "version", {}, 0, 1 << 30, path);
  if (version != kAsciiVersion) {
    throw file_error("{}: version {} of the format, expected {}", path, version, kAsciiVersion);
  }
  for (const auto& [key, value] : kAsciiFixed) get_int(j, key, {}, value, value, path);
  const auto number = [&](const char* key, int most) {
    return static_cast<int>(get_int(j, key, {}, 1, most, path));
  };
  AsciiTransformerConfig c;
  c.layers = number("n_layer", 256);
  c.heads = number("n_head", 1024);
  c.width = number("n_embd", 1 << 14);
  c.ffn = number("ffn", 1 << 16);
  c.block_size = static_cast<int>(get_int(j, "block_size", {}, kLeastBlockSize, 1 << 16, path));
  c.rope_base = get_number(j, "rope_base", {}, 1, 1e9, path);
  c.eps = get_number(j, "rms_eps", {}, 1e-12, 1, path);
  c.trained_steps = get_int(j, "trained_steps", 0, 0, int64_t{1} << 62, path);
  c.check(path);
  return c;
}

Json AsciiTransformerConfig::to_json() const {
  Json j = Json::object({{"format", kAsciiFormat},
                         {"version", kAsciiVersion},
                         {"n_layer", layers},
                         {"n_head", heads},
                         {"n_embd", width},
                         {"ffn", ffn},
                         {"block_size", block_size}});
  for (const auto& [key, value] : kAsciiFixed) j[key] = value;
  j["rope_base"] = rope_base;
  j["rms_eps"] = eps;
  j["trained_steps"] = trained_steps;
  return j;
}

std::vector<NamedDims> ascii_transformer_tensors(const AsciiTransformerConfig& c) {
  const int64_t d = c.width, ffn = c.ffn;
  std::vector<NamedDims> all{{"tok_embed.weight", {art::kVocabulary, d}},
                             {"cond.width.weight", {art::kMaxSide + 1, d}},
                             {"cond.height.weight", {art::kMaxSide + 1, d}},
                             {"cond.style.weight", {art::kStyles, d}},
                             {"edge.row.weight", {art::kMaxEdge + 1, d}},
                             {"edge.col.weight", {art::kMaxEdge + 1, d}},
                             {"norm.weight", {d}},
                             {"head.weight", {art::kVocabulary, d}, true}};
  for (int i = 0; i < c.layers; ++i) {
    const auto add = [&](const char* name, std::vector<int64_t> dims) {
      const bool matrix = dims.size() == 2;
      all.push_back({fmt::format("blocks.{}.{}.weight", i, name), std::move(dims), matrix});
    };
    add("attn_norm", {d});
    for (const char* name : {"attn.q", "attn.k", "attn.v", "attn.o"}) add(name, {d, d});
    add("mlp_norm", {d});
    for (const char* name : {"mlp.gate", "mlp.up"}) add(name, {ffn, d});
    add("mlp.down", {d, ffn});
  }
  return all;
}

}  // namespace yent
