#include "tests/support/cuda_emulator/launch.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <vector>

#include "tests/support/cuda_emulator/block.h"
#include "tests/support/cuda_emulator/checker.h"
#include "tests/support/cuda_emulator/counter.h"
#include "tests/support/cuda_emulator/symbol_name.h"
#include "tests/support/fake_cuda/runtime.h"

namespace yent::cuda::emulator {
namespace {

struct Kernel {
  size_t argument_bytes;
  void (*call)(const void* kernel, const void* arguments);
};

std::map<const void*, Kernel>& kernels() {
  static std::map<const void*, Kernel> all;
  return all;
}
Totals counted = {};
unsigned most_blocks = 0;

// About `most_blocks`, spread over the grid. Along y are the slices of split products, which meet:
// all of them or none. A grid with a z has none.
std::vector<unsigned> sample(const Dim& grid, uint32_t seed) {
  const unsigned y = grid.z == 1 && grid.y <= most_blocks ? grid.y : 1;
  const unsigned groups = grid.count() / y, parts = (most_blocks + y - 1) / y;
  std::mt19937 random(seed);
  std::vector<unsigned> blocks;
  for (unsigned i = 0; i < parts; ++i) {
    const auto at = [&](unsigned part) {
      return static_cast<unsigned>(uint64_t{groups} * part / parts);
    };
    const unsigned group = std::uniform_int_distribution(at(i), at(i + 1) - 1)(random);
    for (unsigned k = 0; k < y; ++k) {
      blocks.push_back(group % grid.x + grid.x * k + group / grid.x * grid.x * y);
    }
  }
  return blocks;
}

std::vector<unsigned> block_order(const Dim& grid, Order order, uint32_t seed) {
  std::vector<unsigned> blocks(grid.count());
  std::iota(blocks.begin(), blocks.end(), 0u);
  if (most_blocks && grid.count() > 2 * most_blocks) blocks = sample(grid, seed);
  if (order == Order::down) std::reverse(blocks.begin(), blocks.end());
  if (order == Order::random) std::shuffle(blocks.begin(), blocks.end(), std::mt19937(seed));
  return blocks;
}

size_t argument_bytes(const void* kernel) {
  const auto known = kernels().find(kernel);
  return known == kernels().end() ? 0 : known->second.argument_bytes;
}

std::string execute(const fake::Launch& launch) {
  const auto known = kernels().find(launch.kernel);
  if (known == kernels().end()) return "a kernel that was not registered";
  const Program program = {launch.kernel, launch.arguments, known->second.call,
                           launch.shared_bytes};
  const auto dim = [](const unsigned(&d)[3]) { return Dim{d[0], d[1], d[2]}; };
  BlockPosition position = {{}, dim(launch.block), dim(launch.grid)};
  const auto seed = static_cast<uint32_t>(counted.launches++);
  const auto order = static_cast<Order>(seed % 3);
  begin_checked_launch();
  begin_counted_launch(launch);
  const auto blocks = block_order(position.grid, order, seed);
  for (const unsigned at : blocks) {
    position.index = {at % position.grid.x, at / position.grid.x % position.grid.y,
                      at / position.grid.x / position.grid.y};
    ++counted.blocks;
    const std::string wrong = block().run(program, position, order, seed + at);
    if (wrong.empty()) continue;
    ++counted.faults;
    return fmt::format("{}, block ({}, {}, {}), thread {}: {}", symbol_name(launch.kernel),
                       position.index.x, position.index.y, position.index.z,
                       block().thread().number, wrong);
  }
  end_counted_launch(static_cast<int64_t>(blocks.size()));
  return "";
}

}  // namespace

void add_kernel(const void* kernel, size_t argument_bytes,
                void (*call)(const void* kernel, const void* arguments)) {
  kernels()[kernel] = {argument_bytes, call};
}

void start() {
  start_checking();
  fake::execute_with({argument_bytes, execute});
}
void sample_blocks(unsigned most) { most_blocks = most; }
Totals totals() { return counted; }

}  // namespace yent::cuda::emulator
