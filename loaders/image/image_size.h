// How large a picture says it is, before anything of it is decoded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace yent {

struct ImageSize {
  int width = 0, height = 0;
};

// Of a PNG or a JPEG, from its head; as it is stored, not yet turned upright. Throws a file error
// for anything else and for a damaged head; `name` is for its sentence.
ImageSize image_size(std::span<const uint8_t> file, const std::filesystem::path& name);

}  // namespace yent
