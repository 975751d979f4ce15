#include "loaders/io/crc32.h"

#include <array>

namespace yent {
namespace {

constexpr std::array<uint32_t, 256> table = [] {
  std::array<uint32_t, 256> sums = {};
  for (uint32_t n = 0; n < 256; ++n) {
    uint32_t c = n;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1) ? 0xEDB88320u ^ (c >> 1) : c >> 1;
    sums[n] = c;
  }
  return sums;
}();

}  // namespace

uint32_t crc32(std::span<const std::byte> bytes) {
  uint32_t c = 0xFFFFFFFFu;
  for (const std::byte byte : bytes) c = table[(c ^ static_cast<uint8_t>(byte)) & 0xFF] ^ (c >> 8);
  return ~c;
}

}  // namespace yent
