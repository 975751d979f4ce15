#include "loaders/image/png_chunks.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "kernels/error.h"
#include "loaders/io/crc32.h"

namespace yent {

namespace {

constexpr std::array<uint8_t, 8> signature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

uint32_t big_endian(const uint8_t* p) {
  return uint32_t{p[0]} << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 | p[3];
}

void append_big_endian(std::vector<uint8_t>& out, uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(v >> shift));
}

}  // namespace

bool is_png(std::span<const uint8_t> file) {
  return file.size() >= signature.size() &&
         std::equal(signature.begin(), signature.end(), file.begin());
}

std::vector<PngChunk> walk_png(std::span<const uint8_t> file, const std::filesystem::path& path) {
  constexpr size_t frame = 12;  // length, type and sum around the data
  if (!is_png(file)) throw file_error("{}: not a PNG", path.string());
  std::vector<PngChunk> chunks;
  bool has_pixels = false;
  for (size_t at = signature.size(); chunks.empty() || chunks.back().type != "IEND";) {
    const size_t left = file.size() - at;
    const size_t length = left < frame ? 0 : big_endian(&file[at]);
    if (left < frame || left - frame < length) {
      throw file_error("{}: the PNG is cut short at byte {}", path.string(), file.size());
    }
    const std::string_view type(reinterpret_cast<const char*>(&file[at + 4]), 4);
    if (crc32(std::as_bytes(file.subspan(at + 4, 4 + length))) !=
        big_endian(&file[at + 8 + length])) {
      throw file_error("{}: the PNG chunk at byte {} is damaged: its sum is wrong", path.string(),
                       at);
    }
    if (chunks.empty() && (type != "IHDR" || length != 13)) {
      throw file_error("{}: the PNG does not begin with its header IHDR", path.string());
    }
    has_pixels = has_pixels || type == "IDAT";
    chunks.push_back({type, file.subspan(at + 8, length)});
    at += frame + length;
  }
  if (!has_pixels) throw file_error("{}: the PNG has no pixels (no IDAT chunk)", path.string());
  return chunks;
}

void append_png_chunk(std::vector<uint8_t>& png, std::string_view type,
                      std::span<const uint8_t> data) {
  append_big_endian(png, static_cast<uint32_t>(data.size()));
  const size_t summed = png.size();
  png.insert(png.end(), type.begin(), type.end());
  png.insert(png.end(), data.begin(), data.end());
  append_big_endian(png, crc32(std::as_bytes(std::span(png).subspan(summed))));
}

}  // namespace yent
