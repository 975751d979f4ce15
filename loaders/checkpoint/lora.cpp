#include "loaders/checkpoint/lora.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "kernels/error.h"
#include "loaders/checkpoint/adapter/decompose.h"
#include "loaders/checkpoint/adapter/foreign.h"
#include "loaders/checkpoint/take_prefix.h"
#include "loaders/io/embedded.h"

namespace yent {
namespace {

double one_number(const HostTensor& tensor, const std::string& path) {
  if (tensor.count() != 1) {
    throw file_error("{}: {} is {}, expected one number", path, printable(tensor.name),
                     dims_text(tensor.dims));
  }
  const double value = floats_of(tensor)[0];
  if (!std::isfinite(value)) {
    throw file_error("{}: {} is {}, expected a finite number", path, printable(tensor.name), value);
  }
  return value;
}

std::string and_more(size_t others) {
  return others ? fmt::format(" and {} more", others) : std::string();
}

// In a folder, the file that diffusers or PEFT writes there.
std::filesystem::path file_of(const std::filesystem::path& path) {
  if (!is_folder(path)) return path;
  const char* const names[] = {"pytorch_lora_weights.safetensors", "adapter_model.safetensors",
                               "pytorch_lora_weights.bin", "adapter_model.bin"};
  for (const char* name : names) {
    if (is_file(path / name)) return path / name;
  }
  throw file_error("{}: a folder without an adapter, expected {} or {} in it", path.string(),
                   names[0], names[1]);
}

}  // namespace

Lora Lora::open(const std::filesystem::path& given, float strength) {
  const std::filesystem::path path = file_of(given);
  TensorSet set = read_tensors(path);
  PeftConfigs configs = read_peft_configs(path, set.metadata);
  return of_tensors(std::move(set), strength, std::move(configs));
}

Lora Lora::of_tensors(TensorSet set, float strength, PeftConfigs configs) {
  Lora lora;
  lora.set_ = std::move(set);
  lora.strength_ = strength;
  lora.configs_ = std::move(configs);
  lora.sort_keys();
  return lora;
}

void Lora::sort_keys() {
  std::vector<std::string> strangers;
  std::set<std::string_view> peft_names;
  for (const HostTensor& tensor : set_.tensors) {
    refuse_foreign_key(tensor.name, path());
    const std::optional<AdapterKey> key = parse_adapter_key(tensor.name);
    if (!key) {
      strangers.push_back(tensor.name);
      continue;
    }
    if (!key->peft_name.empty()) peft_names.insert(key->peft_name);
    const auto at = modules_.try_emplace(std::string(key->module), Module{AdapterParts(path())});
    Module& module = at.first->second;
    module.parts.add(key->role, tensor);
    add_kind(module, key->kind, tensor.name);
  }
  if (!strangers.empty()) {
    throw file_error("{}: no adapter that is supported has {}{}", path(), printable(strangers[0]),
                     and_more(strangers.size() - 1));
  }
  if (peft_names.size() > 1) {
    throw file_error("{}: holds the adapters {} and {}, expected one", path(),
                     printable(*peft_names.begin()), printable(*peft_names.rbegin()));
  }
}

void Lora::add_kind(Module& module, const AdapterKind* kind, std::string_view key) const {
  if (!kind || std::ranges::find(module.kinds, kind) != module.kinds.end()) return;
  for (const AdapterKind* other : module.kinds) {
    if (other->of_bias != kind->of_bias) continue;
    throw file_error("{}: {} is of {}, but {} changes the same tensor", path(), printable(key),
                     kind->name, other->name);
  }
  module.kinds.push_back(kind);
}

bool Lora::has_alphas() const {
  return std::ranges::any_of(modules_, [](const auto& m) { return m.second.parts.find("alpha"); });
}

// A text encoder has `encoder.layers`, `embeddings` and a last norm, which no UNet has.
bool Lora::may_change_text() const {
  return std::ranges::any_of(modules_, [](const auto& m) {
    const std::string& name = m.first;
    return name.find("encoder") != name.npos || name.find("embeddings") != name.npos ||
           name.find("final_layer_norm") != name.npos;
  });
}

void Lora::refuse_unmatched(std::vector<std::string> keys) const {
  if (keys.empty()) return;
  if (keys.size() == set_.tensors.size()) {
    throw file_error("{}: none of its {} tensors fits a module of the model", path(), keys.size());
  }
  std::ranges::sort(keys);
  throw file_error("{}: no module of the model fits {}{}", path(), printable(keys[0]),
                   and_more(keys.size() - 1));
}

const PeftConfig& Lora::config_of(std::string_view path) const {
  return path.starts_with("text_encoder.") ? configs_.text_encoder : configs_.unet;
}

// alpha / rank, or what stands for it. LyCORIS gives two whole factors of LoKr no scale, whatever
// their alpha says; PEFT divides by the rank of its config.
double Lora::factor_of(const Module& module, const LoraTarget& target,
                       std::optional<int64_t> rank) const {
  std::string_view path = target.path;
  take_prefix(path, "unet.") || take_prefix(path, "text_encoder.");
  const PeftConfig& config = config_of(target.path);
  const HostTensor* alpha_tensor = module.parts.find("alpha");
  std::optional<double> alpha = config.alpha(path), divisor;
  if (alpha_tensor) alpha = one_number(*alpha_tensor, this->path());
  if (rank) {
    divisor = static_cast<double>(*rank);
  } else if (!alpha_tensor) {
    divisor = config.rank(path);
  }
  if (!alpha || !divisor || *divisor <= 0) return 1;
  const bool stabilized = config.rank_stabilized && !alpha_tensor;
  return *alpha / (stabilized ? std::sqrt(*divisor) : *divisor);
}

void Lora::add_changes(const Module& module, const LoraTarget& target, LoraMatch& found) const {
  // The weight's kind comes first: its rank divides the bias too.
  std::vector<const AdapterKind*> kinds = module.kinds;
  std::ranges::sort(kinds, {}, [](const AdapterKind* kind) { return kind->of_bias; });
  const bool magnitude = has_magnitude(module.parts);
  if (magnitude && !kinds[0]->takes_magnitude) {
    throw file_error("{}: {} is of DoRA, which is not supported beside {}", path(),
                     printable(module.parts.any_key()), kinds[0]->name);
  }
  if (!magnitude && kinds[0] == &low_rank && config_of(target.path).decomposed) {
    throw file_error("{}: {} has no magnitude, which its config (use_dora) asks for", path(),
                     printable(module.parts.any_key()));
  }
  if (magnitude) check_magnitude(module.parts, target.dims);
  std::optional<int64_t> rank;
  for (const AdapterKind* kind : kinds) {
    if (!kind->of_bias && kind->scaled && target.dims.size() < 2) {
      throw file_error("{}: {} is of {}, but {} is a vector of {}", path(),
                       printable(module.parts.any_key()), kind->name, target.path, target.dims[0]);
    }
    const std::vector<int64_t> dims = kind->of_bias ? std::vector{target.dims.at(0)} : target.dims;
    if (const auto own_rank = kind->check(module.parts, dims)) rank = own_rank;
    LoraChange change{.kind = kind, .parts = module.parts, .strength = strength_};
    change.decomposes = magnitude && !kind->of_bias;
    if (kind->scaled) change.factor = factor_of(module, target, rank);
    found.changes.emplace(target.path + (kind->of_bias ? ".bias" : ".weight"), std::move(change));
  }
}

LoraMatch Lora::match(std::span<const LoraTarget> targets) const {
  const ModuleNames names(targets);
  LoraMatch found;
  std::vector<std::string> unmatched;
  std::map<const LoraTarget*, const Module*> taken;
  for (const auto& [name, module] : modules_) {
    const std::vector<const LoraTarget*> fitting = names.find(name);
    if (module.kinds.empty()) {
      throw file_error("{}: {} stands alone, expected a weight beside it", path(),
                       printable(module.parts.any_key()));
    }
    if (fitting.empty()) {
      for (std::string& key : module.parts.keys()) unmatched.push_back(std::move(key));
      continue;
    }
    if (fitting.size() > 1) {
      throw file_error("{}: {} can stand for {} and {}", path(), printable(name), fitting[0]->path,
                       fitting[1]->path);
    }
    const auto [other, is_first] = taken.emplace(fitting[0], &module);
    if (!is_first) {
      throw file_error("{}: {} and {} change the same module", path(),
                       printable(other->second->parts.any_key()),
                       printable(module.parts.any_key()));
    }
    add_changes(module, *fitting[0], found);
  }
  refuse_unmatched(std::move(unmatched));
  found.modules = taken.size();
  return found;
}

}  // namespace yent
