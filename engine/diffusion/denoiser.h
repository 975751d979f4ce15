// Runs a schedule on the device: registers, coefficients and noise lie there, so that no model
// call waits for the host.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "engine/core/ctx.h"
#include "engine/core/random.h"
#include "engine/diffusion/latent.h"
#include "engine/diffusion/samplers/call_plan.h"
#include "engine/diffusion/start.h"
#include "engine/diffusion/word_attention.h"
#include "engine/models/noise_predictor.h"

namespace yent {

// What a denoiser needs to know. The references must outlive it.
struct DenoiserSpec {
  const NoisePredictor& network;
  const Schedule& schedule;
  PersistentTensor text;  // {n, tokens, 1, width}: n is 2 when guided, negative first
  double guidance = 1;    // out = negative + guidance * (positive - negative)
  Shape latent;           // of one picture
  bool predicts = false;  // whether x0() is wanted
  const Repaint* repaint = nullptr;
  std::span<const WordTokens> words = {};  // of the prompt, whose attention is wanted
  std::vector<PlannedCall> plan = {};      // of each call; empty: all are alike
};

// Not for two threads at once. Throws a run error where memory does not suffice.
class Denoiser {
 public:
  // `x` is the latent the schedule begins with, [c, h, w]; `noise` draws the fresh numbers of all
  // its calls.
  Denoiser(const DenoiserSpec& spec, Ctx c, const std::vector<float>& x, NoiseSource& noise);

  int calls() const { return static_cast<int>(spec_.schedule.calls.size()); }

  // Asks the model for the k-th time; the calls come in order, each followed by its updates.
  void call_model(Ctx c, int k);
  void update(Ctx c, int k);

  // On the device, {1, h, w, c}: the latent, the guided model output of the last call, and the
  // clean picture that call predicted.
  Tensor latent() const { return registers_[kX]; }
  Tensor model_output() const { return registers_[kModelOutput]; }
  Tensor x0() const { return x0_; }

  // Of the calls so far; empty where no words are wanted. Waits.
  std::vector<WordMap> word_maps(Backend& backend) const;

 private:
  bool keeps_picture() const { return spec_.repaint && !spec_.repaint->picture.empty(); }
  void upload_noise(Backend& backend, NoiseSource& noise);
  void upload_coefficients(Backend& backend);
  void upload_repaint(Backend& backend);
  void condition(Ctx c);
  const Conditioning& conditioning_of(int phase) const;
  Conditioning conditioning_for(int images, int phase) const;
  DeepFeatures deep_features(int images, bool takes) const;
  void write(Backend& backend, Tensor to, const std::vector<float>& nchw) const;
  Tensor image(Tensor batch, int i) const;  // the i-th of a batch of latents
  Tensor last_images(Tensor batch, int count) const;
  Tensor coefficients(size_t count);  // the next ones of the table
  void combine(Ctx& c, Tensor to, const std::vector<Term>& terms);
  void keep_picture(Ctx& c);

  DenoiserSpec spec_;
  std::array<PersistentTensor, kRegisters> registers_;
  PersistentTensor noise_;         // of all calls that read some
  PersistentTensor coefficients_;  // one row: guidance, 1, then what the calls read, in order
  PersistentTensor input_;         // what the model sees
  PersistentTensor picture_, added_noise_;    // what stays of a picture that is repainted
  std::vector<std::pair<size_t, int>> kept_;  // its pixels in x: where each run begins, its length
  PersistentTensor x0_;
  PersistentTensor deep_;  // features of the last call that went through all layers
  Conditioning conditioning_;
  std::optional<WordAttention> attention_;
  int guidance_terms_ = 1, next_coefficient_ = 0, next_noise_ = 0;
};

}  // namespace yent
