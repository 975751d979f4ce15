// Random numbers that nobody guesses, and comparisons that tell nobody how nearly right he was.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace yent::server {

// 128 bits of the system's random numbers in 32 hex digits.
std::string random_id();

bool equal_in_constant_time(std::string_view a, std::string_view b);

// HMAC-SHA-256 (RFC 2104) in hex.
std::string keyed_hash(std::string_view key, std::string_view text);

}  // namespace yent::server
