// A loop of multiply-adds that touches no memory: the stopwatch for the peak of an instruction set.
// No backend runs it.
#pragma once

#include "kernels/cpu/simd/leaf.h"

namespace yent {

struct FmaLoop {
  const char* name = nullptr;
  Isa isa = Isa::ref;
  int width = 0;                                     // multiply-adds of a round
  float (*run)(int rounds, float factor) = nullptr;  // the result only keeps the work alive
};

}  // namespace yent
