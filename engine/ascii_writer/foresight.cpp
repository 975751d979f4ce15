#include "engine/ascii_writer/foresight.h"

namespace yent::art {
namespace {

int32_t token_at(const std::vector<std::u32string>& rows, size_t row, size_t column) {
  return column < rows[row].size() ? token_of(rows[row][column]) : kEndOfLine;
}

// The cells at the left, above, and above at the right.
int32_t surroundings(const std::vector<std::u32string>& rows) {
  const size_t row = rows.size() - 1, column = rows[row].size();
  const int32_t left = column > 0 ? token_at(rows, row, column - 1) : kEndOfLine;
  const int32_t above = row > 0 ? token_at(rows, row - 1, column) : kEndOfLine;
  const int32_t right = row > 0 ? token_at(rows, row - 1, column + 1) : kEndOfLine;
  return (left * kVocabulary + above) * kVocabulary + right;
}

}  // namespace

int32_t Foresight::guess(const std::vector<std::u32string>& rows) const {
  if (const auto found = seen_.find(surroundings(rows)); found != seen_.end()) {
    return found->second;
  }
  const std::u32string& row = rows.back();
  return row.empty() ? U' ' : token_of(row.back());
}

void Foresight::learn(const GridDecoder& decoder, int32_t token) {
  right_ = guess(decoder.rows()) == token;
  seen_[surroundings(decoder.rows())] = token;
}

std::vector<SequenceToken> Foresight::next(GridDecoder decoder, size_t most) const {
  std::vector<SequenceToken> tokens;
  while (right_ && tokens.size() < most && !decoder.done()) {
    const int32_t token = decoder.forced().value_or(guess(decoder.rows()));
    if (!decoder.allowed().test(token)) break;
    tokens.push_back(decoder.accept(token));
  }
  return tokens;
}

}  // namespace yent::art
