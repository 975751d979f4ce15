// How many cores this process may use.
#pragma once

#include <filesystem>

namespace yent {

// Physical cores in this process's affinity mask (hyperthreads of one core count once), at most as
// many as its control groups have processor time for. At least 1.
int usable_cores();

// Processors that the control groups of /proc/self/cgroup grant, rounded up: the least quota of the
// group and of those above it, cgroup v1 and v2. INT_MAX where none is set. `root` stands before
// /proc and the mounted groups.
int granted_processors(const std::filesystem::path& root = "/");

}  // namespace yent
