// A CUDA runtime without a GPU, for tests of everything around the kernels: memory, copies,
// streams, recordings, devices. Kernels do nothing, unless something executes them. It is stricter
// than the real one: every use that the documentation forbids is an error here.
#pragma once

#include <cstddef>
#include <string>

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

// A kernel with everything that it was launched with.
struct Launch {
  const void* kernel;
  unsigned grid[3], block[3];
  size_t shared_bytes;
  const void* arguments;  // at an address for any type
};
struct Executor {
  size_t (*argument_bytes)(const void* kernel);
  std::string (*execute)(const Launch& launch);  // returns what was wrong, or nothing
};
// From now on launches are executed at once, and recordings when they are played.
void execute_with(const Executor& executor);
// The address range of all devices' memory, from now on; addresses are not taken twice.
struct Room {
  const std::byte* begin;
  size_t bytes;
};
Room device_room();
// The allocation of the current device that holds `at`, or nothing.
Room device_memory_at(const void* at);

}  // namespace yent::cuda::fake
