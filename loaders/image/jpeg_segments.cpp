#include "loaders/image/jpeg_segments.h"

#include "kernels/error.h"

namespace yent {

namespace {

// stb_image 2.27 writes past its table when a segment claims more than 256 codes, so such a file
// must not reach it.
bool huffman_tables_fit(std::span<const uint8_t> tables) {
  constexpr size_t lengths = 16;
  while (!tables.empty()) {
    if (tables.size() < 1 + lengths) return false;
    size_t codes = 0;
    for (uint8_t count : tables.subspan(1, lengths)) codes += count;
    if (codes > 255 || tables.size() < 1 + lengths + codes) return false;
    tables = tables.subspan(1 + lengths + codes);
  }
  return true;
}

// Inside compressed pixels FF is followed by 0 or by a restart, D0 to D7; fill bytes are FF.
bool begins_marker(uint8_t first, uint8_t second) {
  const bool restart = second >= 0xD0 && second <= 0xD7;
  return first == 0xFF && second != 0 && second != 0xFF && !restart;
}

}  // namespace

bool is_jpeg(std::span<const uint8_t> file) {
  return file.size() >= 3 && file[0] == 0xFF && file[1] == 0xD8 && file[2] == 0xFF;
}

std::vector<JpegSegment> walk_jpeg(std::span<const uint8_t> file,
                                   const std::filesystem::path& path) {
  if (!is_jpeg(file)) throw file_error("{}: not a JPEG", path.string());
  std::vector<JpegSegment> segments;
  for (size_t at = 2;;) {
    while (at + 1 < file.size() && !begins_marker(file[at], file[at + 1])) ++at;
    if (at + 1 >= file.size()) throw file_error("{}: the JPEG is cut short", path.string());
    const uint8_t marker = file[at + 1];
    if (marker == jpeg::end) return segments;
    at += 2;
    const size_t length = at + 1 < file.size() ? file[at] * 256u + file[at + 1] : 0;
    if (length < 2 || length > file.size() - at) {
      throw file_error("{}: the JPEG segment at byte {} is damaged", path.string(), at - 2);
    }
    segments.push_back({marker, file.subspan(at + 2, length - 2)});
    if (marker == jpeg::huffman && !huffman_tables_fit(segments.back().data)) {
      throw file_error("{}: the JPEG's Huffman tables at byte {} are damaged", path.string(),
                       at - 2);
    }
    at += length;
  }
}

}  // namespace yent
