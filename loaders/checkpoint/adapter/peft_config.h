// What PEFT's configs say about an adapter: in adapter_config.json beside the file, in diffusers'
// metadata, or beside BK-SDM's lora.pt.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loaders/io/json.h"

namespace yent {

// Of one part of the model. Const functions may be called from several threads at once.
class PeftConfig {
 public:
  PeftConfig() = default;
  // Throws a file error that names `where`, and refuses by name what would change the formula and
  // is not built.
  PeftConfig(const Json& config, const std::string& where);

  // `module` is a path within the part. Patterns are ends of paths; the first that fits holds.
  std::optional<double> alpha(std::string_view module) const { return alpha_.of(module); }
  std::optional<double> rank(std::string_view module) const { return rank_.of(module); }

  bool rank_stabilized = false;  // alpha / sqrt(rank)
  bool decomposed = false;       // DoRA: every module has a magnitude

 private:
  // One number for all modules, and others for some.
  struct Numbers {
    std::optional<double> all;
    std::vector<std::pair<std::string, double>> patterns;

    std::optional<double> of(std::string_view module) const;
  };
  static Numbers read(const Json& config, const char* key, const char* pattern_key,
                      const std::string& where);

  Numbers alpha_, rank_;
};

struct PeftConfigs {
  PeftConfig unet, text_encoder;
};

// From wherever this kind of file keeps them; empty ones where there are none. Throws a file error.
PeftConfigs read_peft_configs(const std::filesystem::path& file,
                              const std::map<std::string, std::string>& metadata);

}  // namespace yent
