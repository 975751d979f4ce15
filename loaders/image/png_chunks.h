// The container of a PNG: a signature, then chunks of length, type, data and CRC-32.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace yent {

struct PngChunk {
  std::string_view type;          // four letters
  std::span<const uint8_t> data;  // into the bytes that were walked
};

bool is_png(std::span<const uint8_t> file);

// All chunks from IHDR to IEND; bytes behind IEND are ignored. Throws a file error naming `path`
// when the file is cut short, a sum is wrong, or IHDR, IDAT or IEND is missing.
std::vector<PngChunk> walk_png(std::span<const uint8_t> file, const std::filesystem::path& path);

// Appends one chunk, length and sum included.
void append_png_chunk(std::vector<uint8_t>& png, std::string_view type,
                      std::span<const uint8_t> data);

}  // namespace yent
