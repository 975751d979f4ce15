// The one step of all name rewriting.
#pragma once

#include <string_view>

namespace yent {

// Takes `prefix` off the front of the text; false, and nothing taken, when it is not there.
inline bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace yent
