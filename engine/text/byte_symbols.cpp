#include "engine/text/byte_symbols.h"

#include <array>

#include "loaders/io/utf8.h"

namespace yent {

namespace {

// 68 bytes are no visible characters, so the stand-ins end at U+0143.
constexpr size_t symbol_end = 0x144;

struct Tables {
  std::array<char32_t, 256> symbols{};
  std::array<int, symbol_end> bytes{};

  Tables() {
    bytes.fill(-1);
    char32_t next = 0x100;
    for (int b = 0; b < 256; ++b) {
      const bool visible = (b > 0x20 && b < 0x7F) || (b > 0xA0 && b != 0xAD);
      symbols[static_cast<size_t>(b)] = visible ? static_cast<char32_t>(b) : next++;
      bytes[symbols[static_cast<size_t>(b)]] = b;
    }
  }
};

const Tables& tables() {
  static const Tables made;
  return made;
}

}  // namespace

char32_t byte_symbol(uint8_t byte) { return tables().symbols[byte]; }

std::optional<uint8_t> symbol_byte(char32_t symbol) {
  if (symbol >= symbol_end || tables().bytes[symbol] < 0) return std::nullopt;
  return static_cast<uint8_t>(tables().bytes[symbol]);
}

std::string to_byte_symbols(std::string_view bytes) {
  std::u32string out;
  for (const char b : bytes) out += byte_symbol(static_cast<uint8_t>(b));
  return encode_utf8(out);
}

std::string from_byte_symbols(std::string_view symbols) {
  std::string out;
  for (const char32_t c : decode_utf8(symbols)) {
    if (const auto byte = symbol_byte(c)) {
      out += static_cast<char>(*byte);
    } else {
      out += encode_utf8({&c, 1});
    }
  }
  return out;
}

}  // namespace yent
