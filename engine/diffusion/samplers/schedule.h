// A sampler's work as data. Everything a sampler does to the latent is linear, so a schedule is a
// list of model calls, each followed by a few linear combinations of named registers. The denoiser
// only runs them: neither it nor a device needs to know a sampler.
#pragma once

#include <vector>

namespace yent {

// What updates read and write. kX is the latent, kModelOutput what the model just said (guided, as
// predicted: noise or v), kNoise fresh normal numbers; the registers from kMemory on are a
// sampler's own.
enum Register { kX, kModelOutput, kNoise, kMemory };
constexpr int kRegisters = kMemory + 5;

struct Term {
  int source;  // a register
  double coefficient;
};

// Register `to` = sum of the terms. It may be among its own terms.
struct Update {
  int to;
  std::vector<Term> terms;
};

// A quantity as a linear combination of the latent and the model's output.
struct Estimate {
  double x = 0, output = 0;
};

// A latent as the sum of a picture and unit noise.
struct Mixture {
  double picture = 1, noise = 0;
};

struct ModelCall {
  double t;                // the time the model is told
  double input_scale = 1;  // the model sees input_scale * x
  Mixture level = {};      // of x before this call: where a given picture may begin
  Estimate x0 = {};        // the clean picture this call predicts, from kX before the
                           // updates and kModelOutput
  std::vector<Update> updates = {};

  // Whether an update reads kNoise. Fresh numbers are drawn for exactly these calls.
  bool reads_noise() const;
};

struct Schedule {
  std::vector<ModelCall> calls;
  double init_scale = 1;  // x begins as init_scale * unit noise, or at the first call's level
};

}  // namespace yent
