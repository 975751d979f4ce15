// The tables behind unicode.h, each sorted by code point.
#pragma once

#include <cstdint>
#include <span>

namespace yent::unicode {

struct CodeRange {
  char32_t first, last;
};

// Every `step`-th code point from first to last.
struct StepRange {
  char32_t first, last, step;
};

// Every `step`-th code point from first to last becomes itself plus `distance` in lower case.
struct LowerRun {
  char32_t first, last, step;
  int32_t distance;
};

struct ClassRange {
  char32_t first, last;
  uint8_t value;
};

// One canonical step: `composed` is first + second, or first alone where second is 0.
struct Decomposition {
  char32_t composed, first, second;
  bool composes;  // NFC puts the pair together again
};

extern const std::span<const CodeRange> letters, numbers, marks, other_word, punctuation, symbols,
    title, modifiers, spaces, one_cell;
extern const std::span<const StepRange> upper, lower;
extern const std::span<const LowerRun> lower_runs;
extern const std::span<const ClassRange> combining_classes;
extern const std::span<const Decomposition> decompositions;

}  // namespace yent::unicode
