// Tags of AUTOMATIC1111's grammar: <kind:argument:argument>. They ask for networks and are no text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/text/prompt/prompt.h"

namespace yent {

struct TaggedText {
  std::u32string text;  // what is left
  std::vector<LoraTag> loras;
};

// Takes the tags out of a text: <lora:name>, <lora:name:scale>, and lyco for lora. Throws a usage
// error for a tag of another kind, an empty name, a scale that is no finite number, and scales of
// text encoder and UNet that differ.
TaggedText take_tags(std::u32string_view text);

}  // namespace yent
