#include "kernels/devices.h"

#include <algorithm>
#include <charconv>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/isa_table.h"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/error.h"

namespace yent {

std::vector<std::unique_ptr<Backend>> make_backends(const std::string& device,
                                                    const std::string& isa, int threads,
                                                    int max_backends) {
  std::vector<std::unique_ptr<Backend>> backends;
  std::string reason;
  const auto add = [&](std::unique_ptr<Backend> backend) {
    if (backend) backends.push_back(std::move(backend));
  };
  // Made first, so that an unknown instruction set is an error whatever the device.
  auto cpu = make_cpu_backend({.threads = threads, .isa = isa});
  int first = 0, count = 1;
  if (device == "cuda:all") {
    count = cuda_devices();
  } else if (device.starts_with("cuda:")) {
    const char *digits = device.data() + 5, *last = device.data() + device.size();
    const auto [end, error] = std::from_chars(digits, last, first);
    if (error != std::errc() || end != last || digits == last) first = -1;
  } else if (!device.empty() && device != "cuda" && device != "cpu") {
    first = -1;
  }
  if (first < 0) {
    throw usage_error("the device is {}, expected cpu, cuda, cuda:N or cuda:all", device);
  }
  if (device != "cpu") {
    for (int i = 0; i < std::max(count, 1) && std::ssize(backends) < max_backends; ++i) {
      add(make_cuda_backend({.device = first + i}, reason));
    }
  }
  if (backends.empty() && (device.empty() || device == "cpu")) add(std::move(cpu));
  if (backends.empty()) throw run_error("the device {}: {}", device, reason);
  return backends;
}

std::vector<std::string> isa_names() {
  std::vector<std::string> names;
  for (int i = 0; i < isa_count; ++i) names.emplace_back(isa_name(static_cast<Isa>(i)));
  return names;
}

bool has_isa(const std::string& name) {
  for (int i = 0; i < isa_count; ++i) {
    const Isa isa = static_cast<Isa>(i);
    if (name == isa_name(isa)) return supports(detect_features(), isa);
  }
  return false;
}

}  // namespace yent
