// EXIF, the settings that cameras and painters keep in a picture: a small TIFF file inside it.
// Source: EXIF 2.32 (CIPA DC-008) and TIFF 6.0.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/image/image.h"

namespace yent {

// How the first row and column of the stored pixels lie, 1 (upright) to 8. Nothing where the file
// does not say it or is damaged: a picture is a picture without it. `exif` begins with the TIFF
// header, or with the six bytes that stand before it in a JPEG.
std::optional<int> exif_orientation(std::span<const uint8_t> exif);

// The same as XMP says it, for a picture whose EXIF does not.
std::optional<int> xmp_orientation(std::string_view xmp);

// The picture as it is to be seen. An orientation outside 2 to 8 changes nothing.
Image upright(Image stored, int orientation);

// The text of UserComment as UTF-8, where there is one in UTF-16 or ASCII.
std::optional<std::string> exif_user_comment(std::span<const uint8_t> exif);

// The data of the APP1 segment whose UserComment is this text, as AUTOMATIC1111 writes it: big
// endian, UTF-16. Nothing for more than 32737 units of UTF-16, which is all that a segment holds.
std::optional<std::vector<uint8_t>> exif_comment(std::string_view utf8);

}  // namespace yent
