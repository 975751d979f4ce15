// What every driver of the CPU backend works with.
#pragma once

#include "kernels/backend.h"

namespace yent {

struct RowKernels;

struct CpuRun {
  Arena& arena;  // scratch; while it measures, a driver takes its scratch and returns
  int threads;
  const RowKernels& row_kernels;
};

}  // namespace yent
