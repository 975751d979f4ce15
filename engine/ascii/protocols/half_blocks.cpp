#include "engine/ascii/protocols/half_blocks.h"

namespace yent {

AsciiArt half_blocks(const Image& image, int columns, int rows) {
  const Image small = resize(image, columns, 2 * rows);
  AsciiArt art{.columns = columns, .rows = rows, .colour = true, .cells = {}};
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < columns; ++x) {
      const uint8_t *upper = small.pixel(x, 2 * y), *lower = small.pixel(x, 2 * y + 1);
      art.cells.push_back({U'▀', {upper[0], upper[1], upper[2]}, {lower[0], lower[1], lower[2]}});
    }
  }
  return art;
}

}  // namespace yent
