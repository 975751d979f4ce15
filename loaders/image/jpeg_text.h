// The texts that a JPEG keeps: EXIF's UserComment and the first comment (COM).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/image/image.h"

namespace yent {

// UserComment under the keyword `parameters`, as a PNG has it, and the comment under `yent`.
PngText decode_jpeg_text(std::span<const uint8_t> file, const std::filesystem::path& name);

// A JPEG with a comment behind its other headers. False where the text has more than 65533 bytes.
bool add_jpeg_comment(std::vector<uint8_t>& jpeg, std::string_view text);

// What a PNG or a JPEG keeps. Throws a file error for anything else.
PngText read_picture_text(const std::filesystem::path& path);

}  // namespace yent
