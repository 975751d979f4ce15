#include "tests/support/cuda_emulator/hopper/tensor_copy.h"

#include <algorithm>

namespace yent::cuda::emulator {
namespace {

using fake::TensorMap;

// The row at these coordinates of all dimensions but the first.
BoxRow row_at(const TensorCopy& copy, const std::array<int64_t, 5>& at) {
  const TensorMap& map = *copy.map;
  const std::byte* from = map.base;
  for (int i = 1; i < map.rank; ++i) {
    if (at[i] < 0 || at[i] >= map.dims[i]) return {nullptr, 0, 0};
    from += at[i] * static_cast<int64_t>(map.strides[i - 1]);
  }
  const int64_t first = copy.at[0];
  const auto begin = std::clamp<int64_t>(-first, 0, map.box[0]);
  const auto end = std::clamp<int64_t>(map.dims[0] - first, begin, map.box[0]);
  if (begin == end) return {nullptr, 0, 0};
  return {from + (first + begin) * map.element_bytes, static_cast<int>(begin),
          static_cast<int>(end)};
}

void tiled_rows(const TensorCopy& copy, const std::function<void(int, const BoxRow&)>& use) {
  const TensorMap& map = *copy.map;
  std::array<int, 5> place = {};  // within the box
  for (int row = 0; row < box_rows(map); ++row) {
    std::array<int64_t, 5> at = {};
    for (int i = 1; i < map.rank; ++i) at[i] = copy.at[i] + int64_t{place[i]} * map.steps[i];
    use(row, row_at(copy, at));
    for (int i = 1; i < map.rank && ++place[i] == map.box[i]; ++i) place[i] = 0;
  }
}

// From the given base on through the box of bases, and through the images. The offsets are added to
// every base.
void im2col_rows(const TensorCopy& copy, const std::function<void(int, const BoxRow&)>& use) {
  const TensorMap& map = *copy.map;
  const int space = map.rank - 2;  // dimensions of an image
  std::array<int64_t, 5> base = {};
  std::copy(copy.at.begin(), copy.at.end(), base.begin());
  for (int row = 0; row < map.box[1]; ++row) {
    std::array<int64_t, 5> at = base;
    for (int i = 0; i < space; ++i) at[1 + i] += copy.offsets[i];
    use(row, row_at(copy, at));
    int i = 0;
    for (; i < space; ++i) {
      base[1 + i] += map.steps[1 + i];
      if (base[1 + i] <= int64_t{map.dims[1 + i]} - 1 + map.upper[i]) break;
      base[1 + i] = map.lower[i];
    }
    if (i == space) ++base[1 + space];
  }
}

}  // namespace

const char* wrong_with(const TensorMap& map) {
  if (map.mark != TensorMap::kMark) return "a bulk copy by what is no tensor map";
  if (map.swizzle_bytes == 128 && row_bytes(map) != 128) {
    return "a swizzle of rows that are not 128 bytes wide, which the emulator has not";
  }
  return nullptr;
}

int row_bytes(const TensorMap& map) { return map.box[0] * map.element_bytes; }
int box_rows(const TensorMap& map) {
  int rows = 1;
  for (int i = 1; i < (map.im2col ? 2 : map.rank); ++i) rows *= map.box[i];
  return rows;
}

void for_each_row(const TensorCopy& copy, const std::function<void(int, const BoxRow&)>& use) {
  copy.map->im2col ? im2col_rows(copy, use) : tiled_rows(copy, use);
}

}  // namespace yent::cuda::emulator
