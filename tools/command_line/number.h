// Numbers as people type them. 010 is ten; no 0x10, no 1_000, no inf, no space around.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace yent {

// Digits with an optional sign. Nothing for any other text and for what does not fit.
std::optional<int64_t> whole_number(std::string_view text);

// The same below 2^64, without a minus.
std::optional<uint64_t> natural_number(std::string_view text);

// Digits with an optional sign, point and exponent: 7.5, -1, 2e-3.
std::optional<double> decimal_number(std::string_view text);

}  // namespace yent
