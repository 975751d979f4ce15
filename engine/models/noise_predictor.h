// What a denoiser asks of a network: the noise (or v) in a latent, given a time and a text.
#pragma once

#include <span>
#include <vector>

#include "engine/core/nn.h"

namespace yent {

// What the text is for one transformer block.
struct BlockText {
  PersistentTensor kv;          // its keys and values: {n, tokens, 1, 2 c}
  AttentionShares shares = {};  // where wanted: of the last text, summed over all calls
};

// A cross-attention of a network: a query for each pixel of its resolution.
struct CrossAttention {
  int height, width, channels, heads;
};

// Features of the deep layers, which change little from one step to the next: a call may keep its
// own, or take those of an earlier call in place of the layers.
struct DeepFeatures {
  PersistentTensor kept = {};  // of deep_shape(); empty: nothing is kept
  Tensor one = {};             // {1, 1, 1, 1}: 1, the coefficient of a copy
  bool taken = false;          // else the call keeps its own
};

// What a prompt and a schedule fix for every step. Copies share the tensors.
struct Conditioning {
  PersistentTensor time;         // {1, calls, 1, all blocks' channels}: time_emb_proj of every call
  PersistentTensor now = {};     // {1, 1, 1, ..}: where set, the row of the call that is due
  std::vector<BlockText> texts;  // of the transformer blocks, in the order of the forward
  DeepFeatures deep = {};        // of the call that is due
  std::vector<Conditioning> later = {};  // of the later phases of a network that has some
};

// Const functions may be called from several threads at once if each has a Ctx of its own.
class NoisePredictor {
 public:
  virtual ~NoisePredictor() = default;

  // text {n, tokens, 1, width}; one timestep per model call.
  virtual Conditioning condition(Ctx& c, Tensor text, std::span<const double> timesteps) const = 0;

  // latent {n, h, w, channels} -> {n, h, w, channels}, n as in the conditioning.
  virtual Activation operator()(Ctx& c, Tensor latent, const Conditioning& cond,
                                int call) const = 0;

  // The shape of the deep features for a latent of this shape.
  virtual Shape deep_shape(const Shape& latent) const = 0;
  // Calls of one phase make the same requests of memory.
  virtual int phase(int /*call*/) const { return 0; }

  // The cross-attentions for a latent of this size, in the order of Conditioning::texts.
  virtual std::vector<CrossAttention> cross_attentions(const Shape& latent) const = 0;
};

}  // namespace yent
