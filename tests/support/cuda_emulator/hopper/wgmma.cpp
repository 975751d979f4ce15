#include "tests/support/cuda_emulator/hopper/wgmma.h"

#include <cstring>
#include <vector>

#include "kernels/half.h"

namespace yent::cuda::emulator {
namespace {

constexpr int kDeep = 16;

// Row `row` of a matrix, 16 deep, as floats `apart` from each other.
void read_row(const std::byte* shared, const Descriptor& d, int row, float* to, int apart) {
  for (int half = 0; half < 2; ++half) {
    uint16_t values[8];
    std::memcpy(values, shared + piece_address(d, row, half), sizeof(values));
    for (int i = 0; i < 8; ++i) to[(half * 8 + i) * apart] = f16_to_f32(values[i]);
  }
}

}  // namespace

const char* wrong_with(const Descriptor& d, int rows, size_t shared_bytes) {
  if (d.swizzle != 1 || d.base_offset != 0) return "a matrix of wgmma with another swizzle";
  if (d.start % 1024 >= 128 || d.stride % 1024 != 0) {
    return "a matrix of wgmma that does not begin at a multiple of 1024 bytes";
  }
  if (d.start + (rows - 1) / 8 * d.stride + 8 * 128 > shared_bytes + d.start % 1024) {
    return "a matrix of wgmma outside of shared memory";
  }
  return nullptr;
}

// Products of halves are exact in f32; they are added in order, where a GPU adds several at once.
void multiply_rows(const std::byte* shared, const Descriptor& a, const Descriptor& b, int rank,
                   int width, float* d) {
  static thread_local std::vector<float> columns;  // [16][width]
  columns.resize(static_cast<size_t>(kDeep) * width);
  for (int column = 0; column < width; ++column) {
    read_row(shared, b, column, columns.data() + column, width);
  }
  for (int row = 0; row < 16; ++row) {
    float values[kDeep];
    read_row(shared, a, 16 * rank + row, values, 1);
    float* sums = d + static_cast<size_t>(row) * width;
    for (int k = 0; k < kDeep; ++k) {
      const float* from = columns.data() + static_cast<size_t>(k) * width;
      for (int column = 0; column < width; ++column) sums[column] += values[k] * from[column];
    }
  }
}

}  // namespace yent::cuda::emulator
