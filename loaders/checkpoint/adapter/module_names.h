// The modules of a model, under all the names that adapter files have for them.
//
// Every known module is written in every spelling, and a file's name is looked up: splitting a name
// such as "lora_unet_down_blocks_0_attentions_0_proj_in" would be ambiguous. A spelling is
// - a path: diffusers', or LDM's ("input_blocks.1.1.proj_in"); a text encoder's with or without
//   `text_model.`; attention layers also as diffusers' first processors called them;
// - dotted, or flat, with `_` for `.`, behind one of kohya's and LyCORIS's prefixes;
// - behind any number of wrappers and prefixes of parts (`base_model.model.`, `unet.`, `module.`,
//   `_orig_mod.`, ...). Without the prefix of a part it may be either part's.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace yent {

// A module that could be changed: its checkpoint path ("unet.down_blocks.0.attentions.0.proj_in",
// "text_encoder.text_model.encoder.layers.0.mlp.fc1") and the dims of its weight.
struct LoraTarget {
  std::string path;
  std::vector<int64_t> dims = {};
};

// Const functions may be called from several threads at once. The targets must outlive it.
class ModuleNames {
 public:
  explicit ModuleNames(std::span<const LoraTarget> targets);

  // All targets that the name of a module in a file can stand for. More than one is an ambiguity.
  std::vector<const LoraTarget*> find(std::string_view name) const;

 private:
  enum Part { unet, text_encoder };
  enum Form { dotted, flat };
  using Known = std::map<std::string, std::set<const LoraTarget*>, std::less<>>;

  void add(Part part, const std::string& path, const LoraTarget& target);

  std::array<std::array<Known, 2>, 2> known_;  // by part and form
};

}  // namespace yent
