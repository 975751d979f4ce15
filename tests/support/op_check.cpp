#include "tests/support/op_check.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "kernels/ref/ref_backend.h"

namespace yent::test {

Buffer::Buffer(Shape shape, int gap, float low, float high)
    : shape_(shape), ld_(shape.c + gap), memory_(2 * fence + shape.rows() * ld_, mark) {
  for (size_t r = 0; r < shape.rows(); ++r) {
    for (int c = 0; c < shape.c; ++c) at(r, c) = uniform(low, high);
  }
}

bool Buffer::fences_stand() {
  const auto marked = [](float x) { return x == mark; };
  bool stand = std::all_of(memory_.begin(), memory_.begin() + fence, marked) &&
               std::all_of(memory_.end() - fence, memory_.end(), marked);
  for (size_t r = 0; r < shape_.rows(); ++r) {
    for (int c = shape_.c; c < ld_; ++c) stand = stand && at(r, c) == mark;
  }
  return stand;
}

bool Buffer::operator==(const Buffer& other) const {
  return std::memcmp(memory_.data(), other.memory_.data(), memory_.size() * sizeof(float)) == 0;
}

std::vector<Isa> isas() {
  std::vector<Isa> here;
  for (int i = isa_count - 1; i >= 0; --i) {
    const Isa isa = static_cast<Isa>(i);
    if (supports(detect_features(), isa)) here.push_back(isa);
  }
  return here;
}

void check_close(Buffer& actual, Buffer& expected, float limit) {
  CHECK(actual.fences_stand());
  for (size_t r = 0; r < actual.tensor().rows(); ++r) {
    for (int c = 0; c < actual.tensor().shape.c; ++c) {
      const float gap = std::fabs(actual.at(r, c) - expected.at(r, c));
      if (!(gap <= limit * std::max(1.0f, std::fabs(expected.at(r, c))))) {
        FAIL_CHECK("row " << r << " column " << c << ": " << actual.at(r, c) << ", expected "
                          << expected.at(r, c) << ", limit " << limit);
        return;
      }
    }
  }
}

void check_op(const Buffer& out, float limit, const Op& op) {
  const auto reference = make_ref_backend();
  Buffer expected = out;
  TestArena arena;
  op(*reference, arena, expected);
  for (const Isa isa : isas()) {
    INFO(std::string(isa_name(isa)));
    const auto one = make_table_backend(isa, 1), three = make_table_backend(isa, 3);
    Buffer actual = out, again = out, untouched = out;
    TestArena real, threaded, dry(true);
    op(*one, real, actual);
    op(*three, threaded, again);
    check_close(actual, expected, limit);
    CHECK(actual == again);
    op(*one, dry, untouched);
    CHECK(untouched == out);
    CHECK(dry.sizes == real.sizes);
  }
}

}  // namespace yent::test
