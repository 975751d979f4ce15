// Bytes as text of RFC 4648's alphabet.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace yent {

std::string to_base64(std::span<const uint8_t> bytes);
std::string to_base64(std::string_view bytes);

// Nothing for what is no base64. White space between is allowed, and so is a missing padding; a
// `data:...;base64,` in front is passed over.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace yent
