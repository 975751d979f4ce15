#include "kernels/memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace yent {

size_t available_memory() {
  size_t available = std::numeric_limits<size_t>::max();
  std::ifstream info("/proc/meminfo");
  std::string key, unit;
  for (size_t kibibytes; info >> key >> kibibytes; std::getline(info, unit)) {
    if (key == "MemAvailable:") available = kibibytes * 1024;
  }
  rlimit limit = {};
  if (::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const size_t used = pages * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    available = std::min<size_t>(available, limit.rlim_cur > used ? limit.rlim_cur - used : 0);
  }
  return available;
}

}  // namespace yent
