// Draws in characters: the network, the rules of the grid and the sampler together.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/ascii_writer/grid_decoder.h"
#include "engine/ascii_writer/model_files.h"
#include "engine/core/cancel.h"
#include "engine/core/timing.h"
#include "engine/pipeline/language/token_sampler.h"

namespace yent::art {

struct DrawingRequest {
  std::string prompt;  // may be empty: anything
  DrawingRules rules;
  TokenSamplerOptions sampling = {.temperature = 0.8f, .top_k = 40, .top_p = 0.95f};
  uint64_t seed = 0;
  int candidates = 1;  // candidate k is the drawing that seed + k gives
  // Whether the network may read guesses of the next cells: faster, and the same drawing.
  bool guesses = true;
  const CancelToken* cancel = nullptr;
  Timings* timings = nullptr;
};

struct Finished {
  std::vector<std::u32string> rows;
  uint64_t seed = 0;
  int tokens = 0;                   // written ones, EOL and END too
  double mean_log_probability = 0;  // of a cell, as the model saw it at temperature 1

  int width() const;  // of the longest row
  int height() const { return static_cast<int>(rows.size()); }
};

// The rows, one newline behind each: padded to the same width, or without spaces at their ends.
std::string text_of(const Finished& drawing, bool padded);

// The candidate whose cells are the likeliest.
size_t best_of(const std::vector<Finished>& candidates);

// Not for two threads at once. The backend must outlive it.
class Writer {
 public:
  // `layers` as load_network() has it.
  Writer(ModelFiles files, Backend& backend, const Policy& policy,
         std::vector<Resolved>* layers = nullptr);

  const ModelFiles& files() const { return files_; }

  // `on_row` gets every row when it is complete, of one candidate after the other. Throws a usage
  // error for a prompt of more than kMaxPrompt characters and for a size that does not fit, and a
  // run error when the logits are not numbers.
  using OnRow = std::function<void(int candidate, const std::u32string& row)>;
  std::vector<Finished> draw(const DrawingRequest& request, const OnRow& on_row = {});

 private:
  struct Turn;
  struct Reading;

  Finished draw_one(Turn& turn, int candidate);
  // Reads the pending tokens, which are then none, and guesses behind them.
  Reading read(Turn& turn, std::vector<SequenceToken>& pending, std::vector<SequenceToken> guesses);
  static int32_t choose(Turn& turn, const GridDecoder& decoder, std::span<float> logits,
                        Finished& drawing);

  ModelFiles files_;
  Backend& backend_;
  Workspace ws_;
  AsciiTransformer network_;
  AsciiTransformer::State state_;
};

}  // namespace yent::art
