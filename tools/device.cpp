#include "tools/device.h"

#include <charconv>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/error.h"
#include "tools/paths.h"

namespace yent {

std::unique_ptr<Backend> make_backend(const std::string& device, const std::string& isa,
                                      int threads) {
  std::string reason;
  // Whoever computes, a wrong --isa is told.
  auto cpu = make_cpu_backend({.threads = threads, .isa = isa});
  if (device == "cpu") return cpu;
  if (device.empty()) {
    auto gpu = make_cuda_backend({}, reason);
    return gpu ? std::move(gpu) : std::move(cpu);
  }
  int number = 0;
  if (device.starts_with("cuda:") && device != "cuda:all") {
    const char *first = device.data() + 5, *last = device.data() + device.size();
    const auto [end, error] = std::from_chars(first, last, number);
    if (error != std::errc() || end != last || first == last) number = -1;
  } else if (device != "cuda" && device != "cuda:all") {
    number = -1;
  }
  if (number < 0) throw usage_error("--device is {}, expected cpu, cuda or cuda:N", device);
  if (auto gpu = make_cuda_backend({.device = number}, reason)) return gpu;
  throw run_error("--device {}: {}", device, reason);
}

Policy make_policy(const std::string& policy, const std::string& precision,
                   const Backend& backend) {
  const auto ours = [](const std::string& name) {
    return Policy::read(shipped("policies/" + name + ".policy"));
  };
  if (!policy.empty()) {  // a name has neither slash nor dot
    return policy.find_first_of("/.") == std::string::npos ? ours(policy) : Policy::read(policy);
  }
  Precision everywhere = Precision::f32;
  parse_precision(precision, everywhere);
  if (precision == "auto") {
    if (backend.device() == "cuda") return Policy(Precision::f16);
    if (backend.isa() != "ref") return ours("auto");
  }
  return Policy(everywhere);
}

}  // namespace yent
