#include "tools/command_line/option_table.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace yent {
namespace {

// N|raw: N, raw.
std::vector<std::string> alternatives(const std::string& value) {
  std::vector<std::string> all;
  for (size_t begin = 0; begin < value.size();) {
    const size_t end = std::min(value.find('|', begin), value.size());
    all.push_back(value.substr(begin, end - begin));
    begin = end + 1;
  }
  return all;
}

bool stands_for_others(const std::string& alternative) {
  return std::ranges::any_of(alternative, [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

std::vector<std::string> typed_values(const OptionRow& row) {
  std::vector<std::string> values = alternatives(row.value);
  std::erase_if(values, stands_for_others);
  if (!row.known) return values;
  const std::vector<std::string> known = row.known();
  values.insert(values.end(), known.begin(), known.end());
  return values;
}

bool takes_only_typed_values(const OptionRow& row) {
  const std::vector<std::string> all = alternatives(row.value);
  return all.size() > 1 && std::ranges::none_of(all, stands_for_others);
}

bool takes_file(const OptionRow& row) {
  return row.value.find("FILE") != row.value.npos || row.value.find("PATH") != row.value.npos;
}

bool takes_folder(const OptionRow& row) { return row.value.find("DIR") != row.value.npos; }

std::string full_help(const OptionRow& row) {
  const std::vector<std::string> known = row.known ? row.known() : std::vector<std::string>();
  return known.empty() ? row.help : fmt::format("{}: {}", row.help, fmt::join(known, ", "));
}

}  // namespace yent
