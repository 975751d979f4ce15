// What the model reads: tokens with their place in the grid and the numbers that they carry.
//
//   BOS WIDTH HEIGHT STYLE p p p ... p GRID  c c ... c EOL  c c ... c EOL  ...  END
//   |------------- row 0 ------------------|  row 1           row 2
//
// A character of the prompt stands in the column of its number, GRID behind the last of them, and
// the four tokens before them in column 0.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/ascii_writer/canonical.h"
#include "engine/ascii_writer/vocabulary.h"

namespace yent::art {

constexpr int kMaxPrompt = 128;   // characters
constexpr int kMaxEdge = 64;      // a greater distance to the border counts as this one
constexpr int32_t kNothing = -1;  // of a table: the token adds no row of it

// What a drawing has to fulfil; 0 leaves it free.
struct Conditions {
  int width = 0, height = 0, style = kAny;
};

// A row of each table is added to the token's embedding, or nothing.
struct SequenceToken {
  int32_t token = kPad;
  int32_t row = 0, column = 0;  // of the rotary embedding
  int32_t width = kNothing, height = kNothing, style = kNothing;
  int32_t edge_row = kNothing, edge_column = kNothing;
};

// A prompt as tokens: composed (NFC), without white space at its ends, and with one space in place
// of all white space inside. Characters outside the vocabulary are kUnknown. Of any length: what
// is longer than kMaxPrompt is for the caller to cut or refuse.
std::vector<int32_t> prompt_tokens(std::string_view utf8);

// From BOS to GRID.
std::vector<SequenceToken> sequence_head(const std::vector<int32_t>& prompt, const Conditions& c);

// A character or EOL at row 1..H and column 0..W, or END at row H + 1 and column 0.
SequenceToken grid_token(int32_t token, int row, int column, const Conditions& c);

// Behind GRID, up to and with END.
std::vector<SequenceToken> sequence_tail(const Drawing& drawing, const Conditions& c);

}  // namespace yent::art
