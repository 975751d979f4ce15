// wgmma m64nNk16 of halves: its descriptors and its fragments, from the PTX ISA's tables and
// figures
// ("Matrix Descriptor Format", "WGMMA .m64nNk16 register fragment layout for accumulator matrix
// D").
#pragma once

#include <cstddef>
#include <cstdint>

namespace yent::cuda::emulator {

// Who holds an element of D: a thread of the warpgroup, and which of its registers.
struct Holder {
  int thread, i;
  constexpr bool operator==(const Holder&) const = default;
};
constexpr Holder holder_of(int row, int column) {
  const int warp = row >> 4, upper = row >> 3 & 1;
  return {warp << 5 | (row & 7) << 2 | (column & 7) >> 1,
          column >> 3 << 2 | upper << 1 | (column & 1)};
}

struct Descriptor {
  uint32_t start, leading, stride;  // bytes
  int base_offset, swizzle;
};
constexpr Descriptor decode_descriptor(uint64_t bits) {
  const auto field = [bits](int first) {
    return static_cast<uint32_t>(bits >> first & 0x3fff) << 4;
  };
  return {field(0), field(16), field(32), static_cast<int>(bits >> 49 & 7),
          static_cast<int>(bits >> 62)};
}

// With the swizzle over 128 bytes, bits 4 - 6 of an address are those plus bits 7 - 9.
constexpr uint32_t swizzled_address(uint32_t address) { return address ^ (address >> 3 & 0x70); }
// Of 8 halves at depth 8 * half (0 or 1) of a row.
constexpr uint32_t piece_address(const Descriptor& d, int row, int half) {
  return swizzled_address(d.start + row / 8 * d.stride + row % 8 * 128 + half * 16);
}
// What the emulator has not, or is forbidden; or null.
const char* wrong_with(const Descriptor& d, int rows, size_t shared_bytes);

// Adds to 16 rows of D, [16][width]: those of a warp, by its rank in the warpgroup.
void multiply_rows(const std::byte* shared, const Descriptor& a, const Descriptor& b, int rank,
                   int width, float* d);

}  // namespace yent::cuda::emulator
