#include "loaders/checkpoint/ldm.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>
#include <vector>

#include "kernels/error.h"
#include "loaders/checkpoint/take_prefix.h"

namespace yent {
namespace {

// Takes "12." off the front.
std::optional<int> take_number(std::string_view& text) {
  int number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || number < 0) return {};
  std::string_view rest = text.substr(static_cast<size_t>(end - text.data()));
  if (!take_prefix(rest, ".")) return {};
  text = rest;
  return number;
}

struct Rule {
  std::string_view ldm, diffusers;
};

// Replaces the prefix of the text by the first rule that matches.
std::optional<std::string> renamed(std::string_view text, std::span<const Rule> rules) {
  for (const Rule& rule : rules) {
    if (take_prefix(text, rule.ldm)) return fmt::format("{}{}", rule.diffusers, text);
  }
  return {};
}

constexpr Rule unet_ends[] = {
    {"time_embed.0.", "time_embedding.linear_1."},
    {"time_embed.2.", "time_embedding.linear_2."},
    {"input_blocks.0.0.", "conv_in."},
    {"out.0.", "conv_norm_out."},
    {"out.2.", "conv_out."},
    {"middle_block.1.", "mid_block.attentions.0."},
};

constexpr Rule unet_resnet[] = {
    {"in_layers.0.", "norm1."},          {"in_layers.2.", "conv1."},
    {"emb_layers.1.", "time_emb_proj."}, {"out_layers.0.", "norm2."},
    {"out_layers.3.", "conv2."},         {"skip_connection.", "conv_shortcut."},
};

constexpr Rule vae_same[] = {
    {"quant_conv.", "quant_conv."},
    {"post_quant_conv.", "post_quant_conv."},
};

constexpr Rule vae_side[] = {
    {"conv_in.", "conv_in."},
    {"conv_out.", "conv_out."},
    {"norm_out.", "conv_norm_out."},
    {"mid.attn_1.norm.", "mid_block.attentions.0.group_norm."},
    {"mid.attn_1.q.", "mid_block.attentions.0.to_q."},
    {"mid.attn_1.k.", "mid_block.attentions.0.to_k."},
    {"mid.attn_1.v.", "mid_block.attentions.0.to_v."},
    {"mid.attn_1.proj_out.", "mid_block.attentions.0.to_out.0."},
};

constexpr Rule vae_resnet[] = {
    {"norm1.", "norm1."},
    {"conv1.", "conv1."},
    {"norm2.", "norm2."},
    {"conv2.", "conv2."},
    {"nin_shortcut.", "conv_shortcut."},
};

// Joins a new prefix and a renamed tail.
std::optional<std::string> join(std::string front, const std::optional<std::string>& tail) {
  if (!tail) return {};
  return std::move(front) + *tail;
}

// `per_block`: the entries of input_blocks (and of output_blocks) that form one UNet block.
std::optional<std::string> unet_name(std::string_view key, int per_block) {
  if (auto name = renamed(key, unet_ends)) return name;
  if (take_prefix(key, "middle_block.")) {
    if (take_prefix(key, "0.")) return join("mid_block.resnets.0.", renamed(key, unet_resnet));
    if (take_prefix(key, "2.")) return join("mid_block.resnets.1.", renamed(key, unet_resnet));
    return {};
  }
  const bool down = take_prefix(key, "input_blocks.");
  if (!down && !take_prefix(key, "output_blocks.")) return {};
  const auto n = take_number(key);
  const auto member = take_number(key);
  if (!n || !member || (down && *n == 0)) return {};
  const int index = down ? *n - 1 : *n;  // input_blocks.0 is conv_in
  const int block = index / per_block, layer = index % per_block;
  const std::string front = fmt::format("{}_blocks.{}.", down ? "down" : "up", block);
  if (down && take_prefix(key, "op.")) return fmt::format("{}downsamplers.0.conv.{}", front, key);
  if (!down && take_prefix(key, "conv.")) return fmt::format("{}upsamplers.0.conv.{}", front, key);
  if (*member == 0) {
    return join(fmt::format("{}resnets.{}.", front, layer), renamed(key, unet_resnet));
  }
  if (*member == 1) return fmt::format("{}attentions.{}.{}", front, layer, key);
  return {};
}

// `levels`: of the decoder, which LDM counts from the picture and diffusers from the latent.
std::optional<std::string> vae_name(std::string_view key, int levels) {
  if (auto name = renamed(key, vae_same)) return name;
  const std::string_view whole = key;
  const bool decoder = take_prefix(key, "decoder.");
  if (!decoder && !take_prefix(key, "encoder.")) return {};
  const std::string side(whole.substr(0, whole.size() - key.size()));
  if (const auto name = renamed(key, vae_side)) return side + *name;
  if (take_prefix(key, "mid.block_1.")) {
    return join(side + "mid_block.resnets.0.", renamed(key, vae_resnet));
  }
  if (take_prefix(key, "mid.block_2.")) {
    return join(side + "mid_block.resnets.1.", renamed(key, vae_resnet));
  }
  if (!take_prefix(key, decoder ? "up." : "down.")) return {};
  const auto level = take_number(key);
  if (!level || *level >= levels) return {};
  const std::string front = decoder ? fmt::format("{}up_blocks.{}.", side, levels - 1 - *level)
                                    : fmt::format("{}down_blocks.{}.", side, *level);
  if (decoder && take_prefix(key, "upsample.conv."))
    return front + "upsamplers.0.conv." + std::string(key);
  if (!decoder && take_prefix(key, "downsample.conv.")) {
    return front + "downsamplers.0.conv." + std::string(key);
  }
  if (!take_prefix(key, "block.")) return {};
  const auto layer = take_number(key);
  if (!layer) return {};
  return join(fmt::format("{}resnets.{}.", front, *layer), renamed(key, vae_resnet));
}

// The largest n of the keys `<prefix>n.…`, or -1.
int largest_number(std::span<const std::string> keys, std::string_view prefix) {
  int largest = -1;
  for (std::string_view key : keys) {
    if (!take_prefix(key, prefix)) continue;
    if (const auto number = take_number(key)) largest = std::max(largest, *number);
  }
  return largest;
}

constexpr std::string_view unet_prefix = "model.diffusion_model.";
constexpr std::string_view vae_prefix = "first_stage_model.";
constexpr std::string_view text_prefix = "cond_stage_model.transformer.";
constexpr std::string_view open_clip_prefix = "cond_stage_model.model.";

// The first downsampler closes the first block. A UNet of one block has none, and then all of
// input_blocks but conv_in are its layers, and output_blocks has one more.
int layers_per_unet_block(std::span<const std::string> keys) {
  const std::string inputs = fmt::format("{}input_blocks.", unet_prefix);
  int first = -1;
  for (std::string_view key : keys) {
    if (!take_prefix(key, inputs)) continue;
    const auto n = take_number(key);
    if (n && *n > 0 && key.starts_with("0.op.") && (first < 0 || *n < first)) first = *n;
  }
  return first > 0 ? first : std::max(largest_number(keys, inputs), 0) + 1;
}

// --- the way back, for names of modules ---

// Replaces the prefix of the module's path by the first rule that matches from right to left.
std::optional<std::string> unrenamed(std::string_view module, std::span<const Rule> rules) {
  const std::string path = fmt::format("{}.", module);  // rules end in a dot
  for (const Rule& rule : rules) {
    std::string_view tail = path;
    if (!take_prefix(tail, rule.diffusers)) continue;
    std::string name = fmt::format("{}{}", rule.ldm, tail);
    name.pop_back();
    return name;
  }
  return {};
}

// Of a module in block `block`; `path` is what follows "down_blocks.0.".
std::optional<std::string> ldm_block_name(bool down, int block, std::string_view path,
                                          int per_block, bool attends) {
  const char* blocks = down ? "input_blocks" : "output_blocks";
  const int first = block * per_block + (down ? 1 : 0);  // input_blocks.0 is conv_in
  if (path == "downsamplers.0.conv")
    return fmt::format("{}.{}.0.op", blocks, first + per_block - 1);
  if (path == "upsamplers.0.conv") {
    return fmt::format("{}.{}.{}.conv", blocks, first + per_block - 1, attends ? 2 : 1);
  }
  const bool resnet = take_prefix(path, "resnets.");
  if (!resnet && !take_prefix(path, "attentions.")) return {};
  const auto layer = take_number(path);
  if (!layer) return {};
  const std::string front = fmt::format("{}.{}.{}.", blocks, first + *layer, resnet ? 0 : 1);
  return resnet ? join(front, unrenamed(path, unet_resnet)) : front + std::string(path);
}

// --- configs from shapes ---

const HostTensor& needed(const TensorSet& set, const std::string& name, size_t rank) {
  const HostTensor* tensor = set.find(name);
  if (!tensor) throw file_error("{}: {} is missing", set.path, name);
  if (tensor->dims.size() < rank) {
    throw file_error("{}: {} has {} dims, expected {}", set.path, name, tensor->dims.size(), rank);
  }
  return *tensor;
}

// The number of tensors `form` with {} = 0, 1, ... in a row.
int count_of(const TensorSet& set, const char* form) {
  int n = 0;
  while (set.find(fmt::format(fmt::runtime(form), n))) ++n;
  return n;
}

}  // namespace

LdmRename ldm_rename(std::span<const std::string> keys) {
  const int per_block = layers_per_unet_block(keys);
  const int levels = std::max(largest_number(keys, fmt::format("{}decoder.up.", vae_prefix)),
                              largest_number(keys, fmt::format("{}encoder.down.", vae_prefix))) +
                     1;
  return [per_block, levels](std::string_view key) -> std::optional<PartName> {
    std::optional<std::string> name;
    CheckpointPart part = CheckpointPart::unet;
    if (take_prefix(key, unet_prefix)) {
      name = unet_name(key, per_block);
    } else if (take_prefix(key, vae_prefix)) {
      part = CheckpointPart::vae;
      name = vae_name(key, levels);
    } else if (take_prefix(key, text_prefix)) {
      part = CheckpointPart::text_encoder;
      name = std::string(key);
    } else if (take_prefix(key, open_clip_prefix)) {
      part = CheckpointPart::open_clip;
      name = std::string(key);
    }
    if (!name) return {};
    return PartName{part, *name};
  };
}

LdmUnetName ldm_unet_name(std::span<const std::string> modules) {
  // A block of the encoder has one entry for each resnet and one for the downsampler.
  const int per_block = largest_number(modules, "down_blocks.0.resnets.") + 2;
  std::set<int> attending;  // blocks of the decoder
  for (std::string_view module : modules) {
    if (!take_prefix(module, "up_blocks.")) continue;
    const auto block = take_number(module);
    if (block && module.starts_with("attentions.")) attending.insert(*block);
  }
  return [per_block, attending](std::string_view module) -> std::optional<std::string> {
    if (auto name = unrenamed(module, unet_ends)) return name;
    if (take_prefix(module, "mid_block.resnets.0.")) {
      return join("middle_block.0.", unrenamed(module, unet_resnet));
    }
    if (take_prefix(module, "mid_block.resnets.1.")) {
      return join("middle_block.2.", unrenamed(module, unet_resnet));
    }
    const bool down = take_prefix(module, "down_blocks.");
    if (!down && !take_prefix(module, "up_blocks.")) return {};
    const auto block = take_number(module);
    if (!block) return {};
    return ldm_block_name(down, *block, module, per_block, attending.contains(*block));
  };
}

Json infer_unet_config(const TensorSet& unet) {
  Json config = Json::object({{"_class_name", "UNet2DConditionModel"},
                              {"act_fn", "silu"},
                              {"flip_sin_to_cos", true},
                              {"freq_shift", 0},
                              {"norm_num_groups", 32},
                              {"sample_size", 64},
                              {"upcast_attention", false}});
  config["in_channels"] = needed(unet, "conv_in.weight", 4).dims[1];
  config["out_channels"] = needed(unet, "conv_out.weight", 4).dims[0];
  config["layers_per_block"] = count_of(unet, "down_blocks.0.resnets.{}.conv1.weight");

  const int blocks = count_of(unet, "down_blocks.{}.resnets.0.conv1.weight");
  std::vector<int64_t> widths;
  Json down = Json::array(), up = Json::array();
  const HostTensor* any_proj_in = nullptr;
  for (int i = 0; i < blocks; ++i) {
    widths.push_back(
        needed(unet, fmt::format("down_blocks.{}.resnets.0.conv1.weight", i), 4).dims[0]);
    const HostTensor* in = unet.find(fmt::format("down_blocks.{}.attentions.0.proj_in.weight", i));
    const HostTensor* out = unet.find(fmt::format("up_blocks.{}.attentions.0.proj_in.weight", i));
    down.push_back(in ? "CrossAttnDownBlock2D" : "DownBlock2D");
    up.push_back(out ? "CrossAttnUpBlock2D" : "UpBlock2D");
    if (!any_proj_in) any_proj_in = in ? in : out;
  }
  if (!any_proj_in) throw file_error("{}: the UNet has no attention blocks", unet.path);
  const std::string attention =
      any_proj_in->name.substr(0, any_proj_in->name.size() - std::string("proj_in.weight").size());
  config["cross_attention_dim"] =
      needed(unet, attention + "transformer_blocks.0.attn2.to_k.weight", 2).dims[1];

  const bool linear = any_proj_in->dims.size() == 2;
  config["use_linear_projection"] = linear;
  if (linear) {
    Json heads = Json::array();
    for (const int64_t width : widths) heads.push_back(std::max<int64_t>(width / 64, 1));
    config["attention_head_dim"] = heads;  // the number of heads, for all its name
  } else {
    config["attention_head_dim"] = 8;
  }
  config["block_out_channels"] = widths;
  config["down_block_types"] = down;
  config["up_block_types"] = up;
  const bool mid = unet.find("mid_block.resnets.0.conv1.weight") != nullptr;
  config["mid_block_type"] = mid ? Json("UNetMidBlock2DCrossAttn") : Json();
  return config;
}

Json infer_vae_config(const TensorSet& vae) {
  Json config = Json::object({{"_class_name", "AutoencoderKL"},
                              {"act_fn", "silu"},
                              {"norm_num_groups", 32},
                              {"scaling_factor", 0.18215}});
  config["use_quant_conv"] = vae.find("quant_conv.weight") != nullptr;
  config["use_post_quant_conv"] = vae.find("post_quant_conv.weight") != nullptr;
  const int64_t channels = needed(vae, "decoder.conv_out.weight", 4).dims[0];
  config["out_channels"] = channels;
  config["in_channels"] = channels;
  config["latent_channels"] = needed(vae, "decoder.conv_in.weight", 4).dims[1];
  // A decoder block has one resnet more than layers_per_block says.
  const int resnets = count_of(vae, "decoder.up_blocks.0.resnets.{}.conv1.weight");
  const int levels = count_of(vae, "decoder.up_blocks.{}.resnets.0.conv1.weight");
  if (resnets < 2) throw file_error("{}: the decoder has no up_blocks.0.resnets.1", vae.path);
  config["layers_per_block"] = resnets - 1;
  std::vector<int64_t> widths;
  for (int i = levels - 1; i >= 0; --i) {
    widths.push_back(
        needed(vae, fmt::format("decoder.up_blocks.{}.resnets.0.conv1.weight", i), 4).dims[0]);
  }
  config["block_out_channels"] = widths;
  return config;
}

Json infer_text_config(const TensorSet& text_encoder, bool open_clip) {
  const std::string embeddings = "text_model.embeddings.";
  const HostTensor& tokens = needed(text_encoder, embeddings + "token_embedding.weight", 2);
  const HostTensor& positions = needed(text_encoder, embeddings + "position_embedding.weight", 2);
  const HostTensor& fc1 = needed(text_encoder, "text_model.encoder.layers.0.mlp.fc1.weight", 2);
  const int64_t width = tokens.dims[1];
  return Json::object(
      {{"vocab_size", tokens.dims[0]},
       {"hidden_size", width},
       {"max_position_embeddings", positions.dims[0]},
       {"intermediate_size", fc1.dims[0]},
       {"num_hidden_layers", count_of(text_encoder, "text_model.encoder.layers.{}.mlp.fc1.weight")},
       {"num_attention_heads", std::max<int64_t>(width / 64, 1)},
       {"hidden_act", open_clip || width == 1024 ? "gelu" : "quick_gelu"},
       {"layer_norm_eps", 1e-5}});
}

}  // namespace yent
