// Checks an op of the CPU backend, on every row of its tables, against the reference backend:
// fences around every output, scratch filled with NaN, one thread and three.
#pragma once

#include <functional>
#include <vector>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/isa_table.h"
#include "tests/support/arena.h"
#include "tests/support/random_weights.h"

namespace yent::test {

// A tensor whose rows are wider than its columns; what lies between them must not change.
class Buffer {
 public:
  explicit Buffer(Shape shape, int gap = 3, float low = -1, float high = 1);

  Tensor tensor() { return {memory_.data() + fence, shape_, ld_}; }
  operator Tensor() { return tensor(); }  // NOLINT
  float& at(size_t r, int c) { return tensor().row<float>(r)[c]; }

  bool fences_stand();
  bool operator==(const Buffer& other) const;

 private:
  static constexpr float mark = 12345.5f;
  static constexpr int fence = 64;
  Shape shape_;
  int ld_;
  std::vector<float> memory_;
};

struct Indices {
  std::vector<int32_t> values;
  Tensor tensor(int columns = 1) {
    const int rows = static_cast<int>(values.size()) / columns;
    return {values.data(), {1, rows, 1, columns}, columns, DType::i32};
  }
};

// The instruction sets of this machine, the newest first.
std::vector<Isa> isas();

// Each value within `limit` times max(1, |expected|), and all fences untouched.
void check_close(Buffer& actual, Buffer& expected, float limit);

// Runs `op` on the reference and on every row, the latter on one and on three threads, with a dry
// run that must ask for the same scratch.
using Op = std::function<void(Backend& backend, Arena& arena, Buffer& out)>;
void check_op(const Buffer& out, float limit, const Op& op);

// The rounding error that k products of numbers below 1 may add up to. int8 sums are exact.
inline float product_limit(int k, Precision p) {
  return eps * (p == Precision::int8 ? 32 : k + 32);
}

}  // namespace yent::test
