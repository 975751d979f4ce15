// Glyphs by attention: words stand where they drew the painter's attention, and the art is finer
// where there was much of it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/ascii/filter.h"
#include "engine/diffusion/word_map.h"

namespace yent {

// How much of a word's letters stands in the upper quartile of its attention.
struct PlacedWord {
  std::string word;
  int glyphs = 0, inside = 0;
};

struct AttentiveArt {
  AsciiArt art;
  std::vector<PlacedWord> words;  // one for each map
};

// Two drawings of one picture with cells of one size become one. A cell is `fine` where the
// attention of all words together is in its upper half, else `coarse`. Then words are written along
// the rows, over and over with a space between: whole words only, each where at least four of five
// of its letters stand in the upper quartile of the cells by its attention. In a row those words
// are chosen that, letter by letter, lie highest above their quartile. Words keep the colours of
// their cells. Letters that the font lacks are not written. Maps may have any size, and may all be
// empty.
AttentiveArt draw_by_attention(const AsciiArt& fine, const AsciiArt& coarse,
                               std::span<const WordMap> maps);

// The same of a picture: fine cells are chosen by shape, from all of ASCII but letters and digits,
// coarse ones by level, from a coarser charset than the options'.
AttentiveArt draw_by_attention(const Image& image, const AsciiOptions& options,
                               std::span<const WordMap> maps);

// A charset with a third of the levels, its first and its last among them.
std::u32string coarser(const std::u32string& charset);

}  // namespace yent
