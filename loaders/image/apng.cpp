#include "loaders/image/apng.h"

#include <algorithm>

#include "kernels/error.h"
#include "loaders/image/png_chunks.h"

namespace yent {
namespace {

constexpr size_t kHeaderBytes = 33;  // signature and IHDR

void append_number(std::vector<uint8_t>& out, uint32_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<uint8_t>(value >> shift));
  }
}

struct Rectangle {
  int left, top, right, bottom;  // the last two are outside
};

// What differs; at least a pixel, as no frame is empty.
Rectangle difference(const Image& a, const Image& b) {
  Rectangle r{a.width, a.height, 0, 0};
  for (int y = 0; y < a.height; ++y) {
    for (int x = 0; x < a.width; ++x) {
      if (std::equal(a.pixel(x, y), a.pixel(x, y) + 3, b.pixel(x, y))) continue;
      r = {std::min(r.left, x), std::min(r.top, y), std::max(r.right, x + 1),
           std::max(r.bottom, y + 1)};
    }
  }
  if (r.right == 0) return {0, 0, 1, 1};
  return r;
}

Image cut(const Image& image, const Rectangle& r) {
  Image part(r.right - r.left, r.bottom - r.top);
  for (int y = 0; y < part.height; ++y) {
    const uint8_t* from = image.pixel(r.left, r.top + y);
    std::copy(from, from + size_t{3} * part.width, part.pixel(0, y));
  }
  return part;
}

}  // namespace

void ApngWriter::add_control(int x, int y, int width, int height) {
  std::vector<uint8_t> data;
  append_number(data, sequence_++, 4);
  for (const int value : {width, height, x, y}) append_number(data, value, 4);
  append_number(data, delay_ms_, 2);
  append_number(data, 1000, 2);
  append_number(data, 0, 2);  // leave the picture, and draw over it
  append_png_chunk(chunks_, "fcTL", data);
}

void ApngWriter::add(const Image& picture) {
  const bool first = frames_ == 0;
  ENSURE(first || (picture.width == last_.width && picture.height == last_.height),
         "a frame of {}x{} behind one of {}x{}", picture.width, picture.height, last_.width,
         last_.height);
  const Rectangle r =
      first ? Rectangle{0, 0, picture.width, picture.height} : difference(picture, last_);
  const std::vector<uint8_t> png = encode_png(cut(picture, r));
  if (first) header_.assign(png.begin(), png.begin() + kHeaderBytes);
  add_control(r.left, r.top, r.right - r.left, r.bottom - r.top);
  for (const PngChunk& chunk : walk_png(png, "frame")) {
    if (chunk.type != "IDAT") continue;
    if (first) {
      append_png_chunk(chunks_, "IDAT", chunk.data);
      continue;
    }
    std::vector<uint8_t> data;
    append_number(data, sequence_++, 4);
    data.insert(data.end(), chunk.data.begin(), chunk.data.end());
    append_png_chunk(chunks_, "fdAT", data);
  }
  last_ = picture;
  ++frames_;
}

std::vector<uint8_t> ApngWriter::finish() {
  ENSURE(frames_ > 0, "an animation without frames");
  std::vector<uint8_t> control, file = header_;
  append_number(control, frames_, 4);
  append_number(control, 0, 4);
  append_png_chunk(file, "acTL", control);
  file.insert(file.end(), chunks_.begin(), chunks_.end());
  append_png_chunk(file, "IEND", {});
  return file;
}

}  // namespace yent
