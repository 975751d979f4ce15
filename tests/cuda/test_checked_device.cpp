// A GPU that computes something else than the CPU is noticed once and not used.
#include <doctest/doctest.h>

#include "engine/pipeline/device_check.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/decorate.h"
#include "tests/support/temporary_folder.h"
#include "tools/device_check/checked_device.h"

using namespace yent;

namespace {

// A device whose norms have a wrong epsilon, as small a mistake as a kernel can have.
class Wrong : public Decorator {
 public:
  using Decorator::Decorator;
  void layer_norm(Arena& a, Tensor out, Tensor x, const NormWeight& w) override {
    NormWeight wrong = w;
    wrong.eps = 0.1f;
    Decorator::layer_norm(a, out, x, wrong);
  }
};

}  // namespace

TEST_CASE("checked device: the CPU agrees with itself, a wrong device does not") {
  const auto cpu = make_cpu_backend({});
  CHECK(device_difference(*cpu) == "");
  Wrong wrong(*cpu);
  CHECK(device_difference(wrong).starts_with("f32 differs by "));
}

TEST_CASE("checked device: a verdict is remembered, for this device alone") {
  const test::TemporaryFolder folder;
  const std::string file = (folder / "checked-devices").string();
  int checks = 0;
  const auto check = [&](const std::string& difference) {
    return [&checks, difference] {
      ++checks;
      return difference;
    };
  };
  CHECK(remembered_difference(file, "cuda:0 sm_90 a", check("")) == "");
  CHECK(remembered_difference(file, "cuda:0 sm_90 a", check("f16 differs by 3 %")) == "");
  CHECK(checks == 1);
  CHECK(remembered_difference(file, "cuda:0 sm_90 b", check("f16 differs by 3 %")) ==
        "f16 differs by 3 %");
  CHECK(remembered_difference(file, "cuda:0 sm_90 b", check("")) == "f16 differs by 3 %");
  CHECK(checks == 2);
  CHECK(remembered_difference("/nowhere/at/all", "cuda:0 sm_90 a", check("")) == "");
  CHECK(checks == 3);
}
