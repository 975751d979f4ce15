#include "engine/yent/roast.h"

#include "engine/yent/detail.h"

namespace yent {

bool Roast::take(std::string_view piece) {
  constexpr size_t shortest = 10, longest = 300;  // bytes
  for (const char byte : piece) {
    if (byte == '\n' && raw_.size() > shortest) return false;
    raw_ += byte;
  }
  return raw_.size() <= longest;
}

std::string Roast::text() const { return presentable(raw_); }

}  // namespace yent
