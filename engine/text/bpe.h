// Byte-pair encoding, the part that all vocabularies share: joining neighbours, best pair first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace yent {

// A range [begin, end) of the text and its id in the vocabulary (-1: none).
struct Symbol {
  size_t begin, end;
  int32_t id;
};

// The result of joining two neighbours. The lowest cost goes first, the leftmost among equals.
struct Join {
  double cost;
  int32_t id;
};
using FindJoin = std::function<std::optional<Join>(const Symbol& left, const Symbol& right)>;

// Joins until no pair of neighbours can be joined. A heap, so n symbols cost O(n log n).
std::vector<Symbol> join_symbols(std::vector<Symbol> symbols, const FindJoin& find);

}  // namespace yent
