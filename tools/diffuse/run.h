// What the commands that run the network share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/characters/network.h"
#include "engine/core/timing.h"
#include "loaders/io/json.h"
#include "tools/console.h"
#include "tools/diffuse/options.h"

namespace yent::diffuse {

// A network on the device of the options, and the seed of the run.
struct Run {
  Run(const Options& options, Console& console);

  // Characters of a block: of the options, the file or 256.
  int length = 256;
  uint64_t seed = 0;
  ChosenDevice device;
  std::unique_ptr<character_diffusion::Network> network;
  Timings timings;

  // The text that beginnings are taken from.
  std::vector<int32_t> source_text() const;
  // On standard error or as JSON, as the options say.
  void report(Json json) const;

 private:
  const Options& options_;
  Console& console_;
};

// Times every evaluation as chars_step.
class TimedModel : public character_diffusion::Model {
 public:
  TimedModel(character_diffusion::Model& model, Timings& timings)
      : model_(model), timings_(timings) {}

  int vocabulary() const override { return model_.vocabulary(); }
  int steps() const override { return model_.steps(); }
  std::vector<float> logits(std::span<const int32_t> ids, std::span<const int32_t> times,
                            int length) override {
    const Timings::Span span(&timings_, "chars_step");
    return model_.logits(ids, times, length);
  }

 private:
  character_diffusion::Model& model_;
  Timings& timings_;
};

}  // namespace yent::diffuse
