// Pictures in a terminal by kitty's graphics protocol
// (https://sw.kovidgoyal.net/kitty/graphics-protocol). Every command asks for silence, so that no
// answer reaches the shell.
#pragma once

#include <cstdint>
#include <string>

#include "loaders/image/image.h"

namespace yent {

struct KittyPlace {
  uint32_t id = 1;            // of the picture; a picture shown under the same id is replaced
  int columns = 0, rows = 0;  // cells that it fills
};

// Shows a picture at the cursor, which stays.
std::string kitty_show(const Image& image, const KittyPlace& place);
// Puts other pixels of the same size in the picture that is shown: nothing flickers. Only where
// kitty_animation_probe was answered.
std::string kitty_edit(const Image& image, uint32_t id);
// Removes the picture and its memory.
std::string kitty_remove(uint32_t id);

// Questions. A terminal that has the protocol answers the first with OK, and the second with
// ENOENT where it can edit pictures: there is none of that id.
std::string kitty_probe(uint32_t id);
std::string kitty_animation_probe(uint32_t id);

}  // namespace yent
