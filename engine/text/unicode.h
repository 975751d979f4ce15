// The parts of Unicode that tokenizers and charsets need: kinds of characters, lower case, NFC.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace yent {

// General categories, the letters in detail, and White_Space. A set of them is a sum of bits.
enum CharacterKind : uint32_t {
  kUpper = 1 << 0,        // Lu
  kLower = 1 << 1,        // Ll
  kTitle = 1 << 2,        // Lt
  kModifier = 1 << 3,     // Lm
  kOtherLetter = 1 << 4,  // Lo
  kMark = 1 << 5,
  kNumber = 1 << 6,
  kPunctuation = 1 << 7,
  kSymbol = 1 << 8,
  kSpace = 1 << 9,
  kLetter = kUpper | kLower | kTitle | kModifier | kOtherLetter,
};

// The kind of a character; 0 for all others.
uint32_t character_kinds(char32_t c);

bool is_letter(char32_t c);  // general category L
bool is_number(char32_t c);  // general category N
bool is_mark(char32_t c);    // general category M
bool is_word(char32_t c);    // \w: letters, marks, digits, connectors as in "_", joiners
bool is_space(char32_t c);   // property White_Space, so not U+001C .. U+001F

// Whether a terminal shows it in one cell, alone and in its place: no control character, and none
// that is wide (East Asian characters, emoji), combining, invisible, right-to-left or unassigned.
bool fills_one_cell(char32_t c);

// Every character on its own, without looking at its neighbours: a final sigma stays an
// ordinary one.
std::u32string to_lower(std::u32string_view text);

// Normalization form C (Unicode Standard Annex 15).
std::u32string to_nfc(std::u32string_view text);

}  // namespace yent
