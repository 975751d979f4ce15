#include "loaders/checkpoint/lora.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <system_error>
#include <utility>

#include "kernels/error.h"
#include "loaders/checkpoint/take_prefix.h"
#include "loaders/io/json.h"
#include "loaders/tensors/convert.h"

namespace yent {
namespace {

enum class Role { down, up, alpha };

// The meaning of a key's suffix. A suffix comes before every shorter one that it ends in.
struct Suffix {
  std::string_view text;
  Role role;
  bool old_attention = false;  // to_q_lora stands for to_q, in the text encoder for q_proj
};

constexpr Suffix suffixes[] = {
    {".lora_A.weight", Role::down},
    {".lora_B.weight", Role::up},
    {".lora_A.default.weight", Role::down},
    {".lora_B.default.weight", Role::up},
    {"_lora.down.weight", Role::down, true},
    {"_lora.up.weight", Role::up, true},
    {".lora.down.weight", Role::down},
    {".lora.up.weight", Role::up},
    {".lora_linear_layer.down.weight", Role::down},
    {".lora_linear_layer.up.weight", Role::up},
    {".lora_down.weight", Role::down},
    {".lora_up.weight", Role::up},
    {"_lora.alpha", Role::alpha, true},
    {".lora.alpha", Role::alpha},
    {".alpha", Role::alpha},
};

// Adapters with another formula: ignoring their keys would change the picture, so they are refused.
constexpr std::pair<std::string_view, const char*> relatives[] = {
    {".lora_magnitude_vector", "DoRA"},
    {".dora_scale", "DoRA"},
    {".hada_", "LoHa"},
    {".lokr_", "LoKr"},
    {".lora_mid.", "a LoRA with a middle factor"},
};

// The attention projections under the names that diffusers' first attention processors used.
std::string old_attention_path(std::string path, bool text) {
  const auto ends = [&](std::string_view end, std::string_view instead) {
    if (!path.ends_with(end)) return false;
    path.replace(path.size() - end.size(), end.size(), instead);
    return true;
  };
  if (!text) {
    ends(".to_out", ".to_out.0");
    return path;
  }
  ends(".to_q", ".q_proj") || ends(".to_k", ".k_proj") || ends(".to_v", ".v_proj") ||
      ends(".to_out", ".out_proj");
  return path;
}

// The module that a key without its suffix names: its checkpoint path, or kohya's flat name (with
// te1 in files from programs that support two text encoders).
std::string module_of(std::string_view name, bool old_attention) {
  if (name.starts_with("lora_unet_") || name.starts_with("lora_te_")) return std::string(name);
  if (take_prefix(name, "lora_te1_")) return fmt::format("lora_te_{}", name);
  take_prefix(name, "base_model.model.");
  const bool text = take_prefix(name, "text_encoder.") || take_prefix(name, "text_encoder_");
  if (!text) take_prefix(name, "unet.");
  take_prefix(name, "base_model.model.");
  std::string path(name);
  if (const size_t at = path.find(".processor."); at != std::string::npos) {
    path.erase(at, std::string_view(".processor").size());
  } else if (path.ends_with(".processor")) {
    path.resize(path.size() - std::string_view(".processor").size());
  }
  if (old_attention) path = old_attention_path(std::move(path), text);
  if (!text) return "unet." + path;
  const bool bare = !path.starts_with("text_model.");  // as transformers 5 names its modules
  return (bare ? "text_encoder.text_model." : "text_encoder.") + path;
}

// "unet.conv_in" as kohya writes it: "lora_unet_conv_in".
std::string flat_name(std::string_view path) {
  std::string flat;
  if (take_prefix(path, "unet.")) {
    flat = "lora_unet_";
  } else if (take_prefix(path, "text_encoder.")) {
    flat = "lora_te_";
  }
  flat += path;
  std::replace(flat.begin(), flat.end(), '.', '_');
  return flat;
}

// 1x1 behind the first two dims is dropped.
std::vector<int64_t> squeezed(std::vector<int64_t> dims) {
  while (dims.size() > 2 && dims.back() == 1) dims.pop_back();
  return dims;
}

std::vector<float> floats(const HostTensor& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.count()));
  to_f32(tensor, values.data());
  return values;
}

double scalar(const HostTensor& tensor, const std::string& path) {
  if (tensor.count() != 1) {
    throw file_error("{}: {} is {}, expected one number", path, printable(tensor.name),
                     dims_text(tensor.dims));
  }
  const double value = floats(tensor)[0];
  if (!std::isfinite(value)) {
    throw file_error("{}: {} is {}, expected a finite number", path, printable(tensor.name), value);
  }
  return value;
}

// The PEFT configs of both parts, from wherever this kind of file keeps them.
struct PeftConfigs {
  Json unet = Json::object(), text_encoder = Json::object();
};

// "unet.lora_alpha": 8 beside "text_encoder.r": 4, in one object.
PeftConfigs split_by_prefix(const Json& flat) {
  PeftConfigs configs;
  for (const auto& [key, value] : flat.items()) {
    std::string_view name = key;
    if (take_prefix(name, "text_encoder.")) {
      configs.text_encoder[name] = value;
    } else {
      take_prefix(name, "unet.");
      configs.unet[name] = value;
    }
  }
  return configs;
}

// adapter_model.safetensors is explained by adapter_config.json, cat_lora.pt (of BK-SDM's
// training) by cat_lora_config.json; other files by none.
std::optional<std::filesystem::path> config_beside(const std::filesystem::path& path) {
  const std::string stem = path.stem().string();
  if (stem == "adapter_model") return path.parent_path() / "adapter_config.json";
  if (path.extension() == ".pt") return path.parent_path() / (stem + "_config.json");
  return {};
}

Json object_or_empty(const Json& parent, const char* key) {
  const Json& found = parent[key];
  return found.is_object() ? found : Json::object();
}

std::optional<double> alpha_of(const Json& config, const std::string& where) {
  if (get_bool(config, "use_dora", false, where)) {
    throw file_error("{}: DoRA (use_dora) is not supported", where);
  }
  if (get_bool(config, "use_rslora", false, where)) {
    throw file_error("{}: rank-stabilized LoRA (use_rslora) is not supported", where);
  }
  if (!object_or_empty(config, "alpha_pattern").empty()) {
    throw file_error("{}: alphas that differ by module (alpha_pattern) are not supported", where);
  }
  if (!config.contains("lora_alpha")) return {};
  return get_number(config, "lora_alpha", {}, -1e6, 1e6, where);
}

}  // namespace

Lora Lora::open(const std::filesystem::path& path, float scale) {
  Lora lora;
  lora.set_ = read_tensors(path);
  lora.scale_ = scale;
  lora.sort_keys();
  lora.check_pairs();
  lora.read_config_alphas();
  return lora;
}

void Lora::sort_keys() {
  for (const HostTensor& tensor : set_.tensors) {
    const std::string_view key = tensor.name;
    for (const auto& [mark, name] : relatives) {
      if (key.find(mark) != std::string_view::npos) {
        throw file_error("{}: {} is of {}, which is not supported", path(), printable(key), name);
      }
    }
    const Suffix* suffix = std::find_if(std::begin(suffixes), std::end(suffixes),
                                        [&](const Suffix& s) { return key.ends_with(s.text); });
    if (suffix == std::end(suffixes)) {
      strangers_.push_back(tensor.name);
      continue;
    }
    const std::string module =
        module_of(key.substr(0, key.size() - suffix->text.size()), suffix->old_attention);
    Pair& pair = pairs_[module];
    const bool twice = suffix->role == Role::down ? pair.down.has_value()
                       : suffix->role == Role::up ? pair.up.has_value()
                                                  : pair.alpha.has_value();
    if (twice) throw file_error("{}: {} occurs twice", path(), printable(module));
    if (suffix->role == Role::down) pair.down = tensor;
    if (suffix->role == Role::up) pair.up = tensor;
    if (suffix->role == Role::alpha) pair.alpha = scalar(tensor, path());
    pair.keys.push_back(tensor.name);
  }
}

void Lora::check_pairs() const {
  for (const auto& [module, pair] : pairs_) {
    if (!pair.down && !pair.up) continue;  // an alpha alone changes nothing
    if (!pair.down || !pair.up) {
      throw file_error("{}: {} has no {} counterpart", path(), printable(pair.keys[0]),
                       pair.down ? "up" : "down");
    }
    const std::vector<int64_t> down = pair.down->dims, up = squeezed(pair.up->dims);
    if (down.size() < 2 || up.size() != 2 || down[0] < 1 || down[0] != up[1]) {
      throw file_error("{}: {} is {} and {} {}, expected the same rank", path(),
                       printable(pair.down->name), dims_text(pair.down->dims),
                       printable(pair.up->name), dims_text(pair.up->dims));
    }
  }
}

// Alphas from the metadata or the config file, for pairs without an alpha tensor.
void Lora::read_config_alphas() {
  PeftConfigs configs;
  std::string where = path();
  const std::optional<std::filesystem::path> beside = config_beside(path());
  if (const auto at = set_.metadata.find("lora_adapter_metadata"); at != set_.metadata.end()) {
    where += ": lora_adapter_metadata";
    const Json parsed = parse_json(at->second, where, JsonDialect::python);
    if (!parsed.is_object()) throw file_error("{} is not an object", where);
    configs = split_by_prefix(parsed);
  } else if (std::error_code ignored; beside && std::filesystem::exists(*beside, ignored)) {
    where = beside->string();
    const Json parsed = read_json(*beside);
    if (!parsed.is_object()) throw file_error("{} is not an object", where);
    if (parsed.contains("peft_config")) {
      configs.unet = object_or_empty(parsed, "peft_config");
      configs.text_encoder = object_or_empty(parsed, "text_encoder_peft_config");
    } else {
      configs.unet = configs.text_encoder = parsed;
    }
  }
  const std::optional<double> unet = alpha_of(configs.unet, where);
  const std::optional<double> text_encoder = alpha_of(configs.text_encoder, where);
  for (auto& [module, pair] : pairs_) {
    if (!pair.alpha) pair.alpha = module.starts_with("text_encoder.") ? text_encoder : unet;
  }
}

LoraMatch Lora::match(std::span<const LoraTarget> targets) const {
  std::map<std::string, const LoraTarget*, std::less<>> known;
  for (const LoraTarget& target : targets) {
    known.emplace(target.path, &target);
    known.emplace(flat_name(target.path), &target);
  }
  LoraMatch found;
  found.unmatched = strangers_;
  for (const auto& [module, pair] : pairs_) {
    const auto at = known.find(module);
    if (at == known.end() || !pair.down) {
      found.unmatched.insert(found.unmatched.end(), pair.keys.begin(), pair.keys.end());
      continue;
    }
    const LoraTarget& target = *at->second;
    const int64_t rank = pair.down->dims[0];
    std::vector<int64_t> expected_down = squeezed(target.dims);
    expected_down.at(0) = rank;
    const std::vector<int64_t> expected_up = {target.dims.at(0), rank};
    if (squeezed(pair.down->dims) != expected_down) {
      throw file_error("{}: {} is {}, expected {}", path(), printable(pair.down->name),
                       dims_text(pair.down->dims), dims_text(expected_down));
    }
    if (squeezed(pair.up->dims) != expected_up) {
      throw file_error("{}: {} is {}, expected {}", path(), printable(pair.up->name),
                       dims_text(pair.up->dims), dims_text(expected_up));
    }
    const double alpha = pair.alpha.value_or(static_cast<double>(rank));
    LoraDelta delta{*pair.down, *pair.up,
                    static_cast<float>(scale_ * alpha / static_cast<double>(rank))};
    if (!found.deltas.emplace(target.path, std::move(delta)).second) {
      throw file_error("{}: two pairs change {}", path(), target.path);
    }
  }
  if (found.deltas.empty()) {
    throw file_error("{}: none of its {} tensors fits a module of the model", path(),
                     set_.tensors.size());
  }
  std::sort(found.unmatched.begin(), found.unmatched.end());
  return found;
}

void add_to(const LoraDelta& delta, float* w, int64_t rows, int64_t cols) {
  const int64_t rank = delta.rank();
  ENSURE(delta.down.count() == rank * cols && delta.up.count() == rows * rank,
         "lora {}: a delta of {} x {}", delta.down.name, rows, cols);
  const std::vector<float> down = floats(delta.down), up = floats(delta.up);
  std::vector<float> sum(static_cast<size_t>(cols));
  for (int64_t row = 0; row < rows; ++row) {
    std::fill(sum.begin(), sum.end(), 0.0f);
    for (int64_t r = 0; r < rank; ++r) {
      const float factor = up[static_cast<size_t>(row * rank + r)];
      const float* a = down.data() + r * cols;
      for (int64_t j = 0; j < cols; ++j) sum[static_cast<size_t>(j)] += factor * a[j];
    }
    float* out = w + row * cols;
    for (int64_t j = 0; j < cols; ++j) out[j] += delta.scale * sum[static_cast<size_t>(j)];
  }
}

}  // namespace yent
