// Pictures in a terminal as DEC's printers took them: six rows of pixels a line, colour by colour
// (VT330/VT340 Programmer Reference Manual, chapter 14).
#pragma once

#include <string>

#include "loaders/image/image.h"

namespace yent {

// The picture in at most `colours` (2 to 256) of its own, which it defines itself: some terminals
// forget them after each picture. Errors of colour go on to the neighbours (Floyd and Steinberg).
// Where the cursor is afterwards differs between terminals.
std::string sixel(const Image& image, int colours);

}  // namespace yent
