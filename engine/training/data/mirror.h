// A drawing seen in a mirror, with characters that lean the other way.
#pragma once

#include "engine/ascii_writer/canonical.h"

namespace yent::training {

// False, and nothing has changed, where a mirror would spoil it: it has a word (four letters in a
// row) or a character whose mirror image is no character.
bool mirror(art::Drawing& drawing);

}  // namespace yent::training
