// unet/config.json of diffusers.

#include <algorithm>

#include "engine/models/unet.h"
#include "kernels/error.h"
#include "loaders/io/json.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

bool absent(const Json& j, const char* key) { return j[key].is_null(); }

// Refuses fields that make the network one of another family, unless null, false or as given.
void refuse_other_families(const Json& j, const std::string& path) {
  for (const char* key : {"class_embed_type", "num_class_embeds", "addition_embed_type",
                          "encoder_hid_dim", "encoder_hid_dim_type", "time_cond_proj_dim",
                          "only_cross_attention", "dual_cross_attention", "attention_type",
                          "addition_time_embed_dim", "class_embeddings_concat",
                          "center_input_sample", "cross_attention_norm", "time_embedding_dim",
                          "time_embedding_act_fn", "timestep_post_act", "resnet_skip_time_act"}) {
    if (absent(j, key) || j[key] == false || j[key] == "default") continue;
    throw file_error("{}: {} is {}, which this engine does not know", path, key,
                     printable(j[key].dump()));
  }
  const std::pair<const char*, Json> fixed[] = {{"act_fn", "silu"},
                                                {"resnet_time_scale_shift", "default"},
                                                {"downsample_padding", 1},
                                                {"mid_block_scale_factor", 1},
                                                {"conv_in_kernel", 3},
                                                {"conv_out_kernel", 3},
                                                {"resnet_out_scale_factor", 1.0},
                                                {"time_embedding_type", "positional"},
                                                {"dropout", 0.0}};
  for (const auto& [key, value] : fixed) {
    if (absent(j, key) || j[key] == value) continue;
    throw file_error("{}: {} is {}, expected {}", path, key, printable(j[key].dump()),
                     value.dump());
  }
}

// One number for all blocks, or one per block.
std::vector<int> per_block(const Json& j, const char* key, size_t blocks, int fallback,
                           const std::string& path) {
  if (absent(j, key)) return std::vector<int>(blocks, fallback);
  if (!j[key].is_array()) {
    return std::vector<int>(blocks, static_cast<int>(get_int(j, key, fallback, 1, 1 << 16, path)));
  }
  const auto values = get_ints(j, key, {}, 1, 1 << 16, path);
  if (values.size() != blocks) {
    throw file_error("{}: {} has {} entries, expected {}", path, key, values.size(), blocks);
  }
  return {values.begin(), values.end()};
}

// A list of block types, of which there are two: with and without attention.
struct BlockTypes {
  const char *key, *with, *without;
};

std::vector<bool> attention_of(const Json& j, const BlockTypes& types,
                               const std::vector<bool>& fallback, size_t blocks,
                               const std::string& path) {
  const auto& [key, with, without] = types;
  if (absent(j, key)) {
    if (fallback.size() == blocks) return fallback;
    throw file_error("{}: {} is missing, expected {} entries", path, key, blocks);
  }
  if (!j[key].is_array() || j[key].size() != blocks) {
    throw file_error("{}: {} is {}, expected {} block names", path, key, printable(j[key].dump()),
                     blocks);
  }
  std::vector<bool> attention;
  for (const Json& name : j[key]) {
    if (name != with && name != without) {
      throw file_error("{}: {} has {}, expected {} or {}", path, key, printable(name.dump()), with,
                       without);
    }
    attention.push_back(name == with);
  }
  return attention;
}

void read_channels(const Json& j, UNetConfig& c, const std::string& path) {
  const auto channels = get_ints(j, "block_out_channels",
                                 std::vector<int64_t>{320, 640, 1280, 1280}, 1, 1 << 14, path);
  c.block_out_channels.assign(channels.begin(), channels.end());
  const size_t blocks = channels.size();
  if (blocks == 0 || blocks > 8) {
    throw file_error("{}: block_out_channels has {} entries, expected 1 to 8", path, blocks);
  }
  for (const int64_t ch : channels) {
    if (ch % c.norm_num_groups != 0 || ch % 2 != 0) {
      throw file_error("{}: block_out_channels has {}, expected a multiple of norm_num_groups {}",
                       path, ch, c.norm_num_groups);
    }
  }
}

void read_block_types(const Json& j, UNetConfig& c, const std::string& path) {
  const size_t blocks = c.block_out_channels.size();
  c.down_attention = attention_of(j, {"down_block_types", "CrossAttnDownBlock2D", "DownBlock2D"},
                                  c.down_attention, blocks, path);
  c.up_attention = attention_of(j, {"up_block_types", "CrossAttnUpBlock2D", "UpBlock2D"},
                                c.up_attention, blocks, path);
  // Absent means the default block; null means none.
  const Json* mid = j.find("mid_block_type");
  c.mid_block = !mid || !mid->is_null();
  if (mid && c.mid_block && *mid != "UNetMidBlock2DCrossAttn") {
    throw file_error("{}: mid_block_type is {}, expected UNetMidBlock2DCrossAttn or null", path,
                     printable(mid->dump()));
  }
}

void read_layers(const Json& j, UNetConfig& c, const std::string& path) {
  const size_t blocks = c.block_out_channels.size();
  const auto layers = per_block(j, "layers_per_block", blocks, 2, path);
  const auto depths = per_block(j, "transformer_layers_per_block", blocks, 1, path);
  const auto widths = per_block(j, "cross_attention_dim", blocks, 1280, path);
  for (size_t i = 0; i < blocks; ++i) {
    if (layers[i] != layers[0] || layers[i] > 8) {
      throw file_error("{}: layers_per_block is {}, expected one number up to 8", path,
                       printable(j["layers_per_block"].dump()));
    }
    if (depths[i] != 1) {
      throw file_error("{}: transformer_layers_per_block is {}, expected 1", path, depths[i]);
    }
    if (widths[i] != widths[0]) {
      throw file_error("{}: cross_attention_dim is {}, expected one number", path,
                       printable(j["cross_attention_dim"].dump()));
    }
  }
  c.layers_per_block = layers[0];
  c.cross_attention_dim = widths[0];
}

void read_heads(const Json& j, UNetConfig& c, const std::string& path) {
  const size_t blocks = c.block_out_channels.size();
  // In this family `attention_head_dim` counts the heads; a later field says so in its name.
  c.heads =
      per_block(j, absent(j, "num_attention_heads") ? "attention_head_dim" : "num_attention_heads",
                blocks, 8, path);
  for (size_t i = 0; i < blocks; ++i) {
    if (c.block_out_channels[i] % c.heads[i] != 0) {
      throw file_error("{}: {} channels in {} heads, expected a multiple", path,
                       c.block_out_channels[i], c.heads[i]);
    }
  }
}

}  // namespace

UNetConfig UNetConfig::from_json(const Json& j, const std::string& path) {
  if (!j.is_object()) throw file_error("{}: expected an object", path);
  refuse_other_families(j, path);
  UNetConfig c;
  c.in_channels = static_cast<int>(get_int(j, "in_channels", 4, 1, 64, path));
  c.out_channels = static_cast<int>(get_int(j, "out_channels", 4, 1, 64, path));
  c.norm_num_groups = static_cast<int>(get_int(j, "norm_num_groups", 32, 1, 1024, path));
  c.norm_eps = static_cast<float>(get_number(j, "norm_eps", 1e-5, 1e-12, 1, path));
  read_channels(j, c, path);
  read_block_types(j, c, path);
  read_layers(j, c, path);
  read_heads(j, c, path);
  get_bool(j, "use_linear_projection", false, path);  // both kinds are bound as matrices
  c.sample_size = static_cast<int>(get_int(j, "sample_size", 64, 1, 4096, path));
  c.flip_sin_to_cos = get_bool(j, "flip_sin_to_cos", true, path);
  c.freq_shift = static_cast<float>(get_number(j, "freq_shift", 0, 0, 1, path));
  return c;
}

std::string UNetConfig::similarity_layer() const {
  const auto block = std::find(up_attention.begin(), up_attention.end(), true);
  if (block == up_attention.end()) return {};
  return fmt::format("up_blocks.{}.attentions.{}.transformer_blocks.0.attn1",
                     block - up_attention.begin(), layers_per_block);
}

}  // namespace yent
