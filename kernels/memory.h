// How much memory this machine can still give a process.
#pragma once

#include <cstddef>

namespace yent {

// Bytes: the available memory that Linux reports, at most what a limit on the address space leaves.
size_t available_memory();

}  // namespace yent
