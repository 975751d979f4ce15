#include "engine/ascii_writer/sequence.h"

#include <algorithm>

#include "engine/text/unicode.h"
#include "loaders/io/utf8.h"

namespace yent::art {
namespace {

// The row of a table of distances; 0 where the size is free, and behind the border.
int32_t edge(int size, int place) { return size == 0 ? 0 : std::clamp(size - place, 0, kMaxEdge); }

}  // namespace

std::vector<int32_t> prompt_tokens(std::string_view utf8) {
  std::vector<int32_t> tokens;
  bool gap = false;
  for (const char32_t c : to_nfc(decode_utf8(utf8))) {
    if (is_space(c)) {
      gap = true;
      continue;
    }
    if (gap && !tokens.empty()) tokens.push_back(' ');
    gap = false;
    tokens.push_back(token_of(c));
  }
  return tokens;
}

std::vector<SequenceToken> sequence_head(const std::vector<int32_t>& prompt, const Conditions& c) {
  std::vector<SequenceToken> head{{.token = kBegin},
                                  {.token = kWidth, .width = c.width},
                                  {.token = kHeight, .height = c.height},
                                  {.token = kStyle, .style = c.style}};
  int32_t column = 0;
  for (const int32_t token : prompt) head.push_back({.token = token, .column = column++});
  head.push_back({.token = kGrid, .column = column});
  return head;
}

SequenceToken grid_token(int32_t token, int row, int column, const Conditions& c) {
  return {.token = token,
          .row = row,
          .column = column,
          .edge_row = edge(c.height, row),
          .edge_column = edge(c.width, column)};
}

std::vector<SequenceToken> sequence_tail(const Drawing& drawing, const Conditions& c) {
  std::vector<SequenceToken> tail;
  tail.reserve(static_cast<size_t>(drawing.width + 1) * drawing.height + 1);
  for (int row = 1; row <= drawing.height; ++row) {
    for (int column = 0; column < drawing.width; ++column) {
      tail.push_back(grid_token(token_of(drawing.rows[row - 1][column]), row, column, c));
    }
    tail.push_back(grid_token(kEndOfLine, row, drawing.width, c));
  }
  tail.push_back(grid_token(kEnd, drawing.height + 1, 0, c));
  return tail;
}

}  // namespace yent::art
