// Threads of execution that give way to each other by name, all within one thread of the system.
#pragma once

#include <cstddef>

namespace yent::cuda::emulator {

struct Fiber {
  void* context = nullptr;  // where it stopped; on its stack
};

// The fiber begins with entry(), which must never return. The stack is the caller's.
void prepare(Fiber& fiber, void* stack, size_t bytes, void (*entry)());
// Returns when another fiber switches back to `from`. What is no fiber yet becomes `from`.
void switch_fiber(Fiber& from, Fiber& to);

}  // namespace yent::cuda::emulator
