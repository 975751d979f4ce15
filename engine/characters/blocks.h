// Texts of any length from a model of short ones: block behind block, and windows over a text with
// masked places.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "engine/characters/decoder.h"

namespace yent::character_diffusion {

struct BlockSpec {
  int count = 30;
  int length = 256;
  // Every block begins with this many characters of the one before; 0: blocks do not depend on
  // each other.
  int context = 16;
  std::vector<int32_t> beginning = {};  // of the first block, fewer than the length
  uint64_t seed = 0;
};

// A block while it is made and when it is done.
struct Block {
  int number = 0;
  int known = 0;  // characters at its beginning that the block before has, too
  const Row& row;
  int evaluations = 0;  // when it is done
};

struct BlockEvents {
  std::function<void(const Block&)> begun = [](const Block&) {};  // before its first step
  std::function<void(const Block&)> step = [](const Block&) {};
  std::function<void(const Block&)> done = [](const Block&) {};
};

// The first block is new as a whole, its beginning included; of the others what is behind the
// context.
void write_blocks(Model& model, const BlockSpec& spec, const Decoding& decoding,
                  const BlockEvents& events);

// Reveals the masked places of a text of any length in windows of `length`, from left to right,
// each with what is known before and behind it. Returns the evaluations.
int fill(
    Model& model, Row& text, int length, const Decoding& decoding,
    const std::function<void()>& on_step = [] {});

}  // namespace yent::character_diffusion
