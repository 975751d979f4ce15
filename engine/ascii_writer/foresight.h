// Guesses the next cells of a drawing from those before, so that the network can read several
// tokens at once. What is drawn does not depend on the guesses: the sampler chooses each cell from
// the network's logits, and guesses that it does not choose are forgotten.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "engine/ascii_writer/grid_decoder.h"

namespace yent::art {

// Not for two threads at once.
class Foresight {
 public:
  // The token that is about to be chosen at the place where `decoder` stands.
  void learn(const GridDecoder& decoder, int32_t token);

  // Up to `most` tokens behind that place, those that the rules force between them too. None where
  // the last guess was wrong: reading a token more is not free.
  std::vector<SequenceToken> next(GridDecoder decoder, size_t most) const;

 private:
  int32_t guess(const std::vector<std::u32string>& rows) const;

  std::unordered_map<int32_t, int32_t> seen_;  // what stood last in the same surroundings
  bool right_ = false;
};

}  // namespace yent::art
