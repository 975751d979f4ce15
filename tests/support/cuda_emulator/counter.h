// What is counted while kernels run, for estimates of their time on a GPU: products of the tensor
// cores, sectors of global memory, wavefronts of shared memory. These are calls from the emulator,
// and from emulated operations that move or multiply many values at once; without a counter
// (no_counter.cpp) they do nothing.
//
// `site` is an address in the code that called: lanes of a warp that come to one site for the n-th
// time make one request together.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/support/cuda_emulator/checker.h"
#include "tests/support/cuda_emulator/device.h"
#include "tests/support/fake_cuda/runtime.h"

namespace yent::cuda::emulator {

void begin_counted_launch(const fake::Launch& launch);
// `executed` of the launch's blocks were executed and stand for all.
void end_counted_launch(int64_t executed);
void count_barrier();  // also the end of a block

// A load or store by the running thread.
void count_access(const void* at, size_t bytes, Access access, const void* site);
// A copy of 16 bytes from global to shared memory; of zeros where not `inside`.
void count_chunk(const void* to, const void* from, bool inside, const void* site);
// Returns whether the operation was counted and need not be performed: no kernel's way depends on
// what was multiplied.
bool count_operation(WarpOp op, const Operands& operands, const void* site);

// For operations of several warps, called once for each:
// multiply-adds of the tensor cores, and the bytes of operands that they read from shared memory;
void count_products(int64_t products, int64_t shared_bytes);
// a piece of a bulk copy: contiguous bytes that pass between global and shared memory.
void count_bulk(const void* global, size_t bytes, Access access);

}  // namespace yent::cuda::emulator
