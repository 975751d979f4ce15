#include "bench/machine.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <thread>
#include <vector>

#include "engine/core/workspace.h"
#include "kernels/cpu/isa_table.h"
#include "kernels/cpu/peak/peak.h"

namespace yent {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Best of a few passes over more memory than any cache holds.
double measure_bandwidth(int threads) {
  constexpr size_t words = size_t{96} << 20;  // 768 MiB
  const std::vector<uint64_t> memory(words, 1);
  double best = 0;
  for (int pass = 0; pass < 4; ++pass) {
    std::vector<uint64_t> sums(threads);
    const auto start = Clock::now();
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] {
        uint64_t sum = 0;
        const size_t first = words / threads * t, last = words / threads * (t + 1);
        for (size_t i = first; i < last; ++i) sum += memory[i];
        sums[t] = sum;
      });
    }
    for (std::thread& worker : workers) worker.join();
    const double seconds = seconds_since(start);
    if (sums[0] == words / threads) best = std::max(best, words * 8 / seconds);
  }
  return best;
}

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

}  // namespace

Machine measure_machine(const std::string& isa, int threads) {
  const CpuFeatures features = detect_features();
  const FmaLoop& loop = pick(fma_loop_table(), resolve_cap(isa, features), features);
  const double bandwidth = measure_bandwidth(threads);
  std::ofstream("/proc/self/clear_refs")
      << 5;  // so that VmHWM does not count the memory measured here
  return {.macs_per_s = measure_fma_peak(loop) * threads,
          .bytes_per_s = bandwidth,
          .name = processor_name()};
}

namespace {

Machine measure_squares(Backend& backend, int side) {
  constexpr int calls = 20;
  std::vector<float> values(static_cast<size_t>(side) * side);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] =
        static_cast<float>(i * 2654435761u % 2048) / 1024 - 1;  // not zeros: they would be faster
  }
  const HostTensor matrix{.name = "peak",
                          .dtype = DType::f32,
                          .dims = {side, side},
                          .data = reinterpret_cast<const std::byte*>(values.data()),
                          .bytes = values.size() * sizeof(float)};
  const LinearWeight weight =
      backend.pack_linear({.name = "peak", .parts = {{"peak", matrix}}}, Precision::f16);
  const Shape shape{1, side, 1, side};
  const PersistentTensor x = backend.allocate(shape, DType::f16),
                         y = backend.allocate(shape, DType::f16);
  const PersistentTensor one = backend.allocate({1, 1, 1, 1}, DType::f32);
  backend.write(x, values.data());
  Workspace ws(backend);
  const auto best_of = [&](const std::string& key, const std::function<void()>& forward) {
    double best = 1e9;
    for (int time = 0; time < 5; ++time) {
      backend.wait();
      const auto start = Clock::now();
      ws.run(key, [&] {
        for (int call = 0; call < calls; ++call) forward();
      });
      backend.wait();
      if (time > 1) best = std::min(best, seconds_since(start) / calls);
    }
    return best;
  };
  const double product =
      best_of("product", [&] { backend.linear(ws, y, x.tensor, weight, Epilogue{}); });
  const std::array<Tensor, 1> terms{x};
  const double copy = best_of("copy", [&] { backend.linear_combination(ws, y, terms, one); });
  return {.macs_per_s = static_cast<double>(values.size()) * side / product,
          .bytes_per_s = 2.0 * sizeof(uint16_t) * static_cast<double>(values.size()) / copy,
          .name = backend.device()};
}

}  // namespace

Machine measure_device(Backend& backend) {
  // Matrices large enough for a peak, and no larger: an emulated GPU is asked, too.
  constexpr int largest = 8192;
  constexpr double long_enough = 1e-3;
  for (int side = 256;; side *= 2) {
    Machine machine = measure_squares(backend, side);
    const double product = static_cast<double>(side) * side * side / machine.macs_per_s;
    if (side == largest || product > long_enough) return machine;
  }
}

}  // namespace yent
