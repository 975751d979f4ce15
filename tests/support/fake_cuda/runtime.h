// A CUDA runtime without a GPU, for tests of everything around the kernels: memory, copies,
// streams, recordings, devices. Kernels do nothing. It is stricter than the real one: every use
// that the documentation forbids is an error here.
#pragma once

#include <cstddef>

namespace yent::cuda::fake {

struct Counts {
  size_t device_bytes, most_device_bytes, pinned_bytes;  // of all devices together
  int live;                                              // streams, events and graphs
  int launches, recordings, replays;
  int waits;            // of the host for a device
  int pageable_copies;  // from or to memory that is not pinned
};

// Starts with `devices` devices of `bytes_each` memory. All earlier objects must be destroyed.
void begin(int devices, size_t bytes_each);
// The n-th call from now on that takes memory (or makes a stream, event or graph) fails; -1: none.
void fail_after(int calls);
Counts counts();

}  // namespace yent::cuda::fake
