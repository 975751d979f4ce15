#include <fmt/ranges.h>

#include "tools/command_line/option_table.h"

namespace yent {
namespace {

constexpr size_t kWidth = 80, kTextColumn = 28;

// Broken at spaces, every line but the first behind `indent` spaces.
std::string wrapped(const std::string& text, size_t indent) {
  std::string all, line;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (!line.empty() && indent + line.size() + 1 + word.size() > kWidth) {
      all += line + "\n" + std::string(indent, ' ');
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    begin = end + 1;
  }
  return all + line;
}

// "  -s, --seed N", and long names of options without a short one below the long names.
std::string names_and_value(const OptionRow& row) {
  const bool has_short_name = !row.names.front().starts_with("--");
  return fmt::format("  {}{}{}{}", has_short_name ? "" : "    ", fmt::join(row.names, ", "),
                     row.value.empty() ? "" : " ", row.value);
}

std::string help_row(const OptionRow& row) {
  const std::string left = names_and_value(row);
  const bool fits = left.size() + 2 <= kTextColumn;
  const std::string gap =
      fits ? std::string(kTextColumn - left.size(), ' ') : "\n" + std::string(kTextColumn, ' ');
  return left + gap + wrapped(full_help(row), kTextColumn) + "\n";
}

}  // namespace

std::string help_text(const About& about, const std::vector<OptionRow>& rows) {
  std::string text = about.purpose + "\n\n";
  for (const std::string& usage : about.usages) {
    text += fmt::format("  {} {}\n", about.name, usage);
  }
  std::string heading;
  for (const OptionRow& row : rows) {
    if (row.heading != heading) text += fmt::format("\n{}:\n", row.heading);
    heading = row.heading;
    text += help_row(row);
  }
  if (!about.examples.empty()) text += "\nExamples:\n";
  for (const auto& [typed, meaning] : about.examples) {
    text += fmt::format("  {}\n      {}\n", typed, wrapped(meaning, 6));
  }
  return text;
}

}  // namespace yent
