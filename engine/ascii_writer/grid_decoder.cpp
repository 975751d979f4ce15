#include "engine/ascii_writer/grid_decoder.h"

#include <algorithm>

#include "kernels/error.h"

namespace yent::art {
namespace {

// Columns of the longest row, so that the rows that must come fit.
int longest_row(const DrawingRules& rules, int room) {
  const int rows = rules.height.limit == Limit::exactly ? rules.height.size : 1;
  const int fits = room / rows - 1;  // EOL is a token, too
  const int least = rules.width.limit == Limit::exactly ? rules.width.size : 1;
  if (fits < least) {
    throw usage_error("a drawing of {} x {} needs {} tokens behind its prompt, expected at most {}",
                      least, rows, (least + 1) * rows, room);
  }
  return std::min(fits, rules.width.most());
}

}  // namespace

GridDecoder::GridDecoder(const DrawingRules& rules, int room)
    : rules_(rules), room_(room), longest_row_(longest_row(rules, room)) {
  ENSURE(rules.characters.any(), "grid decoder: no character is allowed");
}

bool GridDecoder::must_end() const {
  const auto finished = static_cast<int>(rows_.size()) - 1;
  if (!at_row_start() || finished == 0) return false;
  return finished >= rules_.height.most() || used_ + longest_row_ + 1 > room_;
}

bool GridDecoder::may_end() const {
  return at_row_start() && rows_.size() > 1 && rules_.height.limit != Limit::exactly;
}

std::optional<int32_t> GridDecoder::forced() const {
  if (must_end()) return kEnd;
  if (static_cast<int>(rows_.back().size()) == longest_row_) return kEndOfLine;
  return {};
}

TokenSet GridDecoder::allowed() const {
  TokenSet set;
  if (const auto only = forced()) {
    set.set(*only);
    return set;
  }
  set = rules_.characters;
  if (rules_.width.limit != Limit::exactly) set.set(kEndOfLine);
  if (may_end()) set.set(kEnd);
  return set;
}

SequenceToken GridDecoder::accept(int32_t token) {
  ENSURE(!done_ && allowed().test(token), "grid decoder: token {} is not allowed here", token);
  const auto row = static_cast<int>(rows_.size()), column = static_cast<int>(rows_.back().size());
  ++used_;
  if (token == kEnd) {
    rows_.pop_back();
    done_ = true;
  } else if (token == kEndOfLine) {
    rows_.emplace_back();
  } else {
    rows_.back().push_back(character_of(token));
  }
  return grid_token(token, row, column, rules_.conditions());
}

}  // namespace yent::art
