#include "loaders/checkpoint/adapter/peft_config.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <system_error>

#include "kernels/error.h"
#include "loaders/checkpoint/take_prefix.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

// Inits that take something off the model's own weights, so that A and B alone are not the change.
constexpr std::string_view base_changing_inits[] = {"pissa", "olora", "corda", "loftq", "lora_ga"};

// Options with another formula. Absent, null, false and empty is off.
constexpr const char* other_formula_options[] = {
    "use_qalora",        "use_bdlora",   "layer_replication", "alora_invocation_tokens",
    "target_parameters", "arrow_config", "kasa_config",       "monteclora_config",
};

bool is_on(const Json& option) {
  if (option.is_null()) return false;
  if (const auto flag = option.boolean()) return *flag;
  return !(option.is_array() || option.is_object()) || !option.empty();
}

void refuse_other_formulas(const Json& config, const std::string& where) {
  const std::string type = get_string(config, "peft_type", "LORA", where);
  if (type != "LORA" && type != "LOHA" && type != "LOKR") {
    throw file_error("{}: peft_type is {}, expected LORA, LOHA or LOKR", where, printable(type));
  }
  for (const char* option : other_formula_options) {
    if (is_on(config[option])) throw file_error("{}: {} is not supported", where, option);
  }
  const std::string* init = config["init_lora_weights"].text();
  for (const std::string_view name : base_changing_inits) {
    if (init && init->starts_with(name)) {
      throw file_error(
          "{}: init_lora_weights is {}, which changes the model's own weights; "
          "expected an adapter that was converted to plain LoRA when it was saved",
          where, printable(*init));
    }
  }
}

// PEFT's patterns are regular expressions for the end of a path, at a dot. In practice they are
// paths; an escaped dot and the marks of begin and end are allowed.
std::string plain_pattern(std::string_view pattern, const char* key, const std::string& where) {
  std::string plain;
  if (take_prefix(pattern, "^")) plain = "^";
  if (pattern.ends_with('$')) pattern.remove_suffix(1);
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern.substr(i).starts_with("\\.")) ++i;
    const auto c = static_cast<unsigned char>(pattern[i]);
    if (!std::isalnum(c) && c != '_' && c != '.' && c != '-') {
      throw file_error("{}: {} has a regular expression, {}; expected the end of a module's path",
                       where, key, printable(pattern));
    }
    plain += pattern[i];
  }
  return plain;
}

bool fits_pattern(std::string_view module, std::string_view pattern) {
  if (take_prefix(pattern, "^")) return module == pattern;
  if (!module.ends_with(pattern)) return false;
  module.remove_suffix(pattern.size());
  return module.empty() || module.ends_with('.');
}

// "unet.lora_alpha": 8 beside "text_encoder.r": 4, in one object.
std::pair<Json, Json> split_by_part(const Json& flat) {
  std::pair<Json, Json> parts{Json::object(), Json::object()};
  for (const auto& [key, value] : flat.items()) {
    std::string_view name = key;
    if (take_prefix(name, "text_encoder.")) {
      parts.second[name] = value;
    } else {
      take_prefix(name, "unet.");
      parts.first[name] = value;
    }
  }
  return parts;
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

}  // namespace

PeftConfig::PeftConfig(const Json& config, const std::string& where) {
  refuse_other_formulas(config, where);
  decomposed = get_bool(config, "use_dora", false, where);
  rank_stabilized = get_bool(config, "use_rslora", false, where);
  const char* alpha = config.contains("lora_alpha") ? "lora_alpha" : "alpha";
  alpha_ = read(config, alpha, "alpha_pattern", where);
  rank_ = read(config, "r", "rank_pattern", where);
}

PeftConfig::Numbers PeftConfig::read(const Json& config, const char* key, const char* pattern_key,
                                     const std::string& where) {
  constexpr double most = 1e6;
  Numbers numbers;
  if (config.contains(key)) numbers.all = get_number(config, key, {}, -most, most, where);
  const Json found = object_or_empty(config, pattern_key);
  constexpr size_t most_patterns = 10000;  // every one is compared with every module
  if (found.size() > most_patterns) {
    throw file_error("{}: {} has {} entries, expected at most {}", where, pattern_key, found.size(),
                     most_patterns);
  }
  for (const auto& [pattern, value] : found.items()) {
    const std::optional<double> number = value.number();
    if (!number || !(std::abs(*number) <= most)) {
      throw file_error("{}: {}: {} is no number from {} to {}", where, pattern_key,
                       printable(pattern), -most, most);
    }
    numbers.patterns.emplace_back(plain_pattern(pattern, pattern_key, where), *number);
  }
  return numbers;
}

std::optional<double> PeftConfig::Numbers::of(std::string_view module) const {
  for (const auto& [pattern, number] : patterns) {
    if (fits_pattern(module, pattern)) return number;
  }
  return all;
}

PeftConfigs read_peft_configs(const std::filesystem::path& file,
                              const std::map<std::string, std::string>& metadata) {
  const auto object = [](const Json& parsed, const std::string& where) -> const Json& {
    if (!parsed.is_object()) throw file_error("{} is not an object", where);
    return parsed;
  };
  std::pair<Json, Json> parts;
  std::string where = file.string();
  const std::optional<std::filesystem::path> beside = config_beside(file);
  if (const auto at = metadata.find("lora_adapter_metadata"); at != metadata.end()) {
    where += ": lora_adapter_metadata";
    parts = split_by_part(object(parse_json(at->second, where, JsonDialect::python), where));
  } else if (std::error_code ignored; beside && std::filesystem::exists(*beside, ignored)) {
    where = beside->string();
    const Json parsed = object(read_json(*beside), where);
    parts = {parsed, parsed};
    if (parsed.contains("peft_config")) {
      parts = {object_or_empty(parsed, "peft_config"),
               object_or_empty(parsed, "text_encoder_peft_config")};
    }
  } else {
    return {};
  }
  return {PeftConfig(parts.first, where), PeftConfig(parts.second, where)};
}

}  // namespace yent
