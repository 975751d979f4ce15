#include "bench/synthesize/ldm_names.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "kernels/error.h"
#include "loaders/checkpoint/ldm.h"

namespace yent {
namespace {

std::pair<std::string, std::string> module_and_kind(const std::string& name) {
  const size_t dot = name.rfind('.');
  return {name.substr(0, dot), name.substr(dot)};
}

constexpr std::pair<const char*, const char*> kVaeWords[] = {
    {"mid_block.resnets.0.", "mid.block_1."},
    {"mid_block.resnets.1.", "mid.block_2."},
    {"mid_block.attentions.0.group_norm.", "mid.attn_1.norm."},
    {"mid_block.attentions.0.to_out.0.", "mid.attn_1.proj_out."},
    {"mid_block.attentions.0.to_", "mid.attn_1."},
    {"conv_norm_out.", "norm_out."},
    {"conv_shortcut.", "nin_shortcut."},
    {"downsamplers.0.", "downsample."},
    {"upsamplers.0.", "upsample."},
    {"down_blocks.", "down."},
    {"resnets.", "block."},
};

}  // namespace

LdmName ldm_unet_names(std::span<const HostTensor> tensors) {
  std::vector<std::string> modules;
  for (const HostTensor& t : tensors) modules.push_back(module_and_kind(t.name).first);
  return [rename = ldm_unet_name(modules)](const std::string& name) {
    const auto [module, kind] = module_and_kind(name);
    const auto renamed = rename(module);
    ENSURE(renamed.has_value(), "LDM has no {}", name);
    return "model.diffusion_model." + *renamed + kind;
  };
}

LdmName ldm_vae_names(std::span<const HostTensor> tensors) {
  constexpr std::string_view up = "up_blocks.";
  int last = 0;  // block, which LDM counts from the picture
  for (const HostTensor& t : tensors) {
    const size_t at = t.name.find(up);
    if (at != t.name.npos) last = std::max(last, t.name[at + up.size()] - '0');
  }
  return [last, up](const std::string& name) {
    std::string text = name;
    for (const auto& [ours, theirs] : kVaeWords) {
      const size_t at = text.find(ours);
      if (at != text.npos) text.replace(at, std::string_view(ours).size(), theirs);
    }
    if (const size_t at = text.find(up); at != text.npos) {
      const int block = text[at + up.size()] - '0';
      text.replace(at, up.size() + 1, "up." + std::to_string(last - block));
    }
    return "first_stage_model." + text;
  };
}

}  // namespace yent
