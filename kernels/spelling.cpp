#include "kernels/spelling.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace yent {
namespace {

// Letters to change, to add, to drop or to swap with the next one (optimal string alignment).
size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      d[i][j] = std::max(i, j);
      if (i == 0 || j == 0) continue;
      const size_t differs = a[i - 1] != b[j - 1];
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + differs});
      if (i < 2 || j < 2 || a[i - 1] != b[j - 2] || a[i - 2] != b[j - 1]) continue;
      d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

// A name's letters that may be wrong.
size_t edits_allowed(size_t letters) { return letters < 3 ? 0 : letters < 6 ? 1 : 2; }

}  // namespace

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

std::optional<std::string> nearest_name(std::string_view typed,
                                        const std::vector<std::string>& names) {
  const std::string wanted = lower_case(typed);
  std::optional<std::string> nearest;
  size_t least = edits_allowed(wanted.size()) + 1;
  for (const std::string& name : names) {
    const std::string known = lower_case(name);
    if (known.size() + 2 < wanted.size() || wanted.size() + 2 < known.size()) continue;
    const size_t count = edits(wanted, known);
    if (count >= least) continue;
    least = count;
    nearest = name;
  }
  if (nearest || wanted.size() < 2) return nearest;
  const auto longer = std::ranges::find_if(
      names, [&](const std::string& name) { return lower_case(name).starts_with(wanted); });
  if (longer != names.end()) nearest = *longer;
  return nearest;
}

std::string one_of(std::string_view typed, const std::vector<std::string>& names) {
  const auto meant = nearest_name(typed, names);
  return fmt::format("one of {}{}", fmt::join(names, ", "),
                     meant ? fmt::format("; did you mean {}?", *meant) : "");
}

}  // namespace yent
