// The texts among the chunks of a PNG.
#pragma once

#include <vector>

#include "loaders/image/image.h"
#include "loaders/image/png_chunks.h"

namespace yent {

// tEXt, zTXt and iTXt in file order, as UTF-8. A text that does not inflate, or that would bring
// all inflated ones above 4 MiB, is left out.
PngText png_text(const std::vector<PngChunk>& chunks);

}  // namespace yent
