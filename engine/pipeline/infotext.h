// What a picture needs to be made again, in the words of AUTOMATIC1111: the text of the PNG chunk
// `parameters`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/pipeline/pipeline.h"

namespace yent {

// What the request does not say itself. `loras` as the caller wrote them.
struct InfotextFacts {
  std::string_view model, version;
  std::vector<std::string> loras = {};
};

std::string infotext(const PaintRequest& request, const Pipeline::Resolution& resolution,
                     uint64_t seed, const InfotextFacts& facts);

}  // namespace yent
