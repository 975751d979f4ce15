#include "tests/support/cuda_emulator/checker.h"

namespace yent::cuda::emulator {

void start_checking() {}
void begin_checked_launch() {}
void begin_checked_block() {}
void pass_barrier() {}
void fence_memory(int) {}
void meet_at(const void*, int) {}
void check_access(const void*, size_t, Access, int) {}
void begin_copy(const void*) {}
void end_copy(const void*) {}
void check_banks(const unsigned (&)[8]) {}

}  // namespace yent::cuda::emulator
