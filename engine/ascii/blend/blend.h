// The blend filter: words grow as glyphs where a picture is flat and lit, and grain, a shift of
// colours and dark corners hold both together. The output has exactly the picture's size.
#pragma once

#include <string>
#include <vector>

#include "engine/ascii/blend/options.h"
#include "engine/ascii/filter.h"

namespace yent {

struct BlendText {
  std::u32string words;    // grow where the score is high; where they end they begin again
  std::u32string charset;  // dark to bright, everywhere else
};

// Words as they can grow: white space is one space, one stands at the end, and characters that the
// font lacks are left out. Empty where nothing is left.
std::u32string growing_words(std::string_view words);

// The layer of characters over a picture of these scores: cells as near to `cell` pixels as divide
// the width, twice as tall as wide. Without words the charset is everywhere.
AsciiArt blend_layer(const Image& image, const std::vector<float>& scores, const BlendText& text,
                     const BlendOptions& options);

// Lets the layer show by the score.
Image mix_by_score(const Image& image, const Image& layer, const std::vector<float>& scores,
                   const BlendOptions& options);

// The whole chain: scores, grain, layer, mixture, aberration, vignette, grain.
Image blend(const Image& image, const BlendText& text, const BlendOptions& options);

}  // namespace yent
