// A picture of two pixels a cell: the upper half of a cell in the ink's colour, the lower in the
// ground's. Any terminal that has colours shows it.
#pragma once

#include "engine/ascii/filter.h"

namespace yent {

// Of columns x rows cells, to be printed by ascii_text. The picture is resized.
AsciiArt half_blocks(const Image& image, int columns, int rows);

}  // namespace yent
