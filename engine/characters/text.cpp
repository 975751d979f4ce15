#include "engine/characters/text.h"

#include <algorithm>

#include "kernels/error.h"
#include "loaders/io/utf8.h"

namespace yent::character_diffusion {

constexpr char32_t kLast = 127;  // stands for all above it, too

std::vector<int32_t> ids_of(std::string_view text) {
  std::vector<int32_t> ids;
  for (const char32_t c : decode_utf8(text)) {
    ids.push_back(static_cast<int32_t>(std::min(c, kLast)));
  }
  return ids;
}

std::string text_of(std::span<const int32_t> ids) {
  std::string text;
  for (const int32_t id : ids) text += static_cast<char>(std::min<int32_t>(id, kLast));
  return text;
}

std::string escaped(std::string_view text) {
  std::string shown;
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < ' ' || c == '\x7f';
    if (control && c != '\n' && c != '\t') {
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      shown += c;
    }
  }
  return shown;
}

}  // namespace yent::character_diffusion
