#include "tests/fuzz/parsers.h"

#include <algorithm>

namespace yent::fuzz {

std::span<const Parser> parsers() {
  static const std::vector<Parser> table = [] {
    std::vector<Parser> all;
    for (const auto& some :
         {container_parsers(), text_parsers(), picture_parsers(), form_parsers()}) {
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }();
  return table;
}

const Parser* find_parser(std::string_view name) {
  const auto table = parsers();
  const auto at = std::find_if(table.begin(), table.end(),
                               [&](const Parser& parser) { return parser.name == name; });
  return at == table.end() ? nullptr : &*at;
}

}  // namespace yent::fuzz
