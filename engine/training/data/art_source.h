// Drawings as data for the ASCII transformer.
#pragma once

#include <random>
#include <string>

#include "engine/ascii_writer/sequence.h"
#include "engine/training/data/batches.h"

namespace yent::training {

struct ArtPiece {
  std::string text;  // canonical
  int style = art::kAny;
  std::string title = {}, caption = {};
  std::vector<std::string> tags = {};
  bool held_out = false;  // measures progress and is not trained on, nor is anything like it
};

// A training sequence is any piece that is not held out: its prompt is the title, the caption or a
// tag; width, height and style are each hidden with probability 0.1; half of the drawings are
// mirrored, if they can be, and half get margins. The loss is on the grid, where spaces count 0.3.
//
// At most 64 of the pieces that are held out measure progress.
class ArtSource : public SequenceSource {
 public:
  struct Options {
    int batch = 8;
    int block_size = 4096;  // tokens; larger pieces are left out
  };
  // Throws a file error, which names `where`, if no piece is left to train on.
  ArtSource(std::vector<ArtPiece> pieces, const Options& options, const std::string& where);

  std::vector<Sequence> training(uint64_t seed, int64_t step) const override;
  std::vector<Sequence> validation() const override;

  size_t trained_pieces() const { return training_.size(); }
  size_t held_out_pieces() const { return held_out_.size(); }
  size_t too_large() const { return too_large_; }

 private:
  Sequence varied(const ArtPiece& piece, std::mt19937_64& generator) const;

  Options options_;
  std::vector<ArtPiece> training_, held_out_;
  size_t too_large_ = 0;
};

// A drawing as a training sequence: each token predicts the next one.
Sequence art_sequence(const art::Drawing& drawing, const std::vector<int32_t>& prompt,
                      const art::Conditions& conditions);

}  // namespace yent::training
