// The parts of Unicode that tokenizers and charsets need: kinds of characters, lower case, NFC.
#pragma once

#include <string>
#include <string_view>

namespace yent {

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
