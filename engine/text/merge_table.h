// The ranked merges of a byte-level vocabulary: "th e</w>", in order of rank.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/text/bpe.h"

namespace yent {

using TokenIds = std::unordered_map<std::string, int32_t>;

class MergeTable {
 public:
  // Ranks the merge after those before it. `where` begins the sentence of the file error for a
  // line that is not two symbols of the vocabulary, or whose result is none, or that came before.
  void add(std::string_view line, const TokenIds& ids, const std::string& where);
  void add(std::string_view left, std::string_view right, const TokenIds& ids,
           const std::string& where);

  std::optional<Join> find(int32_t left, int32_t right) const;
  size_t size() const { return joins_.size(); }

 private:
  std::unordered_map<uint64_t, Join> joins_;  // by both ids
};

}  // namespace yent
