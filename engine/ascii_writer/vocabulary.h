// The 384 tokens of the ASCII transformer: nine of control, and the characters that a drawing may
// have. Every character is one column wide, so counting tokens is counting columns.
//
//   0-8      control          128-159  block elements U+2580-U+259F
//   32-126   ASCII            160-255  Latin-1 (173, the soft hyphen, is never used)
//   all else reserved         256-383  box drawing U+2500-U+257F
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace yent::art {

constexpr int kVocabulary = 384;

enum Token : int32_t {
  kPad,
  kBegin,  // BOS
  kGrid,   // the prompt ends, the drawing begins
  kEndOfLine,
  kEnd,
  kUnknown,
  kWidth,  // these three carry a number each
  kHeight,
  kStyle,
};

// The token of a character; kUnknown for one that is not in the vocabulary.
int32_t token_of(char32_t character);
// The character of a token; 0 for control and reserved ones.
char32_t character_of(int32_t token);

// Tokens that may stand in a cell of a drawing.
using TokenSet = std::bitset<kVocabulary>;

// What a drawing is made of. The number goes into the model, and the decoder keeps to the
// characters. Slots up to kStyles are free.
constexpr int kStyles = 16;
enum Style : int {
  kAny,
  kLineArt,
  kShaded,
  kBlocks,
  kBoxes,
  kLettering,
  kOneLiner,
  kSketch,  // outlines of a picture, each cell the character of its shape
  kNamedStyles
};

const std::vector<std::string>& style_names();    // "any", "line", ...; the index is the style
const std::vector<std::string>& charset_names();  // "ascii", "block", "all"
// Throw a usage error that lists the names.
int find_style(std::string_view name);
TokenSet find_charset(std::string_view name);

// The characters of a style. The space is in every one of them, and in every charset. The
// no-break space, which looks like it, is in none.
TokenSet characters_of_style(int style);

}  // namespace yent::art
