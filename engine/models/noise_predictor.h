// What a denoiser asks of a network: the noise (or v) in a latent, given a time and a text.
#pragma once

#include <span>
#include <vector>

#include "engine/core/ctx.h"

namespace yent {

// What a prompt and a schedule fix for every step. Copies share the tensors.
struct Conditioning {
  PersistentTensor time;      // {1, calls, 1, all blocks' channels}: time_emb_proj of every call
  PersistentTensor now = {};  // {1, 1, 1, ..}: where set, the row of the call that is due
  // Keys and values of the text per transformer block, in the order of the forward: {n, tokens, 1,
  // 2 c}.
  std::vector<PersistentTensor> kv;
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
};

}  // namespace yent
