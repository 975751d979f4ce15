// What is looked for besides wrong values: races, accesses outside of memory, values that nobody
// wrote or that a copy has not brought yet, shared banks. The accesses come from code that the
// compiler instrumented; without such code these functions do nothing (no_checker.cpp).
#pragma once

#include <cstddef>

namespace yent::cuda::emulator {

void start_checking();
// The order of things: a launch, its blocks one after another, their threads between barriers.
void begin_checked_launch();
void begin_checked_block();
void pass_barrier();

enum class Access { read, write, atomic };
// By the running thread or another of its block.
void check_access(const void* at, size_t bytes, Access access, int thread);
// How a block learns of another's writes: these come before a barrier, a fence and an atomic
// operation; an atomic operation of a later block at the same place, a fence and a barrier come
// before its reads.
void fence_memory(int thread);
void meet_at(const void* place, int thread);
// A copy to shared memory: from its issue on, nobody may touch the bytes before it has arrived.
void begin_copy(const void* to);
void end_copy(const void* to);
// The eight rows of one phase of ldmatrix.
void check_banks(const unsigned (&addresses)[8]);

}  // namespace yent::cuda::emulator
