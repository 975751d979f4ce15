// What EXIF says in pictures: which way is up, and the settings in a JPEG.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "kernels/error.h"
#include "loaders/image/exif.h"
#include "loaders/image/image.h"
#include "loaders/image/jpeg_segments.h"
#include "loaders/image/jpeg_text.h"
#include "loaders/image/png_chunks.h"
#include "loaders/io/json.h"
#include "tests/support/golden.h"

namespace yent {
namespace {

std::vector<uint8_t> from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return bytes;
}

Image ramp(int width, int height) {
  Image image(width, height);
  for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<uint8_t>(i * 5);
  return image;
}

TEST_CASE("exif: pictures come upright, as Pillow turns them") {
  const Json cases = read_json(golden_path("orientation.json"));
  REQUIRE(cases.size() == 54);
  for (const Json& c : cases) {
    const auto name = c.at("name").get<std::string>();
    CAPTURE(name);
    const Image image = decode_image(from_hex(c.at("file").get<std::string>()), name);
    CHECK(image.width == c.at("width").get<int>());
    CHECK(image.height == c.at("height").get<int>());
    const auto grey = c.at("grey").get<std::vector<int32_t>>();
    REQUIRE(image.rgb.size() == 3 * grey.size());
    for (size_t i = 0; i < grey.size(); ++i) CHECK(std::abs(image.rgb[3 * i] - grey[i]) <= 2);
  }
}

TEST_CASE("exif: what is damaged says nothing, wherever it ends") {
  const std::vector<uint8_t> exif =
      from_hex("4d4d002a00000008000201120003000000010006000001120003000000010003000000000000");
  CHECK(exif_orientation(exif) == 6);
  for (size_t size = 0; size < exif.size(); ++size) {
    const auto told = exif_orientation(std::span(exif).first(size));
    CHECK((!told || *told == 6));
  }
  for (size_t at = 0; at < exif.size(); ++at) {  // no more than: it returns
    std::vector<uint8_t> bad = exif;
    bad[at] = 255;
    exif_orientation(bad);
  }
  CHECK_FALSE(exif_orientation(from_hex("4d4d002affffffff0001")));
  CHECK_FALSE(xmp_orientation("tiff:Orientation"));
  CHECK_FALSE(xmp_orientation("tiff:Orientation=\"x\""));
  CHECK(xmp_orientation("tiff:Orientation tiff:Orientation=\"7\"") == 7);
}

TEST_CASE("exif: a JPEG that we write is the picture, with the settings where others look") {
  const Image image = ramp(40, 24);
  const std::string settings = "a caf\u00e9 \U0001f408\nSteps: 1";
  const std::vector<uint8_t> plain = encode_jpeg(image), told = encode_jpeg(image, settings);
  for (const auto& jpeg : {plain, told}) {
    const Image back = decode_image(jpeg, "ours");
    REQUIRE(back.rgb.size() == image.rgb.size());
    int worst = 0;
    for (size_t i = 0; i < back.rgb.size(); ++i) {
      worst = std::max(worst, std::abs(back.rgb[i] - image.rgb[i]));
    }
    CHECK(worst < 40);  // a ramp that wraps is hard for a JPEG
  }
  CHECK(told == encode_jpeg(image, settings));
  const auto segments = walk_jpeg(told, "ours");
  REQUIRE(segments.size() > 2);
  CHECK(segments[0].marker == jpeg::app0);
  CHECK(segments[1].marker == jpeg::app1);
  // tests/golden/jpeg_comment.py; piexif leaves out the four zero bytes behind a directory.
  const std::string_view head = "4578696600004d4d002a00000008000187690004000000010000001a00000000";
  const std::string_view comment =
      "554e49434f4445000061002000630061006600e90020d83ddc08000a00530074006500700073003a00200031";
  std::vector<uint8_t> expected = from_hex(head);
  std::ranges::copy(from_hex("0001928600070000002c0000002c00000000"), std::back_inserter(expected));
  std::ranges::copy(from_hex(comment), std::back_inserter(expected));
  CHECK(std::ranges::equal(segments[1].data, expected));
  CHECK(exif_user_comment(segments[1].data) == settings);
}

TEST_CASE("exif: the texts of a JPEG come back, or nothing where they are damaged") {
  const std::string settings = "caf\u00e9 \U0001f408";
  std::vector<uint8_t> jpeg = encode_jpeg(ramp(8, 8), settings);
  REQUIRE(add_jpeg_comment(jpeg, "{\"a\": 1}"));
  CHECK(decode_image(jpeg, "ours").rgb == decode_image(encode_jpeg(ramp(8, 8)), "ours").rgb);
  CHECK(decode_jpeg_text(jpeg, "ours") ==
        PngText{{"parameters", settings}, {"yent", "{\"a\": 1}"}});
  CHECK(decode_jpeg_text(encode_jpeg(ramp(8, 8)), "ours").empty());
  CHECK_FALSE(add_jpeg_comment(jpeg, std::string(65534, 'x')));
  const auto exif = exif_comment(settings).value();
  CHECK(exif_user_comment(exif) == settings);
  for (size_t size = 0; size + 1 < exif.size(); ++size) {
    CHECK_FALSE(exif_user_comment(std::span(exif).first(size)));
  }
  for (size_t at = 0; at < exif.size(); ++at) {  // it returns
    std::vector<uint8_t> bad = exif;
    bad[at] ^= 0xFF;
    exif_user_comment(bad);
  }
}

TEST_CASE("exif: a segment holds so much text and no more") {
  CHECK(fits_jpeg(std::string(32737, 'x')));
  CHECK_FALSE(fits_jpeg(std::string(32738, 'x')));
  const std::vector<uint8_t> full = encode_jpeg(ramp(8, 8), std::string(32737, 'x'));
  CHECK(walk_jpeg(full, "full").at(1).data.size() == 65533 - 1);
}

TEST_CASE("image: a JPEG of very many scans is refused") {
  // The header of one of ours, then empty scans.
  std::vector<uint8_t> jpeg = encode_jpeg(ramp(8, 8));
  const auto scans = [&](int count) {
    std::vector<uint8_t> many(jpeg.begin(), jpeg.end() - 2);
    for (int i = 1; i < count; ++i) {
      for (int byte : {0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0})
        many.push_back(static_cast<uint8_t>(byte));
    }
    many.insert(many.end(), {0xFF, 0xD9});
    try {
      decode_image(many, "scans");
    } catch (const Error& e) {
      CHECK(e.kind() == Error::file);
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(scans(1).empty());
  CHECK(scans(101) == "scans: the JPEG has 101 scans, expected at most 100");
}

TEST_CASE("image: compressed PNG text inflates, within bounds") {
  const auto with_text = [](const std::string& hex) {
    std::vector<uint8_t> png = encode_png(ramp(2, 2));
    std::vector<uint8_t> chunk;
    append_png_chunk(chunk, "zTXt", from_hex(hex));
    png.insert(png.begin() + 33, chunk.begin(), chunk.end());
    return decode_png_text(png, "text");
  };
  // "k", then zlib.compress(b"hello caf\xe9 " * 3)
  const PngText text = with_text("6b0000789ccb48cdc9c957484e4c7ba99081950900df4a0d36");
  REQUIRE(text.size() == 1);
  CHECK(text[0].first == "k");
  CHECK(text[0].second == "hello caf\u00e9 hello caf\u00e9 hello caf\u00e9 ");
  CHECK(with_text("6b0000789ccb48cdc9").empty());
  CHECK(with_text("6b00").empty());
  CHECK(with_text("6b0001").empty());
}

}  // namespace
}  // namespace yent
