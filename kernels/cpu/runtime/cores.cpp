// Formats: proc(5) for /proc/self/cgroup and /proc/self/mountinfo, cgroups(7); the kernel's
// Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst for the quotas.
#include "kernels/cpu/runtime/cores.h"

#include <sched.h>

#include <algorithm>
#include <climits>
#include <cmath>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace yent {
namespace {

namespace fs = std::filesystem;

// The processors in the affinity mask. The system refuses a set smaller than its own.
std::vector<int> allowed_processors() {
  for (size_t sets = 1; sets <= 64; sets *= 2) {
    std::vector<cpu_set_t> mask(sets);
    const size_t bytes = sets * sizeof(cpu_set_t);
    if (sched_getaffinity(0, bytes, mask.data()) != 0) continue;
    std::vector<int> allowed;
    for (int cpu = 0; cpu < static_cast<int>(bytes * CHAR_BIT); ++cpu) {
      if (CPU_ISSET_S(cpu, bytes, mask.data())) allowed.push_back(cpu);
    }
    return allowed;
  }
  return {0};
}

int physical_cores(const std::vector<int>& processors) {
  std::set<std::pair<int, int>> cores;
  for (int cpu : processors) {
    const std::string topology = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    int package = -1, core = cpu;  // where the topology is hidden, every cpu is a core
    std::ifstream(topology + "physical_package_id") >> package;
    if (!(std::ifstream(topology + "core_id") >> core)) core = cpu;
    cores.emplace(package, core);
  }
  return static_cast<int>(cores.size());
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), {}};
}

bool has_item(const std::string& list, const std::string& item) {
  return ("," + list + ",").find("," + item + ",") != std::string::npos;
}

// Whether controllers, as /proc/self/cgroup lists them, are those of processor time; v2 lists none.
bool is_cpu_group(const std::string& controllers) {
  return controllers.empty() || has_item(controllers, "cpu");
}

// A mounted tree of groups with processor time: which group is its top, and where.
struct Mount {
  bool v2;
  std::string top;
  fs::path at;
};

std::vector<Mount> cpu_mounts(const fs::path& root) {
  std::vector<Mount> mounts;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> words = words_of(line);
    const auto dash = std::ranges::find(words, "-");
    if (words.size() < 5 || words.end() - dash < 4) continue;
    const bool v2 = dash[1] == "cgroup2";
    if (!v2 && !(dash[1] == "cgroup" && has_item(dash[3], "cpu"))) continue;
    mounts.push_back({v2, words[3], root / fs::path(words[4]).relative_path()});
  }
  return mounts;
}

// Processors by the quota of one group; infinite where it has none.
double quota_of(const fs::path& group, bool v2) {
  double quota = -1, period = 0;
  if (v2) {
    std::ifstream(group / "cpu.max") >> quota >> period;  // "max 100000" reads as no number
  } else {
    std::ifstream(group / "cpu.cfs_quota_us") >> quota;
    std::ifstream(group / "cpu.cfs_period_us") >> period;
  }
  return quota > 0 && period > 0 ? quota / period : HUGE_VAL;
}

// The least quota of a group and of those above it.
double least_quota(const Mount& mount, const std::string& group) {
  // A container sees its own group as the top, and may be told the name that it has outside.
  fs::path below = fs::path(group).lexically_relative(mount.top);
  if (below.empty() || *below.begin() == "..") below = ".";
  double least = quota_of(mount.at, mount.v2);
  fs::path at = mount.at;
  for (const fs::path& name : below) {
    at /= name;
    least = std::min(least, quota_of(at, mount.v2));
  }
  return least;
}

}  // namespace

int granted_processors(const fs::path& root) {
  const std::vector<Mount> mounts = cpu_mounts(root);
  double least = HUGE_VAL;
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // number:controllers:group
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!is_cpu_group(controllers)) continue;
    for (const Mount& mount : mounts) {
      if (mount.v2 != controllers.empty()) continue;
      least = std::min(least, least_quota(mount, line.substr(second + 1)));
    }
  }
  return least < INT_MAX ? std::max(1, static_cast<int>(std::ceil(least))) : INT_MAX;
}

int usable_cores() {
  return std::max(1, std::min(physical_cores(allowed_processors()), granted_processors()));
}

}  // namespace yent
