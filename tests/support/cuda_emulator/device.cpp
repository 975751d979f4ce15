#include "tests/support/cuda_emulator/device.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "tests/support/cuda_emulator/block.h"
#include "tests/support/cuda_emulator/checker.h"
#include "tests/support/cuda_emulator/counter.h"

namespace yent::cuda::emulator {

Dim thread_index() { return block().thread().index; }
Dim block_index() { return block().position().index; }
Dim block_threads() { return block().position().threads; }
Dim grid_blocks() { return block().position().grid; }

void* dynamic_shared() { return block().shared(); }

uint32_t shared_address(const void* p) {
  const auto* at = static_cast<const std::byte*>(p);
  if (at < block().shared() || at > block().shared() + block().shared_bytes()) {
    fault("the shared address of what is not in dynamic shared memory");
  }
  return static_cast<uint32_t>(at - block().shared());
}

void synchronize_block() { block().synchronize_block(); }
void synchronize_warp(uint32_t mask, WarpOp op, const Operands& operands) {
  if (count_operation(op, operands, __builtin_return_address(0))) return;
  block().synchronize_warp(mask, op, operands);
}
void fault(const char* what) { block().fault(what); }

void load_whole(void* to, const void* from, size_t bytes) {
  if (reinterpret_cast<uintptr_t>(from) % bytes != 0) fault("a misaligned address of a load");
  check_access(from, bytes, Access::read, block().thread().number);
  count_access(from, bytes, Access::read, __builtin_return_address(0));
  std::memcpy(to, from, bytes);
}
void store_whole(void* to, const void* from, size_t bytes) {
  if (reinterpret_cast<uintptr_t>(to) % bytes != 0) fault("a misaligned address of a store");
  check_access(to, bytes, Access::write, block().thread().number);
  count_access(to, bytes, Access::write, __builtin_return_address(0));
  std::memcpy(to, from, bytes);
}

unsigned atomic_max(unsigned* at, unsigned value) {
  count_access(at, sizeof(*at), Access::atomic, __builtin_return_address(0));
  check_access(at, sizeof(*at), Access::atomic, block().thread().number);
  return std::exchange(*at, std::max(*at, value));
}
int atomic_max(int* at, int value) {
  count_access(at, sizeof(*at), Access::atomic, __builtin_return_address(0));
  check_access(at, sizeof(*at), Access::atomic, block().thread().number);
  return std::exchange(*at, std::max(*at, value));
}
int atomic_add(int* at, int value) { return atomic_exchange(at, *at + value); }
int atomic_exchange(int* at, int value) {
  count_access(at, sizeof(*at), Access::atomic, __builtin_return_address(0));
  check_access(at, sizeof(*at), Access::atomic, block().thread().number);
  meet_at(at, block().thread().number);
  return std::exchange(*at, value);
}
void fence_memory() { yent::cuda::emulator::fence_memory(block().thread().number); }

void copy_chunk(uint32_t to, const void* from, bool inside) {
  if (to % 16 != 0 || reinterpret_cast<uintptr_t>(from) % 16 != 0) {
    fault("cp.async between addresses that are no multiples of 16");
  }
  if (to + size_t{16} > block().shared_bytes()) fault("cp.async to outside of shared memory");
  Thread& t = block().thread();
  t.copies.push_back({to, inside ? from : nullptr, t.groups});
  begin_copy(block().shared() + to);
  count_chunk(block().shared() + to, from, inside, __builtin_return_address(0));
  if (inside) check_access(from, 16, Access::read, t.number);
  std::memset(block().shared() + to, 0xff, 16);
}

void commit_copies() { ++block().thread().groups; }

void wait_copies(int pending) {
  Thread& t = block().thread();
  for (; t.arrived < t.copies.size(); ++t.arrived) {
    const Thread::Copy& copy = t.copies[t.arrived];
    if (copy.group >= t.groups - pending) return;
    std::byte* to = block().shared() + copy.to;
    end_copy(to);
    if (copy.from) {
      std::memcpy(to, copy.from, 16);
    } else {
      std::memset(to, 0, 16);
    }
  }
  t.copies.clear();
  t.arrived = 0;
}

}  // namespace yent::cuda::emulator
