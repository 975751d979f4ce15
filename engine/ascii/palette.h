// The 240 fixed colours of terminals that index 256: a cube of six steps a channel and 24 greys.
// The first 16 are the user's own and never used.
#pragma once

#include "engine/ascii/filter.h"

namespace yent {

// The number, 16 to 255, of the colour nearest in RGB.
int indexed_colour(const Rgb& colour);
// The colour of such a number.
Rgb palette_colour(int index);

// The same art in these colours alone. They are far apart in the dark, where most grounds are, and
// the nearest one is often a grey. So the error of each cell goes on to its neighbours (Floyd and
// Steinberg, rows in turn from left and right), inks and grounds apart.
AsciiArt dithered(const AsciiArt& art);

}  // namespace yent
