// Linked into a program, this gives it two emulated GPUs.
#include "tests/support/cuda_emulator/launch.h"
#include "tests/support/fake_cuda/runtime.h"

namespace {

[[maybe_unused]] const bool started = [] {
  yent::cuda::fake::begin(2, size_t{16} << 30);
  yent::cuda::emulator::start();
  return true;
}();

}  // namespace
