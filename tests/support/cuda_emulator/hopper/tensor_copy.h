// The rows of a box that one bulk tensor copy moves, from the PTX ISA's chapter on tensors: tiled
// mode, and im2col mode.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "tests/support/fake_cuda/tensor_map.h"

namespace yent::cuda::emulator {

struct TensorCopy {
  const fake::TensorMap* map;
  std::array<int, 5> at;       // coordinates, from the contiguous dimension on
  std::array<int, 3> offsets;  // im2col
};

// What is wrong with the map, or null.
const char* wrong_with(const fake::TensorMap& map);
int row_bytes(const fake::TensorMap& map);
int box_rows(const fake::TensorMap& map);

// Elements [begin, end) of a row of the box are those from `from` on, the others are zeros. No
// `from`: all of them.
struct BoxRow {
  const std::byte* from;
  int begin, end;
};
// In the order in which they lie in shared memory.
void for_each_row(const TensorCopy& copy, const std::function<void(int row, const BoxRow&)>& use);

// Where byte `byte` of row `row` lies, from the start of the box on, if 16-byte pieces of rows of
// 128 bytes are swizzled over 8 rows.
constexpr int swizzled_place(int row, int byte) {
  return row * 128 + ((byte / 16) ^ (row % 8)) * 16 + byte % 16;
}

}  // namespace yent::cuda::emulator
