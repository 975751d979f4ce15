// Reads the shape of the network from a GGUF file's metadata.
#include <cmath>

#include "engine/models/llama.h"
#include "kernels/error.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

int bounded(const GgufFile& f, const std::string& key, int64_t most,
            std::optional<int64_t> fallback) {
  const int64_t value = f.integer(key, fallback);
  if (value < 1 || value > most) {
    throw file_error("{}: {} is {}, expected 1 to {}", f.path(), key, value, most);
  }
  return static_cast<int>(value);
}

float positive(const GgufFile& f, const std::string& key, double fallback) {
  const double value = f.number(key, fallback);
  if (!std::isfinite(value) || value <= 0) {
    throw file_error("{}: {} is {}, expected a positive number", f.path(), key, value);
  }
  return static_cast<float>(value);
}

// Rows of a matrix that is at least as high as the token list.
int matrix_rows(const GgufFile& f, const char* name, int vocabulary, bool required) {
  const HostTensor* t = f.find(name);
  if (!t && !required) return 0;
  if (!t) throw file_error("{}: {} is missing", f.path(), name);
  if (t->dims.size() != 2 || t->dims[0] < vocabulary || t->dims[0] > 1 << 24) {
    throw file_error("{}: {} has {} rows, expected at least the {} tokens", f.path(), name,
                     t->dims.empty() ? 0 : t->dims[0], vocabulary);
  }
  return static_cast<int>(t->dims[0]);
}

// What positions are divided by. A factor without a type is linear, as in llama.cpp; older files
// have it under another key.
float read_rope_scale(const GgufFile& f, const std::string& p) {
  const std::string type = f.text(p + "rope.scaling.type", "linear");
  if (type != "none" && type != "linear") {
    throw file_error("{}: {}rope.scaling.type is {}, expected none or linear", f.path(), p,
                     printable(type));
  }
  const std::string newer = p + "rope.scaling.factor", older = p + "rope.scale_linear";
  if (type == "none") return 1;
  return positive(f, f.has(newer) ? newer : older, 1);
}

// Keys of related architectures that change the arithmetic in a way that is not built here. They
// may be present with the value that changes nothing.
void refuse_other_arithmetic(const GgufFile& f, const std::string& p, int context) {
  const std::pair<const char*, double> neutral[] = {
      {"attention.clamp_kqv", 0},     {"attention.max_alibi_bias", 0},
      {"attention.scale", 0},         {"attn_logit_softcapping", 0},
      {"final_logit_softcapping", 0}, {"logit_scale", 1},
      {"embedding_scale", 1},         {"residual_scale", 1}};
  for (const auto& [key, value] : neutral) {
    const double found = f.number(p + key, value);
    if (found != value) {
      throw file_error("{}: {}{} is {}, which this engine does not know", f.path(), p, key, found);
    }
  }
  const int64_t window = f.integer(p + "attention.sliding_window", 0);
  if (window != 0 && window < context) {
    throw file_error("{}: {}attention.sliding_window is {}, expected the whole context of {}",
                     f.path(), p, window, context);
  }
  const int64_t experts = f.integer(p + "expert_count", 0);
  if (experts != 0) {
    throw file_error("{}: {}expert_count is {}, expected a model without experts", f.path(), p,
                     experts);
  }
}

}  // namespace

LlamaConfig LlamaConfig::from_gguf(const GgufFile& f) {
  const std::string arch = f.text("general.architecture", "llama");
  if (arch != "llama" && arch != "qwen2") {
    throw file_error("{}: general.architecture is {}, expected llama or qwen2", f.path(),
                     printable(arch));
  }
  const std::string p = arch + ".";
  LlamaConfig c;
  c.layers = bounded(f, p + "block_count", 512, {});
  c.width = bounded(f, p + "embedding_length", 1 << 16, {});
  c.ffn = bounded(f, p + "feed_forward_length", 1 << 18, {});
  c.heads = bounded(f, p + "attention.head_count", 1024, {});
  c.kv_heads = bounded(f, p + "attention.head_count_kv", 1024, c.heads);
  c.context = bounded(f, p + "context_length", 1 << 20, {});
  if (c.heads % c.kv_heads != 0) {
    throw file_error("{}: {} query heads on {} key heads, expected a multiple", f.path(), c.heads,
                     c.kv_heads);
  }
  if (!f.has(p + "attention.key_length") && c.width % c.heads != 0) {
    throw file_error("{}: width {} in {} heads, expected a multiple", f.path(), c.width, c.heads);
  }
  c.head_width = bounded(f, p + "attention.key_length", 1 << 12, c.width / c.heads);
  if (c.head_width % 2 != 0) {
    throw file_error("{}: heads are {} wide, expected an even width", f.path(), c.head_width);
  }
  const int value_width = bounded(f, p + "attention.value_length", 1 << 12, c.head_width);
  if (value_width != c.head_width) {
    throw file_error("{}: {}attention.value_length is {}, expected the key's {}", f.path(), p,
                     value_width, c.head_width);
  }
  c.eps = positive(f, p + "attention.layer_norm_rms_epsilon", 1e-5);
  refuse_other_arithmetic(f, p, c.context);
  c.theta = positive(f, p + "rope.freq_base", 10000);
  c.rotated = bounded(f, p + "rope.dimension_count", c.head_width, c.head_width);
  if (c.rotated % 2 != 0) {
    throw file_error("{}: {}rope.dimension_count is {}, expected an even number", f.path(), p,
                     c.rotated);
  }
  c.rope_scale = read_rope_scale(f, p);
  // nanollama calls its architecture llama, too, but does not permute the rows of Q and K.
  c.interleaved = arch == "llama" && !f.has_prefix("nanollama.");
  c.conjugate = f.boolean("nanollama.rope_conjugate", false);
  c.qk_norm = f.boolean("nanollama.qk_norm", false);
  c.vocabulary = static_cast<int>(f.texts("tokenizer.ggml.tokens").size());
  c.embedding_rows = matrix_rows(f, "token_embd.weight", c.vocabulary, true);
  c.output_rows = matrix_rows(f, "output.weight", c.vocabulary, false);
  return c;
}

}  // namespace yent
