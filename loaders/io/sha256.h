// SHA-256 (FIPS 180-4), which names contents: of weights and of drawings.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace yent {

std::array<uint8_t, 32> sha256(std::span<const std::byte> bytes);
std::string sha256_hex(std::span<const std::byte> bytes);  // 64 digits

}  // namespace yent
