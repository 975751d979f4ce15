#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "kernels/error.h"
#include "loaders/image/image.h"
#include "loaders/image/image_size.h"
#include "loaders/image/png_chunks.h"
#include "loaders/io/output_file.h"
#include "tests/support/temporary_folder.h"

using namespace yent;
using yent::test::TemporaryFolder;

namespace {

std::vector<uint8_t> from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return bytes;
}

std::vector<uint8_t> contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The picture that the reference values below were made from.
Image pattern(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        image.pixel(x, y)[c] = static_cast<uint8_t>(x * 37 + y * 91 + c * 53 + x * y * 7);
      }
    }
  }
  return image;
}

int worst_difference(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  REQUIRE(a.size() == b.size());
  int worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

// Reads bytes as a file. The error must be a file error of one line that names the file.
bool is_refused(const TemporaryFolder& folder, std::span<const uint8_t> bytes) {
  const std::filesystem::path path = folder.file("hostile", bytes);
  try {
    read_image(path);
  } catch (const Error& e) {
    const std::string what = e.what();
    CHECK(e.kind() == Error::file);
    CHECK(what.find(path.string()) == 0);
    CHECK(what.find('\n') == what.npos);
    return true;
  }
  return false;
}

// Pillow wrote these: a palette of 4 bits, RGBA, 16-bit grey, 1-bit grey, and an 11x9 JPEG.
const char* const palette_png =
    "89504e470d0a1a0a0000000d49484452000000030000000204030000006f5a7b2900000012504c5445b3e81d"
    "87bcf15b90c54a7fb4255a8f00356a78d928cd0000000e49444154789c630cb9c3a0c8000005620153bcfdcf"
    "d60000000049454e44ae426082";
const char* const rgba_png =
    "89504e470d0a1a0a0000000d49484452000000030000000208060000009d74661a0000002249444154789c63"
    "6430cd625755556550555565608c9e70945d47478741474787010036820446558a4f4d0000000049454e44ae"
    "426082";
const char* const grey16_png =
    "89504e470d0a1a0a0000000d4948445200000003000000021000000000e88fe5850000001649444154789c63"
    "64d451d650d660cc5aa2aca1ac01000eee026a528636ba0000000049454e44ae426082";
const char* const grey1_png =
    "89504e470d0a1a0a0000000d494844520000000a000000020100000000491a707d0000000e49444154789c63"
    "98e4c0a8120300048701547367a9a00000000049454e44ae426082";
const char* const small_jpeg =
    "ffd8ffe000104a46494600010100000100010000ffdb00430003020202020203020202030303030406040404"
    "0404080606050609080a0a090809090a0c0f0c0a0b0e0b09090d110d0e0f101011100a0c12131210130f1010"
    "10ffdb00430103030304030408040408100b090b101010101010101010101010101010101010101010101010"
    "1010101010101010101010101010101010101010101010101010ffc00011080009000b030111000211010311"
    "01ffc4001500010100000000000000000000000000000706ffc4002210000102030900000000000000000000"
    "000002040607242332334142527181a2ffc4001801010003010000000000000000000000000800050709ffc4"
    "002111000103030403000000000000000000000002040607223223414271243334ffda000c03010002110311"
    "003f008185641dca2f26e739a9d95e51d3c9de17098da4158228b2da199e54ed755fb8b3613bf19176c2c42b"
    "a3a24e791cd7a79c04b6d808e0333cf7abb166c3e64747ffd9";
const char* const small_jpeg_pixels =
    "130bfc250bf33c0ae5500ada610bce750cc18d0bb59f0baab00d9ec60b8edb0b871722f82722ee3f21e15322"
    "d56522c97821bd9122afa021a6b42398cb218bdd2180153dec263de33f3cd5533cc8643dbe773cb08f3da3a1"
    "3c9ab33e8dc93c7edb3c741456e22556d73c55cb5156be6355b47655a68e55999e548fb25783c85574da556a"
    "166eda266ed23e6ec3526eb8646eac786ea0906e93a06e89b36f7cca6e6fdd6e651387d02587c83d86b95186"
    "ae6287a27688968f86899f867fb28872c98765db875b13a1c524a2bb3ba1af50a1a262a19676a28b8da17c9e"
    "a174b1a366c8a259daa24f15b8bf27b7b73fb8a953b79b63b89178b8848fb876a1b76eb4ba62cab852ddb74a"
    "14d2b627d3ad3dd19f50d19163d38776d27b8dd16ca1d265b3d358cad249dcd23f";

}  // namespace

TEST_CASE("image: a PNG that we write reads back exactly") {
  const TemporaryFolder folder;
  for (const auto& [width, height] : {std::pair(1, 1), {3, 2}, {17, 5}, {64, 129}}) {
    const Image image = pattern(width, height);
    const Image back = read_image(folder.file("a.png", encode_png(image)));
    CHECK(back.width == width);
    CHECK(back.height == height);
    CHECK(back.rgb == image.rgb);
  }
}

TEST_CASE("image: the size is known before anything is decoded") {
  const Image image = pattern(23, 7);
  const std::vector<uint8_t> png = encode_png(image), jpeg = encode_jpeg(image);
  for (const auto& file : {png, jpeg}) {
    const ImageSize size = image_size(file, "x");
    CHECK(size.width == 23);
    CHECK(size.height == 7);
    for (size_t cut = 0; cut < file.size(); ++cut) {
      try {
        image_size(std::span(file).first(cut), "x");
      } catch (const Error& error) {
        CHECK(error.kind() == Error::file);
      }
    }
  }
  CHECK_THROWS_WITH_AS(image_size(std::vector<uint8_t>{'G', 'I', 'F', '8'}, "x"),
                       "x: neither a PNG nor a JPEG", Error);
}

TEST_CASE("image: pixel formats of foreign PNGs become 8-bit RGB") {
  const TemporaryFolder folder;
  const Image colours = pattern(3, 2);
  CHECK(read_image(folder.file("p.png", from_hex(palette_png))).rgb == colours.rgb);
  CHECK(read_image(folder.file("a.png", from_hex(rgba_png))).rgb == colours.rgb);
  const Image grey = read_image(folder.file("g.png", from_hex(grey16_png)));
  for (int i = 0; i < 6; ++i) {
    for (int c = 0; c < 3; ++c) CHECK(grey.rgb[3 * i + c] == (i * 9000 + 300) >> 8);
  }
  const Image bits = read_image(folder.file("b.png", from_hex(grey1_png)));
  for (int i = 0; i < 20; ++i) CHECK(bits.rgb[3 * i] == (i % 3 == 0 ? 255 : 0));
}

TEST_CASE("image: a JPEG decodes to within rounding of libjpeg") {
  const TemporaryFolder folder;
  const Image image = read_image(folder.file("a.jpg", from_hex(small_jpeg)));
  CHECK(image.width == 11);
  CHECK(image.height == 9);
  CHECK(worst_difference(image.rgb, from_hex(small_jpeg_pixels)) <= 3);
}

TEST_CASE("image: PNG text is Latin-1 where it can be, else UTF-8, and reads back") {
  const TemporaryFolder folder;
  const PngText text = {{"parameters", "a burning rose\nSteps: 25, Seed: 1"},
                        {"parameters", "caf\u00e9 \u00d7"},
                        {"parameters", "злой кот ▓"},
                        {"empty", ""}};
  const std::vector<uint8_t> png = encode_png(pattern(4, 3), text);
  const std::filesystem::path path = folder.file("t.png", png);
  CHECK(read_png_text(path) == text);
  CHECK(read_image(path).rgb == pattern(4, 3).rgb);
  const std::vector<PngChunk> chunks = walk_png(png, "t.png");
  std::vector<std::string_view> types;
  for (const PngChunk& chunk : chunks) types.push_back(chunk.type);
  CHECK(types ==
        std::vector<std::string_view>{"IHDR", "tEXt", "tEXt", "iTXt", "tEXt", "IDAT", "IEND"});
  CHECK(chunks[2].data.size() == 11 + 6);  // keyword and zero; one byte for each character
  CHECK(png == encode_png(pattern(4, 3), text));
}

TEST_CASE("image: what is no whole picture is refused in one sentence") {
  const TemporaryFolder folder;
  CHECK(is_refused(folder, {}));
  CHECK(is_refused(folder, from_hex("89504e470d0a1a0a")));
  CHECK(is_refused(folder, from_hex("47494638396101000100")));  // GIF
  CHECK(is_refused(folder, from_hex("ffd8ff")));
  CHECK_THROWS_AS(read_image(folder / "absent.png"), Error);
  CHECK_THROWS_AS(read_image(folder.path()), Error);

  const std::vector<uint8_t> png = encode_png(pattern(9, 7));
  for (size_t length = 0; length < png.size(); ++length) {
    REQUIRE(is_refused(folder, std::span(png).first(length)));
  }
  const std::vector<uint8_t> jpeg = from_hex(small_jpeg);
  for (size_t length = 0; length < jpeg.size(); length += 3) {
    REQUIRE(is_refused(folder, std::span(jpeg).first(length)));
  }
  // Any flipped bit of a PNG is noticed: every chunk has a sum.
  for (size_t at = 0; at < png.size(); ++at) {
    std::vector<uint8_t> bad = png;
    bad[at] ^= 0x10;
    REQUIRE(is_refused(folder, bad));
  }
}

TEST_CASE("image: damage under valid sums neither crashes nor asks for all memory") {
  const TemporaryFolder folder;
  const std::vector<uint8_t> png = encode_png(pattern(9, 7));
  const std::vector<PngChunk> chunks = walk_png(png, "nine by seven");
  const auto rebuilt = [&](std::span<const uint8_t> header, std::span<const uint8_t> pixels) {
    std::vector<uint8_t> out(png.begin(), png.begin() + 8);
    append_png_chunk(out, "IHDR", header);
    append_png_chunk(out, "IDAT", pixels);
    append_png_chunk(out, "IEND", {});
    return out;
  };
  const auto with_size = [&](const char* size) {
    std::vector<uint8_t> header(chunks[0].data.begin(), chunks[0].data.end());
    std::ranges::copy(from_hex(size), header.begin());
    return rebuilt(header, chunks[1].data);
  };
  CHECK_FALSE(is_refused(folder, with_size("0000000900000007")));
  CHECK(is_refused(folder, with_size("0000000000000007")));
  CHECK(is_refused(folder, with_size("0000000900000008")));  // more rows than pixels
  CHECK(is_refused(folder, with_size("0000ffff0000ffff")));
  CHECK(is_refused(folder, with_size("8000000180000001")));  // the product wraps
  CHECK(is_refused(folder, with_size("0000200000001e84")));  // 64 million and some

  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    std::vector<uint8_t> header(chunks[0].data.begin(), chunks[0].data.end());
    std::vector<uint8_t> pixels(chunks[1].data.begin(), chunks[1].data.end());
    pixels[random() % pixels.size()] = static_cast<uint8_t>(random());
    if (round % 2) header[8 + random() % 5] = static_cast<uint8_t>(random() % 17);
    is_refused(folder, rebuilt(header, pixels));
  }
  const std::vector<uint8_t> jpeg = from_hex(small_jpeg);
  std::vector<uint8_t> crowded = jpeg;
  const uint8_t huffman[] = {0xFF, 0xC4};
  const auto table =
      std::search(crowded.begin(), crowded.end(), std::begin(huffman), std::end(huffman));
  std::fill_n(table + 5, 16, uint8_t{255});  // 4080 codes where 256 fit
  CHECK(is_refused(folder, crowded));
  for (int round = 0; round < 400; ++round) {
    std::vector<uint8_t> bad = jpeg;
    for (int n = 0; n < 3; ++n) bad[random() % bad.size()] = static_cast<uint8_t>(random());
    is_refused(folder, bad);
  }
}

TEST_CASE("image: Lanczos resizing equals Pillow's") {
  const auto resized = [](int from_width, int from_height, int width, int height) {
    const Image image = resize(pattern(from_width, from_height), width, height);
    CHECK(image.width == width);
    CHECK(image.height == height);
    return image.rgb;
  };
  CHECK(
      worst_difference(resized(13, 9, 5, 4), from_hex("647f8f7b8994797e856e7b8d78937282877e92898689"
                                                      "847b838281868f916d9c7b817f6d9489807d83668e"
                                                      "6a8482659982778d777a787f7a87815f9c")) <= 1);
  CHECK(
      worst_difference(
          resized(5, 4, 12, 7),
          from_hex("002b57002f5b0839651b487b2a549c3564bd3c7ad2479be161bbef86d2ffa3dcffaedfff11408b1"
                   "34b981f"
                   "60ac3681ba50a1a869af8a84a17e9d848c9b72a7837ebd6a91c9629dcd4b7eb85288d16097f379b"
                   "9f68ee9"
                   "aca3f945cac714f46123d816507a186b23397506517ca0ed67b5d67ad2a098df70a4b37878759b3"
                   "c6a8d2c"
                   "8c4c509527866445a52d71af1d8cb49ef61ab8d121de7d32e5244e9e0b6e3c38890c639a1f7da75"
                   "494b97a"
                   "a9d28cb3e696b7ef3e804d4e78556965637f5686765abc6078de59a8c86dd88996db5dc0a66bdb6"
                   "e8ee84b"
                   "a400268500378e0f5b9e328cc15cacf786bcffa4e2d2bcff61d3f611ee8f19ff2f44ff0062")) <=
      1);
  CHECK(
      worst_difference(resized(40, 3, 3, 5), from_hex("677f8476896f78907a6e84857f816f7c857d7b89858b"
                                                      "7774807783838682857c7f7d798584827f7d838479"
                                                      "7f85")) <= 1);
  CHECK(resized(13, 9, 13, 9) == pattern(13, 9).rgb);
}

TEST_CASE("image: bicubic resizing equals Pillow's, whose default it is") {
  const auto resized = [](int from_width, int from_height, int width, int height) {
    return resize(pattern(from_width, from_height), width, height, Resampling::bicubic).rgb;
  };
  CHECK(
      worst_difference(resized(13, 9, 5, 4), from_hex("65828f7a87937b7d86707e8b7693737e8580908c868b"
                                                      "827a808181899191709a7a80806e92897e7d84698c68"
                                                      "8283669685758c777a7d7f7c8681619c")) <= 1);
  CHECK(worst_difference(
            resized(5, 4, 7, 6),
            from_hex("002d620c4175295e984378be5c9fd882c1f5a0d4ff24579c3877bb5da2b184b967ab6f7f8565"
                     "a34884b86aa1b286a6dc9fbfb6a6db20d6443b802067064b80b3f62dde7d4abc2a68295e7248"
                     "679f668ccd6cb3e7619e438869618a4e954b80c46dbc84a4a786cc71ad03377e22629e5699d4"
                     "8cc1f6b6fe50e4a12bff185d")) <= 1);
  CHECK(
      worst_difference(resized(40, 3, 3, 5), from_hex("697f84758771788f797083857f80717c857d7c88858b"
                                                      "7774807883828582847d7d7c7b858583807e82837a7e"
                                                      "85")) <= 1);
}

TEST_CASE("image: a flat picture stays flat at any size") {
  Image image(31, 18);
  std::ranges::fill(image.rgb, uint8_t{201});
  for (const auto& [width, height] : {std::pair(1, 1), {7, 50}, {64, 3}}) {
    const Image other = resize(image, width, height);
    CHECK(std::ranges::count(other.rgb, uint8_t{201}) == 3 * width * height);
  }
}

TEST_CASE("output: a file is replaced whole, with nothing left beside it") {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "out.txt";
  ensure_writable(path);
  CHECK_FALSE(std::filesystem::exists(path));
  write_file_atomically(path, "first");
  ensure_writable(path);
  CHECK(contents(path) == std::vector<uint8_t>{'f', 'i', 'r', 's', 't'});
  write_file_atomically(path, std::vector<uint8_t>{7});
  CHECK(contents(path) == std::vector<uint8_t>{7});
  const std::filesystem::directory_iterator entries(folder.path());
  CHECK(std::distance(begin(entries), end(entries)) == 1);
}

TEST_CASE("output: what cannot be written is a run error that names it") {
  const TemporaryFolder folder;
  for (const std::filesystem::path& path :
       {folder.path(), folder / "no/such/folder.png", std::filesystem::path("")}) {
    for (const bool ask : {true, false}) {
      try {
        ask ? ensure_writable(path) : write_file_atomically(path, "x");
        FAIL_CHECK("written: ", path.string());
      } catch (const Error& e) {
        CHECK(e.kind() == Error::run);
        CHECK(std::string(e.what()).find(path.string()) == 0);
      }
    }
  }
}

TEST_CASE("output: a link keeps pointing, a device is written in place") {
  const TemporaryFolder folder;
  write_file_atomically(folder / "target", "old");
  std::filesystem::create_symlink("target", folder / "link");
  write_file_atomically(folder / "link", "new");
  CHECK(std::filesystem::is_symlink(folder / "link"));
  CHECK(contents(folder / "target") == std::vector<uint8_t>{'n', 'e', 'w'});
  ensure_writable("/dev/null");
  write_file_atomically("/dev/null", "gone");
  CHECK(std::filesystem::is_character_file("/dev/null"));
}
