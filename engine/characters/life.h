// Conway's game of life on a text: what lives is masked and written anew.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/characters/decoder.h"

namespace yent::character_diffusion {

// A torus of 32 x 32 cells, row by row.
class Life {
 public:
  static constexpr int kSide = 32, kCells = kSide * kSide, kChunk = 256;

  // The first characters of the text, filled up with spaces. A cell lives at first if the sum of
  // its id and a random byte is odd.
  Life(std::span<const int32_t> text, uint64_t seed);

  // One generation; then the model writes the living cells, a chunk of rows at a time.
  void next(Model& model, const Decoding& decoding);

  const std::vector<int32_t>& ids() const { return ids_; }
  const std::vector<uint8_t>& alive() const { return alive_; }
  int evaluations() const { return evaluations_; }

 private:
  void evolve();

  std::vector<int32_t> ids_;
  std::vector<uint8_t> alive_;
  uint64_t seed_;
  int generation_ = 0, evaluations_ = 0;
};

}  // namespace yent::character_diffusion
