// Adapters: small files that change a checkpoint's weights, by LoRA (W += scale * (alpha / rank) *
// B A) and its relatives. loaders/checkpoint/adapter/ has their parts: kinds.h their formulas and
// the suffixes of their keys, module_names.h the names of modules, peft_config.h PEFT's configs.
//
// clang-format off
//   PEFT       <path>.lora_A.weight, .lora_B.weight; alpha from the config beside the file, or from
//              the metadata that diffusers writes
//   diffusers  <path>.lora.down.weight, .lora.up.weight; older: .lora_linear_layer.down.weight,
//              .processor.to_q_lora.down.weight
//   kohya      lora_unet_<path with _ for .>.lora_down.weight, lora_te_...; alpha in .alpha tensors
//   LyCORIS    as kohya, or lycoris_<path with _ for .>; .hada_..., .lokr_..., .diff, .w_norm, ...
//   BK-SDM     PEFT in lora.pt; keys of the text encoder begin with `text_encoder_`
// clang-format on
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/checkpoint/adapter/change.h"
#include "loaders/checkpoint/adapter/module_names.h"
#include "loaders/checkpoint/adapter/peft_config.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

// What a file changes. The changes borrow from the Lora, which must outlive them.
struct LoraMatch {
  std::map<std::string, LoraChange> changes;  // by tensor: "unet.conv_in.bias"
  size_t modules = 0;
};

// One adapter file, all of which is applied or none. Const functions may be called from several
// threads at once.
class Lora {
 public:
  // Reads a .safetensors file or a torch zip, or the one that diffusers or PEFT left in a folder.
  // `strength` is the user's. Throws a file error that names the key which is not understood, or of
  // a kind that is not built.
  static Lora open(const std::filesystem::path& path, float strength);
  // The adapter whose tensors these are.
  static Lora of_tensors(TensorSet set, float strength, PeftConfigs configs = {});

  // Finds the targets that the file changes. Throws a file error when a key fits none, when half a
  // pair is missing, a shape or rank does not fit, an alpha is no finite number, or two keys claim
  // the same tensor.
  LoraMatch match(std::span<const LoraTarget> targets) const;

  const std::string& path() const { return set_.path; }
  bool has_alphas() const;  // whether any module's alpha is recorded
  // Whether a module's name could be of a text encoder. False is certain.
  bool may_change_text() const;

 private:
  // All that the file holds for one module, under one name.
  struct Module {
    AdapterParts parts;
    std::vector<const AdapterKind*> kinds = {};  // at most one for the weight and one for the bias
  };
  void sort_keys();
  void add_kind(Module& module, const AdapterKind* kind, std::string_view key) const;
  void add_changes(const Module& module, const LoraTarget& target, LoraMatch& found) const;
  void refuse_unmatched(std::vector<std::string> keys) const;
  const PeftConfig& config_of(std::string_view path) const;
  double factor_of(const Module& module, const LoraTarget& target,
                   std::optional<int64_t> rank) const;

  TensorSet set_;
  float strength_ = 1;
  PeftConfigs configs_;
  std::map<std::string, Module, std::less<>> modules_;  // by the name in the file
};

}  // namespace yent
