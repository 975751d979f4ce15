// The tests that need a GPU, with one that is emulated.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "tests/support/cuda_emulator/launch.h"
#include "tests/support/fake_cuda/runtime.h"

int main(int argc, char** argv) {
  yent::cuda::fake::begin(1, size_t{64} << 30);
  yent::cuda::emulator::start();
  return doctest::Context(argc, argv).run();
}
