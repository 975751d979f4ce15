// The counts of launches.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace yent::cuda::emulator {

struct GlobalUse {
  double sectors = 0, bytes = 0;  // requested by warps: sectors of 32 bytes, and useful bytes
};

struct Counts {
  double products = 0;                   // multiply-adds of the tensor cores
  GlobalUse read, written, copied;       // by loads, by stores, by copies to shared memory
  double sectors_once = 0;               // that loads of one block read, each once
  double wavefronts = 0, conflicts = 0;  // of shared memory; those that conflicts added

  // Calls fn(name, number) for each.
  void each(const std::function<void(const char*, double&)>& fn);
};

struct CountedLaunch {
  const void* kernel;
  double blocks;
  unsigned threads;
  size_t shared_bytes;
  Counts counts;  // of all blocks
};
std::vector<CountedLaunch>& counted_launches();

}  // namespace yent::cuda::emulator
