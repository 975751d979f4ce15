// Characters as ids: the code point, at most 127. Id 0 is the mask; there are no other specials.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace yent::character_diffusion {

constexpr int32_t kMask = 0;

// An id for every code point of UTF-8; what is not ASCII becomes 127.
std::vector<int32_t> ids_of(std::string_view text);

// A byte for every id, control characters included.
std::string text_of(std::span<const int32_t> ids);

// The same for a terminal: control characters other than newlines and tabs as \x1b.
std::string escaped(std::string_view text);

}  // namespace yent::character_diffusion
