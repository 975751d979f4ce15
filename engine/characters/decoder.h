// Reveals the masked places of rows of characters, step by step.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/characters/unmasking.h"
#include "engine/core/cancel.h"

namespace yent::character_diffusion {

// What tells the characters of masked places: the network, or in tests a distribution that is
// known. One thread at a time.
class Model {
 public:
  virtual ~Model() = default;
  virtual int vocabulary() const = 0;
  virtual int steps() const = 0;  // times are below it
  // Of rows of `length` ids, kMask where they are masked, and a time for each row: the logits of
  // every place.
  virtual std::vector<float> logits(std::span<const int32_t> ids, std::span<const int32_t> times,
                                    int length) = 0;
};

// A place may be masked though its id is not kMask, and a revealed place may have that id.
struct Row {
  std::vector<int32_t> ids;
  std::vector<uint8_t> masked;  // 1: still to be revealed
  uint64_t seed = 0;            // of the draws

  // `known`, and behind it masked places up to the length.
  static Row beginning(std::span<const int32_t> known, int length, uint64_t seed);
  int count_masked() const;
};

// rising: the number of the step, as the published sampler has it, though training had it fall.
// falling: the time at which training masks as many places as are masked.
enum class TimeOrder : uint8_t { rising, falling };

struct Decoding {
  Rule rule = {};
  double temperature = 1;
  bool draw = false;  // characters by their probabilities, else the likeliest, lowest id on ties
  bool nul = true;    // whether the mask's own id may be revealed
  TimeOrder time = TimeOrder::rising;
  int most_steps = 0;  // the last one reveals all; 0: as many as it takes
  const CancelToken* cancel = nullptr;
};

// Reveals all masked places of the rows, which have one length and do not depend on each other:
// each becomes what it would be alone. `on_step` is called behind every step. Returns the
// evaluations of each row, that is, the steps in which it had masked places.
std::vector<int> decode(
    Model& model, std::vector<Row>& rows, const Decoding& decoding,
    const std::function<void()>& on_step = [] {});

// Seeds of the parts of a run, none like another.
uint64_t seed_of(uint64_t seed, uint64_t part);

}  // namespace yent::character_diffusion
