// Executes kernels on the CPU: what tests/support/fake_cuda calls when it is asked to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "tests/support/cuda_emulator/device.h"

namespace yent::cuda::emulator {

// The library below the tests (queue.h) calls this before every launch.
void add_kernel(const void* kernel, size_t argument_bytes,
                void (*call)(const void* kernel, const void* arguments));

// From now on the fake runtime's launches are executed, each in the next order of threads and
// blocks: up, down, random. A fault is the launch's error, and a sentence that names the kernel.
void start();
// From now on about `most` blocks of a large launch are executed, from equal parts of the grid, and
// the results of the others are missing; 0: all blocks.
void sample_blocks(unsigned most);
// How many launches there were; the faults of all.
struct Totals {
  int64_t launches, blocks, faults;
};
Totals totals();

}  // namespace yent::cuda::emulator
