#include "engine/text/merge_table.h"

#include "kernels/error.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

namespace {

uint64_t pair_key(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

}  // namespace

void MergeTable::add(std::string_view line, const TokenIds& ids, const std::string& where) {
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
    throw file_error("{}: the merge \"{}\" is not two symbols", where, printable(line));
  }
  add(line.substr(0, space), line.substr(space + 1), ids, where);
}

void MergeTable::add(std::string_view left, std::string_view right, const TokenIds& ids,
                     const std::string& where) {
  const auto text = [&] { return printable(fmt::format("{} {}", left, right)); };
  if (left.empty() || right.empty()) {
    throw file_error("{}: the merge \"{}\" is not two symbols", where, text());
  }
  const auto id_of = [&](const std::string& symbol) {
    const auto found = ids.find(symbol);
    if (found != ids.end()) return found->second;
    throw file_error("{}: the merge \"{}\" needs \"{}\", which the vocabulary lacks", where, text(),
                     printable(symbol));
  };
  const std::string first(left), second(right);
  const Join join{static_cast<double>(joins_.size()), id_of(first + second)};
  if (!joins_.emplace(pair_key(id_of(first), id_of(second)), join).second) {
    throw file_error("{}: the merge \"{}\" occurs twice", where, text());
  }
}

std::optional<Join> MergeTable::find(int32_t left, int32_t right) const {
  const auto found = joins_.find(pair_key(left, right));
  return found == joins_.end() ? std::nullopt : std::optional<Join>(found->second);
}

}  // namespace yent
