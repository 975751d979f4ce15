#include "loaders/image/exif.h"

#include <algorithm>
#include <string>
#include <utility>

#include "loaders/io/utf8.h"

namespace yent {

namespace {

constexpr std::string_view kPrefix("Exif\0\0", 6);
constexpr std::string_view kUtf16("UNICODE\0", 8), kAscii("ASCII\0\0\0", 8);
constexpr uint32_t kOrientation = 0x112, kExifDirectory = 0x8769, kUserComment = 0x9286;

// The types of TIFF that hold whole numbers.
constexpr int kByte = 1, kShort = 3, kLong = 4;
constexpr int kSignedByte = 6, kUndefined = 7, kSignedShort = 8, kSignedLong = 9;

std::string_view text_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Numbers of a TIFF file. What lies behind its end reads as zero.
class TiffReader {
 public:
  explicit TiffReader(std::span<const uint8_t> bytes)
      : bytes_(bytes), little_(text_of(bytes).starts_with("II")) {}

  bool has_header() const {
    return bytes_.size() >= 8 && (little_ || text_of(bytes_).starts_with("MM")) && u16(2) == 42;
  }
  bool has(size_t at, size_t count) const {
    return at <= bytes_.size() && count <= bytes_.size() - at;
  }
  std::string_view text(size_t at, size_t count) const { return text_of(bytes_).substr(at, count); }
  uint32_t u16(size_t at) const { return number(at, 2); }
  uint32_t u32(size_t at) const { return number(at, 4); }
  uint32_t number(size_t at, size_t count) const {
    uint32_t value = 0;
    for (size_t i = 0; has(at, count) && i < count; ++i) {
      value = value << 8 | bytes_[at + (little_ ? count - 1 - i : i)];
    }
    return value;
  }

 private:
  std::span<const uint8_t> bytes_;
  bool little_;
};

size_t bytes_of_type(uint32_t type) {
  switch (type) {
    case kByte:
    case kSignedByte:
      return 1;
    case kShort:
    case kSignedShort:
      return 2;
    case kLong:
    case kSignedLong:
      return 4;
    default:
      return 0;
  }
}

// Appends numbers with the highest byte first.
class TiffWriter {
 public:
  void text(std::string_view bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void u16(uint32_t v) {
    out_.push_back(static_cast<uint8_t>(v >> 8));
    out_.push_back(static_cast<uint8_t>(v));
  }
  void u32(uint32_t v) {
    u16(v >> 16);
    u16(v);
  }
  // A directory of one entry, without another behind it.
  void directory(uint32_t tag, uint32_t type, uint32_t count, uint32_t value) {
    u16(1);
    u16(tag);
    u16(type);
    u32(count);
    u32(value);
    u32(0);
  }
  std::vector<uint8_t> take() { return std::move(out_); }

 private:
  std::vector<uint8_t> out_;
};

std::u16string utf16(std::string_view utf8) {
  std::u16string units;
  for (char32_t c : decode_utf8(utf8)) {
    if (c >= 0x10000) {
      units.push_back(static_cast<char16_t>(0xD7C0 + (c >> 10)));
      c = 0xDC00 + (c & 0x3FF);
    }
    units.push_back(static_cast<char16_t>(c));
  }
  return units;
}

std::span<const uint8_t> without_prefix(std::span<const uint8_t> exif) {
  while (text_of(exif).starts_with(kPrefix)) exif = exif.subspan(kPrefix.size());
  return exif;
}

struct TiffEntry {
  uint32_t tag, type, count;
  size_t at;  // of the value, or of the address of the values
};

std::vector<TiffEntry> entries_of(const TiffReader& tiff, size_t directory) {
  constexpr size_t entry = 12;
  std::vector<TiffEntry> entries;
  const size_t count = tiff.u16(directory);
  for (size_t i = 0; i < count && tiff.has(directory + 2 + i * entry, entry); ++i) {
    const size_t at = directory + 2 + i * entry;
    entries.push_back({tiff.u16(at), tiff.u16(at + 2), tiff.u32(at + 4), at + 8});
  }
  return entries;
}

// The first 8 bytes name the encoding.
std::optional<std::string> comment_text(const TiffReader& tiff, size_t at, size_t count) {
  if (!tiff.has(at, count)) return {};
  const std::string_view encoding = tiff.text(at, kUtf16.size());
  const size_t begin = at + kUtf16.size(), end = at + count;
  if (encoding == kAscii) return encode_utf8(decode_utf8(tiff.text(begin, end - begin)));
  if (encoding != kUtf16) return {};
  std::u32string text;
  for (size_t i = begin; i + 2 <= end; i += 2) {
    char32_t c = tiff.u16(i);
    const char32_t low = i + 4 <= end ? tiff.u16(i + 2) : 0;
    if (c >= 0xD800 && c < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
      c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
      i += 2;
    }
    text.push_back(c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
  }
  return encode_utf8(text);
}

}  // namespace

std::optional<int> exif_orientation(std::span<const uint8_t> exif) {
  const TiffReader tiff(without_prefix(exif));
  if (!tiff.has_header()) return {};
  for (const TiffEntry& entry : entries_of(tiff, tiff.u32(4))) {
    if (entry.tag != kOrientation) continue;
    const size_t bytes = bytes_of_type(entry.type);
    if (bytes == 0) continue;
    if (entry.count == 0) return {};  // more than one is a mistake; the first counts
    const bool is_inside = entry.count <= 4 / bytes;
    return static_cast<int>(tiff.number(is_inside ? entry.at : tiff.u32(entry.at), bytes));
  }
  return {};
}

std::optional<std::string> exif_user_comment(std::span<const uint8_t> exif) {
  const TiffReader tiff(without_prefix(exif));
  if (!tiff.has_header()) return {};
  for (const TiffEntry& outer : entries_of(tiff, tiff.u32(4))) {
    if (outer.tag != kExifDirectory) continue;
    for (const TiffEntry& entry : entries_of(tiff, tiff.u32(outer.at))) {
      if (entry.tag != kUserComment || entry.count < kUtf16.size()) continue;
      return comment_text(tiff, tiff.u32(entry.at), entry.count);
    }
  }
  return {};
}

std::optional<int> xmp_orientation(std::string_view xmp) {
  constexpr std::string_view name = "tiff:Orientation";
  for (size_t at = xmp.find(name); at != xmp.npos; at = xmp.find(name, at + 1)) {
    std::string_view rest = xmp.substr(at + name.size());
    if (rest.starts_with("=\"")) {
      rest.remove_prefix(2);
    } else if (rest.starts_with(">")) {
      rest.remove_prefix(1);
    } else {
      continue;
    }
    if (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') return rest[0] - '0';
  }
  return {};
}

Image upright(Image stored, int orientation) {
  if (orientation < 2 || orientation > 8) return stored;
  const bool turned = orientation >= 5;  // rows of the picture are stored as columns
  const bool from_right =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_below =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const int w = stored.width, h = stored.height;
  Image picture(turned ? h : w, turned ? w : h);
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      const int column = turned ? y : x, row = turned ? x : y;
      const uint8_t* from =
          stored.pixel(from_right ? w - 1 - column : column, from_below ? h - 1 - row : row);
      std::copy_n(from, 3, picture.pixel(x, y));
    }
  }
  return picture;
}

std::optional<std::vector<uint8_t>> exif_comment(std::string_view utf8) {
  constexpr uint32_t header = 8, directory = 18;
  const std::u16string units = utf16(utf8);
  const size_t bytes = kUtf16.size() + units.size() * 2;
  constexpr size_t most = 0xFFFF - 2;  // a segment counts its own length
  if (kPrefix.size() + header + 2 * directory + bytes > most) return {};
  TiffWriter tiff;
  tiff.text(kPrefix);
  tiff.text("MM");
  tiff.u16(42);
  tiff.u32(header);
  tiff.directory(kExifDirectory, kLong, 1, header + directory);
  tiff.directory(kUserComment, kUndefined, static_cast<uint32_t>(bytes), header + 2 * directory);
  tiff.text(kUtf16);
  for (char16_t unit : units) tiff.u16(unit);
  return tiff.take();
}

}  // namespace yent
