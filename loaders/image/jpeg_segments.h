// The container of a JPEG: segments of a marker, a length and data, with compressed pixels behind
// each start of scan.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace yent {

namespace jpeg {

constexpr uint8_t huffman = 0xC4, end = 0xD9, scan = 0xDA, app0 = 0xE0, app1 = 0xE1, comment = 0xFE;

}  // namespace jpeg

struct JpegSegment {
  uint8_t marker;
  std::span<const uint8_t> data;  // behind the length; into the bytes that were walked
};

bool is_jpeg(std::span<const uint8_t> file);

// All segments up to the end marker; bytes behind it are ignored. Throws a file error naming `path`
// when the file is cut short, a length does not fit, or a Huffman table is larger than it may be.
std::vector<JpegSegment> walk_jpeg(std::span<const uint8_t> file,
                                   const std::filesystem::path& path);

}  // namespace yent
