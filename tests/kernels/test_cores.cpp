#include <doctest/doctest.h>
#include <sched.h>

#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/runtime/cores.h"
#include "tests/support/temporary_folder.h"

using namespace yent;
using yent::test::TemporaryFolder;

namespace {

// A tree with /proc and mounted groups, as a process sees it.
struct Root {
  TemporaryFolder folder;

  void put(const std::string& file, const std::string& text) {
    const auto path = folder.path() / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text << '\n';
  }
  int granted() const { return granted_processors(folder.path()); }
};

const char* const v2_mount = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw";

}  // namespace

TEST_CASE("cores: a quota of cgroup v2 is the least of the group and of those above") {
  Root root;
  CHECK(root.granted() == INT_MAX);  // nothing mounted
  root.put("proc/self/cgroup", "0::/user/job");
  root.put("proc/self/mountinfo", v2_mount);
  CHECK(root.granted() == INT_MAX);  // no quota
  root.put("sys/fs/cgroup/user/job/cpu.max", "max 100000");
  CHECK(root.granted() == INT_MAX);
  root.put("sys/fs/cgroup/user/cpu.max", "600000 100000");
  CHECK(root.granted() == 6);
  root.put("sys/fs/cgroup/user/job/cpu.max", "150000 100000");
  CHECK(root.granted() == 2);  // rounded up
  root.put("sys/fs/cgroup/user/job/cpu.max", "5000 100000");
  CHECK(root.granted() == 1);
  root.put("sys/fs/cgroup/user/job/cpu.max", "junk");
  CHECK(root.granted() == 6);
  root.put("sys/fs/cgroup/user/other/cpu.max", "100000 100000");
  CHECK(root.granted() == 6);  // of somebody else
}

TEST_CASE("cores: a container's group is the top of its mount, whatever its name outside") {
  Root root;
  root.put("proc/self/mountinfo", v2_mount);
  root.put("sys/fs/cgroup/cpu.max", "300000 100000");
  for (const char* group : {"0::/", "0::/../outside", "0::/docker/a1b2"}) {
    root.put("proc/self/cgroup", group);
    CHECK(root.granted() == 3);
  }
  // v1, mounted from the group that the name says.
  root.put("proc/self/cgroup", "4:cpu,cpuacct:/docker/a1b2/inner\n3:cpuset:/\n0::/");
  root.put("proc/self/mountinfo",
           "36 31 0:33 /docker/a1b2 /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
           "37 31 0:34 /docker/a1b2 /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset");
  root.put("sys/fs/cgroup/cpu,cpuacct/inner/cpu.cfs_quota_us", "400000");
  root.put("sys/fs/cgroup/cpu,cpuacct/inner/cpu.cfs_period_us", "200000");
  CHECK(root.granted() == 2);
  root.put("sys/fs/cgroup/cpu,cpuacct/inner/cpu.cfs_quota_us", "-1");
  CHECK(root.granted() == INT_MAX);
  root.put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000");
  root.put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "50000");
  CHECK(root.granted() == 1);
}

TEST_CASE("cores: what is damaged limits nothing") {
  Root root;
  root.put("proc/self/cgroup", "0\n:\n::\n0::/a");
  root.put("proc/self/mountinfo", "\n-\n1 2 3 - cgroup2\n1 2 3 / /sys - cgroup\n");
  CHECK(root.granted() == INT_MAX);
}

TEST_CASE("cores: the affinity mask counts, OpenMP's variable does not") {
  const int all = usable_cores();
  ::setenv("OMP_NUM_THREADS", "77", 1);
  CHECK(make_cpu_backend({.isa = "ref"})->threads() == 1);
  const auto backend = make_cpu_backend({});
  if (backend->isa() != "ref") CHECK(backend->threads() == all);
  ::setenv("OMP_NUM_THREADS", "1", 1);
  CHECK(usable_cores() == all);
  ::unsetenv("OMP_NUM_THREADS");
  std::thread([&] {  // of this thread alone
    cpu_set_t mask;
    CPU_ZERO(&mask);
    REQUIRE(sched_getaffinity(0, sizeof mask, &mask) == 0);
    int first = 0;
    while (!CPU_ISSET(first, &mask)) ++first;
    CPU_ZERO(&mask);
    CPU_SET(first, &mask);
    REQUIRE(sched_setaffinity(0, sizeof mask, &mask) == 0);
    CHECK(usable_cores() == 1);
  })
      .join();
}
