// Pictures: our own walk over the chunks of a PNG, and the whole decoders.
#include "kernels/error.h"
#include "loaders/image/exif.h"
#include "loaders/image/image.h"
#include "loaders/image/jpeg_text.h"
#include "loaders/image/png_chunks.h"
#include "tests/fuzz/parsers.h"

namespace yent::fuzz {
namespace {

std::span<const uint8_t> unsigned_bytes(Bytes bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

void png_chunks(Bytes bytes) { walk_png(unsigned_bytes(bytes), "fuzz.png"); }

void picture(Bytes bytes) { decode_image(unsigned_bytes(bytes), "fuzz picture"); }

void jpeg_text(Bytes bytes) { decode_jpeg_text(unsigned_bytes(bytes), "fuzz.jpg"); }

void exif(Bytes bytes) {
  exif_orientation(unsigned_bytes(bytes));
  exif_user_comment(unsigned_bytes(bytes));
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  xmp_orientation(text);
  exif_comment(text);
}

uint32_t crc_of(std::span<const uint8_t> bytes) {
  uint32_t crc = ~0u;
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  return ~crc;
}

// Writes the right sum behind every chunk, as far as the lengths lead.
void mend_png(std::span<uint8_t> png) {
  constexpr size_t signature = 8, frame = 12;  // length, type, sum
  if (!is_png(png)) return;
  for (size_t at = signature; png.size() - at >= frame;) {
    const size_t length =
        size_t{png[at]} << 24 | size_t{png[at + 1]} << 16 | size_t{png[at + 2]} << 8 | png[at + 3];
    if (length > png.size() - at - frame) return;
    const uint32_t crc = crc_of(png.subspan(at + 4, 4 + length));
    for (int i = 0; i < 4; ++i)
      png[at + 8 + length + i] = static_cast<uint8_t>(crc >> (24 - 8 * i));
    at += frame + length;
  }
}

}  // namespace

std::vector<Parser> picture_parsers() {
  return {{"png_chunks", png_chunks, mend_png},
          {"png", picture, mend_png},
          {"jpeg", picture},
          {"jpeg_text", jpeg_text},
          {"exif", exif}};
}

}  // namespace yent::fuzz
