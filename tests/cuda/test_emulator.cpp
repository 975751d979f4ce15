// The emulator itself.
#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <vector>

#include "engine/pipeline/device_check.h"
#include "kernels/cuda/index.h"
#include "kernels/error.h"
#include "kernels/half.h"
#include "tests/support/cuda/cuda_device.h"
#include "tests/support/cuda_emulator/fragments.h"
#include "tests/support/cuda_emulator/launch.h"
#include "tests/support/cuda_emulator/warp_operations.h"
#include "tests/support/fake_cuda/runtime.h"

using namespace yent;
using namespace yent::cuda;
using emulator::Element;
using emulator::Operands;
using emulator::WarpOp;

// index.h counts registers, the PTX ISA counts elements.
TEST_CASE("cuda emulator: index.h and the figures of the PTX ISA place the same elements") {
  const auto element = [](Place p, int per_register, int e) {
    return Element{p.row, p.column * per_register + e};
  };
  const auto transposed = [](Element e) { return Element{e.column, e.row}; };
  for (int lane = 0; lane < 32; ++lane) {
    CAPTURE(lane);
    for (int i = 0; i < 8; ++i) {
      CHECK(element(fragment_a(lane, i / 2), 2, i % 2) == emulator::a_k16(lane, i));
    }
    for (int i = 0; i < 4; ++i) {
      CHECK(element(fragment_a(lane, i / 2), 2, i % 2) == emulator::a_k8(lane, i));
      CHECK(element(fragment_b(lane, i / 2), 2, i % 2) == transposed(emulator::b_k16(lane, i)));
      CHECK(element(fragment_sum(lane, i), 1, 0) == emulator::sum(lane, i));
    }
    for (int i = 0; i < 2; ++i) {
      CHECK(element(fragment_b(lane, 0), 2, i) == transposed(emulator::b_k8(lane, i)));
    }
    for (int i = 0; i < 16; ++i) {
      CHECK(element(fragment_a(lane, i / 4), 4, i % 4) == emulator::a_k32(lane, i));
    }
    for (int i = 0; i < 8; ++i) {
      CHECK(element(fragment_b(lane, i / 4), 4, i % 4) == transposed(emulator::b_k32(lane, i)));
    }
  }
}

namespace {

// 32 rows of 16 halves, each half its own number; row r lies at 32 r.
struct Numbers {
  std::vector<uint16_t> halves = std::vector<uint16_t>(32 * 16);
  Numbers() {
    for (size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<uint16_t>(i);
  }

  // Element e of register i of a lane, after an ldmatrix from the places that index.h names.
  using Registers = std::array<std::array<uint16_t, 8>, 32>;
  Registers load(WarpOp op, Place (*place)(int lane)) {
    Registers got = {};
    std::array<Operands, 32> lanes;
    for (int lane = 0; lane < 32; ++lane) {
      const Place p = place(lane);
      lanes[lane] = {nullptr, static_cast<uint32_t>(32 * p.row + 16 * p.column), 0,
                     got[lane].data()};
    }
    perform(op, lanes, reinterpret_cast<std::byte*>(halves.data()), halves.size() * 2);
    return got;
  }
};

}  // namespace

TEST_CASE("cuda emulator: ldmatrix from the places of index.h gives the fragments of mma") {
  Numbers numbers;
  const auto a = numbers.load(WarpOp::ldmatrix_x4, ldmatrix_a);
  const auto b = numbers.load(WarpOp::ldmatrix_x4, ldmatrix_b);
  const auto half = numbers.load(WarpOp::ldmatrix_x4, ldmatrix_b_half);
  const auto v = numbers.load(WarpOp::ldmatrix_x4_transposed, ldmatrix_transposed);
  for (int lane = 0; lane < 32; ++lane) {
    CAPTURE(lane);
    for (int i = 0; i < 8; ++i) {
      const Element in_a = emulator::a_k16(lane, i);
      CHECK(a[lane][i] == in_a.row * 16 + in_a.column);
      const Element in_b = emulator::b_k16(lane, i % 4);  // columns 8 .. 15 are registers 2, 3
      CHECK(b[lane][i] == (in_b.column + i / 4 * 8) * 16 + in_b.row);
      CHECK(v[lane][i] == in_b.row * 16 + in_b.column + i / 4 * 8);
      const Element in_half = emulator::b_k8(lane, i % 2);
      CHECK(half[lane][i] == (in_half.column + i / 2 * 8) * 16 + in_half.row);
    }
  }
}

namespace {

// One warp multiplies two matrices of random small numbers, given and taken by index.h's places.
template <class Value, class Sum, int per_register>
void check_multiply(WarpOp op, int registers_a, Value (*value)(int)) {
  const int depth = registers_a * 2 * per_register;
  std::vector<int> a(16 * depth), b(8 * depth);
  for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<int>(i * 37 % 11) - 5;
  for (size_t i = 0; i < b.size(); ++i) b[i] = static_cast<int>(i * 29 % 13) - 6;
  std::array<std::array<Value, 16>, 32> given_a = {}, given_b = {};
  std::array<std::array<Sum, 4>, 32> sums;
  std::array<Operands, 32> lanes;
  for (int lane = 0; lane < 32; ++lane) {
    const auto fill = [&](auto& to, const std::vector<int>& from, int i, Place p) {
      for (int e = 0; e < per_register; ++e) {
        to[lane][i * per_register + e] = value(from[p.row * depth + p.column * per_register + e]);
      }
    };
    for (int i = 0; i < registers_a; ++i) fill(given_a, a, i, fragment_a(lane, i));
    for (int i = 0; i < registers_a / 2; ++i) fill(given_b, b, i, fragment_b(lane, i));
    sums[lane] = {1, 2, 3, 4};
    std::array<uint32_t, 4> registers, of_b;
    std::memcpy(of_b.data(), given_b[lane].data(), sizeof(registers));
    lanes[lane] = {reinterpret_cast<const uint32_t*>(given_a[lane].data()), of_b[0], of_b[1],
                   sums[lane].data()};
  }
  perform(op, lanes, nullptr, 0);
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 4; ++i) {
      const Place p = fragment_sum(lane, i);
      Sum expected = static_cast<Sum>(i + 1);
      for (int k = 0; k < depth; ++k) {
        expected += static_cast<Sum>(a[p.row * depth + k] * b[p.column * depth + k]);
      }
      CHECK(sums[lane][i] == expected);
    }
  }
}

}  // namespace

TEST_CASE("cuda emulator: mma of fragments at the places of index.h is the matrix product") {
  const auto half = [](int x) { return f32_to_f16(static_cast<float>(x)); };
  check_multiply<uint16_t, float, 2>(WarpOp::multiply_f16, 4, half);
  check_multiply<uint16_t, float, 2>(WarpOp::multiply_f16_half_depth, 2, half);
  check_multiply<uint16_t, float, 2>(WarpOp::multiply_bf16, 4,
                                     [](int x) { return f32_to_bf16(static_cast<float>(x)); });
  check_multiply<int8_t, int, 4>(WarpOp::multiply_int8, 4,
                                 [](int x) { return static_cast<int8_t>(x); });
}

TEST_CASE("cuda emulator: the first step on this GPU is the CPU's") {
  Backend* device = gpu();
  REQUIRE(device);
  CHECK(device_difference(*device) == "");
}

TEST_CASE("cuda emulator: a GPU that computes nothing is noticed and not used") {
  const auto difference = [](Backend& backend, int) { return device_difference(backend); };
  std::vector<std::string> warnings;
  const auto warn = [&](const std::string& warning) { warnings.push_back(warning); };
  fake::execute_with({});
  std::string refused;
  try {
    make_agreeing_backends({"cuda", "", 0, 1}, difference, warn);
  } catch (const Error& error) {
    CHECK(error.kind() == Error::run);
    refused = error.what();
  }
  const auto backends = make_agreeing_backends({"", "", 0, 1}, difference, warn);
  emulator::start();
  CHECK(refused.find("does not compute what the CPU computes") != std::string::npos);
  REQUIRE(backends.size() == 1);
  CHECK(backends[0]->device() == "cpu");
  CHECK(warnings.size() == 1);
}
