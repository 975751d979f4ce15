#include "engine/models/clip.h"

#include "kernels/error.h"
#include "loaders/io/json.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

ClipConfig ClipConfig::from_json(const Json& j, const std::string& path) {
  if (!j.is_object()) throw file_error("{}: expected an object", path);
  const auto number = [&](const char* key, int fallback, int64_t most) {
    return static_cast<int>(get_int(j, key, fallback, 1, most, path));
  };
  ClipConfig c;
  c.hidden_size = number("hidden_size", 512, 1 << 14);
  c.intermediate_size = number("intermediate_size", 2048, 1 << 16);
  c.num_hidden_layers = number("num_hidden_layers", 12, 512);
  c.num_attention_heads = number("num_attention_heads", 8, 1024);
  c.vocab_size = number("vocab_size", 49408, 1 << 24);
  c.max_position_embeddings = number("max_position_embeddings", 77, 1 << 16);
  c.layer_norm_eps = static_cast<float>(get_number(j, "layer_norm_eps", 1e-5, 1e-12, 1, path));
  const std::string act = get_string(j, "hidden_act", "quick_gelu", path);
  if (act != "quick_gelu" && act != "gelu") {
    throw file_error("{}: hidden_act is {}, expected quick_gelu or gelu", path, printable(act));
  }
  c.hidden_act = act == "gelu" ? Fn::gelu : Fn::quick_gelu;
  if (c.hidden_size % c.num_attention_heads != 0) {
    throw file_error("{}: hidden_size {} in {} heads, expected a multiple", path, c.hidden_size,
                     c.num_attention_heads);
  }
  if (c.max_position_embeddings < 3) {
    throw file_error("{}: max_position_embeddings is {}, expected at least 3", path,
                     c.max_position_embeddings);
  }
  return c;
}

ClipText::ClipText(const WeightBinder& root, const ClipConfig& config)
    : config_(config),
      token_embedding_((root / "text_model.embeddings.token_embedding")
                           .table(config.vocab_size, config.hidden_size)),
      position_embedding_((root / "text_model.embeddings.position_embedding")
                              .table(config.max_position_embeddings, config.hidden_size)),
      final_layer_norm_(root / "text_model.final_layer_norm", config.hidden_size,
                        config.layer_norm_eps) {
  const int width = config.hidden_size;
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    const WeightBinder l = root / "text_model.encoder.layers" / i;
    const WeightBinder a = l / "self_attn";
    layers_.push_back(
        {LayerNorm(l / "layer_norm1", width, config.layer_norm_eps),
         LinearStack(a, width, {{"q_proj", width}, {"k_proj", width}, {"v_proj", width}},
                     Bias::yes),
         Linear(a / "out_proj", width, width),
         LayerNorm(l / "layer_norm2", width, config.layer_norm_eps),
         Linear(l / "mlp" / "fc1", width, config.intermediate_size),
         Linear(l / "mlp" / "fc2", config.intermediate_size, width), a.attention(Precision::f32)});
  }
}

void ClipText::learn(Backend& backend, std::span<const float> vectors) {
  const int count = static_cast<int>(vectors.size()) / config_.hidden_size;
  learned_ = backend.allocate({1, count, 1, config_.hidden_size}, DType::f32);
  backend.write(learned_, vectors.data());
}

PersistentTensor ClipText::operator()(Ctx& c, const std::vector<int32_t>& ids, int skipped) const {
  const int tokens = config_.max_position_embeddings, width = config_.hidden_size;
  const int n = static_cast<int>(ids.size()) / tokens;
  const int learned = learned_ ? static_cast<int>(learned_.tensor.rows()) : 0;
  const int depth = config_.num_hidden_layers - skipped;
  ENSURE(skipped >= 0 && depth >= 1, "text_encoder: {} layers skipped", skipped);
  std::vector<int32_t> known(ids), added(ids.size(), -1), order(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    order[i] = static_cast<int32_t>(i) % tokens;
    ENSURE(ids[i] >= 0 && ids[i] < config_.vocab_size + learned, "text_encoder: id {} of {}",
           ids[i], config_.vocab_size + learned);
    if (ids[i] < config_.vocab_size) continue;
    known[i] = -1;
    added[i] = ids[i] - config_.vocab_size;
  }
  const auto indices = [&](const std::vector<int32_t>& values) {
    PersistentTensor tensor = c.backend.allocate({n, tokens, 1, 1}, DType::i32);
    c.backend.write(tensor, values.data());
    return tensor;
  };
  const PersistentTensor id = indices(known), added_id = indices(added), position = indices(order);
  std::vector<Lookup> lookups = {{token_embedding_, id}, {position_embedding_, position}};
  if (learned_) lookups.push_back({learned_, added_id});
  const Tensor causal = position.tensor.slice(0, tokens);

  PersistentTensor out = c.backend.allocate({n, tokens, 1, width}, DType::f32);
  c.ws.run(fmt::format("text {} {} {}", n, depth, learned), [&] {
    Activation x = c.make({n, tokens, 1, width});
    c.backend.embed(c.ws, x, lookups);
    for (const Layer& l : std::span(layers_).first(depth)) {
      const Heads heads{.query = config_.num_attention_heads,
                        .key_value = config_.num_attention_heads,
                        .precision = l.attention.precision,
                        .name = module_of(l.qkv_proj.name()),
                        .grids = l.attention.grids.get()};
      Activation qkv = l.qkv_proj(c, l.layer_norm1(c, x));
      Activation a = attention(c, qkv->cols(0, width), qkv->cols(width, width),
                               qkv->cols(2 * width, width), heads, causal);
      x = l.out_proj.add_to(c, std::move(x), a);
      Activation h = l.fc1(c, l.layer_norm2(c, x), {.fn = config_.hidden_act});
      x = l.fc2.add_to(c, std::move(x), h);
    }
    c.backend.layer_norm(c.ws, out, x, final_layer_norm_.w);
  });
  return out;
}

}  // namespace yent
