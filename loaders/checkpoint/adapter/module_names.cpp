#include "loaders/checkpoint/adapter/module_names.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "loaders/checkpoint/ldm.h"
#include "loaders/checkpoint/take_prefix.h"

namespace yent {
namespace {

// Wrappers say nothing about the part; flat prefixes begin a flat path.
constexpr std::string_view wrappers[] = {"module.", "base_model.model.", "text_encoders."};

struct PartPrefix {
  std::string_view text;
  bool text_encoder;
};

constexpr PartPrefix dotted_prefixes[] = {
    {"unet.", false},
    {"model.diffusion_model.", false},
    {"diffusion_model.", false},
    {"text_encoder.", true},
    {"text_encoder_", true},
    {"clip_l.transformer.", true},
    {"clip_h.transformer.", true},
    {"cond_stage_model.transformer.", true},
};

// The part may be missing.
constexpr std::string_view flat_programs[] = {"lora_", "lycoris_"};
constexpr PartPrefix flat_prefixes[] = {
    {"unet_", false}, {"te_", true}, {"te1_", true}, {"text_encoder_", true}};

// What torch.compile puts before the path of a module, anywhere.
void erase_all(std::string& text, std::string_view what) {
  for (size_t at; (at = text.find(what)) != std::string::npos;) text.erase(at, what.size());
}

std::string with_underscores(std::string path) {
  std::replace(path.begin(), path.end(), '.', '_');
  return path;
}

// The projections of an attention layer under the names of diffusers' first processors.
std::vector<std::string> processor_paths(const std::string& path) {
  constexpr std::pair<std::string_view, std::string_view> names[] = {
      {".to_q", ".to_q"},   {".to_k", ".to_k"},   {".to_v", ".to_v"},   {".to_out.0", ".to_out"},
      {".q_proj", ".to_q"}, {".k_proj", ".to_k"}, {".v_proj", ".to_v"}, {".out_proj", ".to_out"}};
  for (const auto& [modern, old] : names) {
    if (!path.ends_with(modern)) continue;
    const std::string layer = path.substr(0, path.size() - modern.size());
    return {layer + std::string(old), layer + ".processor" + std::string(old)};
  }
  return {};
}

}  // namespace

ModuleNames::ModuleNames(std::span<const LoraTarget> targets) {
  std::vector<std::string> unet_paths;
  for (const LoraTarget& target : targets) {
    std::string_view path = target.path;
    if (take_prefix(path, "unet.")) unet_paths.emplace_back(path);
  }
  const LdmUnetName ldm = ldm_unet_name(unet_paths);
  for (const LoraTarget& target : targets) {
    std::string_view path = target.path;
    if (take_prefix(path, "unet.")) {
      add(unet, std::string(path), target);
      if (const auto name = ldm(path)) add(unet, *name, target);
    } else if (take_prefix(path, "text_encoder.")) {
      add(text_encoder, std::string(path), target);
      if (take_prefix(path, "text_model.")) add(text_encoder, std::string(path), target);
    }
  }
}

void ModuleNames::add(Part part, const std::string& path, const LoraTarget& target) {
  std::vector<std::string> spellings = processor_paths(path);
  spellings.push_back(path);
  for (const std::string& spelling : spellings) {
    known_[part][dotted][spelling].insert(&target);
    known_[part][flat][with_underscores(spelling)].insert(&target);
  }
}

std::vector<const LoraTarget*> ModuleNames::find(std::string_view name) const {
  std::string text(name);
  erase_all(text, "_orig_mod.");
  std::string_view rest = text;
  std::optional<Part> part;
  const auto take_part = [&](std::span<const PartPrefix> prefixes) {
    for (const PartPrefix& prefix : prefixes) {
      const Part found = prefix.text_encoder ? text_encoder : unet;
      if (part && *part != found) continue;
      if (take_prefix(rest, prefix.text)) {
        part = found;
        return true;
      }
    }
    return false;
  };
  const auto take_any = [&](std::span<const std::string_view> prefixes) {
    return std::ranges::any_of(prefixes, [&](auto prefix) { return take_prefix(rest, prefix); });
  };
  while (take_any(wrappers) || take_part(dotted_prefixes)) {
  }
  const Form form = take_any(flat_programs) ? flat : dotted;
  std::string path(rest);
  if (form == flat) {
    take_part(flat_prefixes);
    path = rest;
    erase_all(path, "_orig_mod_");
  }
  std::set<const LoraTarget*> found;
  for (const Part p : {unet, text_encoder}) {
    if (part && *part != p) continue;
    const Known& known = known_[p][form];
    if (const auto at = known.find(path); at != known.end()) {
      found.insert(at->second.begin(), at->second.end());
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace yent
