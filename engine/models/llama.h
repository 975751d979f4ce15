// The LLaMA family of decoders, as GGUF files hold them: token ids to logits.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/core/nn.h"
#include "loaders/tensors/gguf.h"

namespace yent {

struct LlamaConfig {
  int layers = 0, width = 0, ffn = 0;
  int heads = 0, kv_heads = 0, head_width = 0;
  int context = 0;
  int vocabulary = 0;      // of the token list
  int embedding_rows = 0;  // of token_embd, at least the vocabulary
  int output_rows = 0;     // of output; 0 where the embedding is the head, too
  float eps = 1e-5f;
  float theta = 10000;
  float rope_scale = 1;     // positions are divided by it
  int rotated = 0;          // of each head, the first elements that turn
  bool interleaved = true;  // pairs (2i, 2i + 1), else (i, i + rotated / 2)
  bool conjugate = false;   // turn by minus the angle
  bool qk_norm = false;     // after RoPE, without a weight

  // Reads the metadata; what this family does not have is a file error naming the key.
  static LlamaConfig from_gguf(const GgufFile& file);
};

// Const functions may be called from several threads at once if each has a Ctx and a State of its
// own. The backend, and the file whose quantized weights are used in place, must outlive it.
class Llama {
 public:
  Llama(const WeightBinder& l, const LlamaConfig& config);

  const LlamaConfig& config() const { return config_; }

  // The key-value cache: keys and values of every layer, {1, context, 1, kv_heads * head width}
  // each. Setting `length` back forgets tokens; entries behind it are never read.
  struct State {
    PersistentTensor rope;  // {1, context, 1, rotated}: cos, then sin of every position
    std::vector<PersistentTensor> keys, values;
    // Ids and positions of every call, and the last token's logits: always at the same addresses,
    // so that a device can record the decoding of a token once.
    PersistentTensor input, logits;
    int context = 0, length = 0;
  };
  // Throws a run error with the needed and the available bytes when the cache does not fit.
  State start(int context) const;

  // Appends tokens to the state and returns the logits of the last one, or of all of them row
  // by row, `config().vocabulary` each. The state must have room for them.
  std::vector<float> operator()(Ctx& c, State& state, std::span<const int32_t> tokens,
                                bool all_rows = false) const;

 private:
  struct Layer {
    RMSNorm attn_norm;
    LinearStack qkv;
    Linear attn_output;
    RMSNorm ffn_norm;
    Linear gate_up, ffn_down;
  };

  Activation block(Ctx& c, const Layer& l, Activation x, const State& state, size_t layer,
                   Tensor positions) const;

  LlamaConfig config_;
  Backend& backend_;
  PersistentTensor token_embd_;
  std::vector<Layer> layers_;
  RMSNorm output_norm_;
  Linear output_;
  std::vector<double> rope_frequencies_;  // radians per position
};

}  // namespace yent
