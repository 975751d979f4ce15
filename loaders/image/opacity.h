// The transparency of a picture, which all that paints here leaves out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>

#include "loaders/image/image.h"

namespace yent {

// How opaque the pixels of a PNG are, as grey: 0 is transparent. Nothing where all of them are
// opaque. Throws as decode_image does.
std::optional<Image> decode_opacity(std::span<const uint8_t> file,
                                    const std::filesystem::path& name);

}  // namespace yent
