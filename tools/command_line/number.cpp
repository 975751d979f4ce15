#include "tools/command_line/number.h"

#include <charconv>
#include <cmath>

namespace yent {
namespace {

// from_chars reads a minus and no plus.
template <class T>
std::optional<T> whole_text(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return {};
  }
  T value = {};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

}  // namespace

std::optional<int64_t> whole_number(std::string_view text) { return whole_text<int64_t>(text); }

std::optional<uint64_t> natural_number(std::string_view text) { return whole_text<uint64_t>(text); }

std::optional<double> decimal_number(std::string_view text) {
  const auto number = whole_text<double>(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

}  // namespace yent
