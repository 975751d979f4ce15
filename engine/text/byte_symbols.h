// GPT-2's printable stand-ins for the 256 bytes: byte-level vocabularies are written in them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace yent {

// The visible characters of Latin-1 stand for themselves; the others, in order, for U+0100 on.
char32_t byte_symbol(uint8_t byte);
std::optional<uint8_t> symbol_byte(char32_t symbol);

// One stand-in per byte, as UTF-8; and back. Characters that stand for no byte are kept.
std::string to_byte_symbols(std::string_view bytes);
std::string from_byte_symbols(std::string_view symbols);

}  // namespace yent
