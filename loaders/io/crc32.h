// The sum of PNG chunks and zip entries: CRC-32 of ISO 3309.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace yent {

uint32_t crc32(std::span<const std::byte> bytes);

}  // namespace yent
