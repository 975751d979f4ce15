// Names as people write them.
#pragma once

#include <string>
#include <string_view>

namespace yent {

// "DPM++ 2M" and "dpm++_2m" as "dpm++-2m".
inline std::string plain_name(std::string_view name) {
  std::string text(name);
  for (char& c : text) {
    if (c == '_' || c == ' ') c = '-';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

}  // namespace yent
