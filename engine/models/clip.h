// CLIP's text encoder: token ids to one vector per token. Names and order follow
// transformers' CLIPTextModel.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/core/nn.h"

namespace yent {

class Json;

struct ClipConfig {
  int hidden_size = 768, intermediate_size = 3072;
  int num_hidden_layers = 12, num_attention_heads = 12;
  int vocab_size = 49408, max_position_embeddings = 77;
  Fn hidden_act = Fn::quick_gelu;
  float layer_norm_eps = 1e-5f;

  // Reads text_encoder/config.json.
  static ClipConfig from_json(const Json& json, const std::string& path);
};

// Const functions may be called from several threads at once if each has a Ctx of its own. The
// backend that packed the weights must outlive it.
class ClipText {
 public:
  ClipText(const WeightBinder& l, const ClipConfig& config);

  const ClipConfig& config() const { return config_; }

  // Learned vectors [count][hidden_size], which get the ids behind the vocabulary.
  void learn(Backend& backend, std::span<const float> vectors);

  // `ids` holds n rows of max_position_embeddings ids, each inside the vocabulary or learned.
  // Returns the final norm of all positions, {n, 77, 1, hidden_size}, after the last layer or an
  // earlier one: the last `skipped` layers, fewer than all, do not run.
  PersistentTensor operator()(Ctx& c, const std::vector<int32_t>& ids, int skipped = 0) const;

 private:
  struct Layer {
    LayerNorm layer_norm1;
    LinearStack qkv_proj;
    Linear out_proj;
    LayerNorm layer_norm2;
    Linear fc1, fc2;
    AttentionRule attention;
  };

  ClipConfig config_;
  PersistentTensor token_embedding_, position_embedding_;
  PersistentTensor learned_;  // f32, whatever the table's type
  std::vector<Layer> layers_;
  LayerNorm final_layer_norm_;
};

}  // namespace yent
