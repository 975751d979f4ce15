// How much memory this machine can still give a process.
#pragma once

#include <cstddef>

namespace yent {

// Bytes: what the kernel calls available, no more than a limit on the address space leaves.
size_t available_memory();

}  // namespace yent
