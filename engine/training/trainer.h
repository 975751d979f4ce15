// A training run: steps, validation, and a state on disk from which it goes on to the bit.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "engine/training/data/batches.h"
#include "engine/training/optimizer.h"

namespace yent::training {

struct TrainingPlan {
  uint64_t seed = 0;
  int64_t steps = 0;  // of the whole run, which the learning rate follows
  OptimizerSettings optimizer = {};
  // Rows that go through the network at once: more need memory, fewer leave threads idle. The
  // gradients of a step are summed over its batches in order.
  size_t batch_rows = 2048;
};

// One thread at a time. The network, its device and the source must outlive it.
class Trainer {
 public:
  Trainer(Transformer& network, const TrainingDevice& device, const SequenceSource& source,
          const TrainingPlan& plan);

  struct Step {
    int64_t number = 0;  // from 1
    double loss = 0, rate = 0, gradient_norm = 0;
    size_t rows = 0;
  };
  Step step();
  int64_t done() const { return done_; }

  // The loss on the source's validation, or nothing where it has none.
  std::optional<double> validate();

  // Weights, moments, step and seed in one file, with settings of the caller's. It replaces an
  // older one when it is complete.
  void save(const std::filesystem::path& path,
            const std::map<std::string, std::string>& settings) const;
  // Throws a file error where a tensor is missing or does not fit. The seed becomes the file's.
  void load(const std::filesystem::path& path);

 private:
  Transformer& network_;
  const TrainingDevice& device_;
  const SequenceSource& source_;
  TrainingPlan plan_;
  AdamW optimizer_;
  int64_t done_ = 0;
};

// The settings in the file of a run; throws a file error if it is none.
std::map<std::string, std::string> saved_settings(const std::filesystem::path& path);

// The weights alone, f32 under their names: what the programs that use the network read.
void write_weights(const Transformer& network, const std::filesystem::path& path,
                   const std::map<std::string, std::string>& metadata = {});

}  // namespace yent::training
