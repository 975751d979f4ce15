// 8-bit floats as torch converts them, and their scales as ComfyUI applies them (f8.py in
// tests/golden).
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "loaders/tensors/convert.h"
#include "loaders/tensors/safetensors.h"
#include "loaders/tensors/scaled_f8.h"
#include "tests/support/hostile.h"
#include "tests/support/tree.h"

using namespace yent;
using test::refusal;

namespace {

TensorSet golden() { return read_tensors(in_tree("tests/golden/f8.safetensors")); }

std::vector<float> values(const TensorSet& set, const std::string& name) {
  CAPTURE(name);
  const HostTensor* tensor = set.find(name);
  REQUIRE(tensor);
  std::vector<float> out(static_cast<size_t>(tensor->count()));
  to_f32(*tensor, out.data());
  return out;
}

// A set of one weight and what is said about it.
struct Scaled {
  std::vector<std::byte> weight = std::vector<std::byte>(4, std::byte{0x38});
  std::vector<float> scale = {2};
  std::string note = R"({"format":"float8_e4m3fn"})";
  TensorSet set = {.path = "f"};

  void add(const std::string& name, DType dtype, std::vector<int64_t> dims) {
    const auto* data = dtype == DType::f32  ? reinterpret_cast<const std::byte*>(scale.data())
                       : dtype == DType::u8 ? reinterpret_cast<const std::byte*>(note.data())
                                            : weight.data();
    set.tensors.push_back({.name = name, .dtype = dtype, .dims = dims, .data = data});
    set.tensors.back().bytes = *checked_bytes(dtype, dims);
    sort_by_name(set);
  }
};

}  // namespace

TEST_CASE("scaled_f8: every 8-bit float is what torch makes of it") {
  const TensorSet set = golden();
  for (const char* type : {"e4m3", "e5m2"}) {
    const auto found = values(set, type), expected = values(set, std::string(type) + ".f32");
    REQUIRE(found.size() == 256);
    for (size_t i = 0; i < 256; ++i) {
      CAPTURE(i);
      if (std::isnan(expected[i])) {
        CHECK(std::isnan(found[i]));
      } else {
        CHECK(std::bit_cast<uint32_t>(found[i]) == std::bit_cast<uint32_t>(expected[i]));
      }
    }
  }
}

TEST_CASE("scaled_f8: scales under the older and the newer names") {
  TensorSet set = golden();
  apply_f8_scales(set);
  CHECK(set.tensors.size() == 8);  // nothing but weights and what they shall be
  for (const std::string layer : {"a.old", "b.new"}) {
    const auto expected = values(set, layer + ".expected");
    CHECK(values(set, layer + ".weight") == expected);
    std::vector<float> rows(12);
    to_f32(*set.find(layer + ".weight"), 1, 2, rows.data());
    CHECK(rows == std::vector<float>(expected.begin() + 6, expected.begin() + 18));
  }
}

TEST_CASE("scaled_f8: a scale that cannot be applied is refused by name") {
  const auto refused = [](DType weight, std::vector<int64_t> scale, Scaled s = {}) {
    s.add("x.weight", weight, {4});
    s.add("x.weight_scale", DType::f32, std::move(scale));
    s.add("x.comfy_quant", DType::u8, {static_cast<int64_t>(s.note.size())});
    return refusal([&] { apply_f8_scales(s.set); });
  };
  CHECK(refused(DType::f8_e4m3, {1}) == "");
  CHECK(refused(DType::i8, {1}) ==
        "f: x.weight_scale scales a weight that is i8, expected one of 8-bit floats");
  Scaled rows;
  rows.scale = {1, 2, 3, 4};
  CHECK(refused(DType::f8_e4m3, {4}, rows) ==
        "f: x.weight_scale is {4} f32, expected one finite number for the whole weight");
  Scaled infinite;
  infinite.scale = {INFINITY};
  CHECK(refused(DType::f8_e4m3, {}, infinite) ==
        "f: x.weight_scale is {} f32, expected one finite number for the whole weight");
  Scaled other;
  other.note = R"({"format":"nvfp4"})";
  CHECK(refused(DType::f8_e4m3, {1}, other) ==
        "f: x.comfy_quant: the format is nvfp4, expected float8_e4m3fn or float8_e5m2");
  Scaled alone;
  alone.add("y.scale_weight", DType::f32, {1});
  CHECK(refusal([&] { apply_f8_scales(alone.set); }) ==
        "f: y.scale_weight scales a weight that is missing, expected one of 8-bit floats");
  Scaled twice;
  twice.add("x.weight", DType::f8_e5m2, {4});
  twice.add("x.weight_scale", DType::f32, {1});
  twice.add("x.scale_weight", DType::f32, {1});
  CHECK(refusal([&] { apply_f8_scales(twice.set); }) == "f: x.weight has two scales");
}
