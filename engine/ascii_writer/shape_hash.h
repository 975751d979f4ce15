// What a drawing looks like from afar, in 64 bits: near-duplicates differ in few of them.
#pragma once

#include <cstdint>

#include "engine/ascii_writer/canonical.h"

namespace yent::art {

// The ink of the characters, as the project's font has it, is summed over a grid of 8 x 8; a cell
// of the drawing that lies over several cells of the grid is shared by area. Bit 8 y + x is set
// where the grid's cell has more ink than the mean. Whole numbers throughout.
uint64_t shape_hash(const Drawing& drawing);

struct Outline {
  int width = 0, height = 0;
  uint64_t hash = 0;
};

constexpr int kNearBits = 3;

// Whether two drawings are near-duplicates: widths and heights within 10 % of the larger, and at
// most kNearBits bits of the hashes differ.
bool near(const Outline& a, const Outline& b);

}  // namespace yent::art
