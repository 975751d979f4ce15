// A training as a program runs it: the folder, the log, progress, Ctrl-C.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "engine/training/trainer.h"
#include "tools/console.h"
#include "tools/training/run_options.h"

namespace yent::training {

// The files in the folder of a run.
struct RunFolder {
  std::filesystem::path folder;

  std::filesystem::path state() const { return folder / "run.safetensors"; }
  std::filesystem::path weights() const { return folder / "model.safetensors"; }
  std::filesystem::path losses() const { return folder / "loss.csv"; }

  // Makes the folder for a new run, or finds the one to go on with. Throws a usage error where a
  // run is in the way or missing.
  void open(bool resume) const;
};

struct TrainingRun {
  const RunOptions& options;
  Console& console;
  Trainer& trainer;
  RunFolder folder;
  std::map<std::string, std::string> settings;  // kept in the state
  std::string unit;                             // of rows: "characters"
  std::function<void()> write_weights;          // beside the state
};

// "1 thread", "2 threads"
std::string threads_of(const TrainingDevice& device);

// Trains to the end, the time or Ctrl-C, and saves. Throws a cancelled error after Ctrl-C.
void train(const TrainingRun& run);

}  // namespace yent::training
