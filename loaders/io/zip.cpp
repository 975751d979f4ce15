// After PKWARE's APPNOTE.TXT 6.3.10; the section numbers are its own.
#include "loaders/io/zip.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "kernels/error.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

constexpr uint32_t local_signature = 0x04034b50;      // 4.3.7
constexpr uint32_t central_signature = 0x02014b50;    // 4.3.12
constexpr uint32_t zip64_end_signature = 0x06064b50;  // 4.3.14
constexpr uint32_t locator_signature = 0x07064b50;    // 4.3.15
constexpr uint32_t end_signature = 0x06054b50;        // 4.3.16
constexpr size_t local_bytes = 30, central_bytes = 46, zip64_end_bytes = 56, locator_bytes = 20,
                 end_bytes = 22;

// General purpose bits (4.4.4): encrypted, strongly encrypted, masked headers; and patched data,
// which no writer of ours makes. Bit 3 only says that the local sizes are in a trailer.
constexpr uint16_t encrypted_bits = 0x0001 | 0x0040 | 0x2000;
constexpr uint16_t patched_bit = 0x0020;

constexpr uint16_t zip64_extra = 0x0001;  // 4.5.3
constexpr uint32_t in_extra = 0xffffffff;

class Reader {
 public:
  Reader(std::span<const std::byte> archive, const std::string& where)
      : archive_(archive), where_(where) {}

  std::vector<ZipEntry> entries();

 private:
  struct Directory {
    uint64_t begin = 0, bytes = 0, count = 0;
  };
  struct Record {
    std::string name;
    uint64_t header = 0, stored = 0, size = 0;
  };
  struct Extent {
    uint64_t begin = 0, end = 0;
  };

  template <class T>
  T read(uint64_t at) const {
    T value;
    std::memcpy(&value, archive_.data() + at, sizeof value);
    return value;
  }
  std::string_view text(uint64_t at, size_t count) const {
    return {reinterpret_cast<const char*>(archive_.data() + at), count};
  }
  // True when [at, at + count) is inside [0, end); nothing wraps.
  static bool fits(uint64_t at, uint64_t count, uint64_t end) {
    return at <= end && count <= end - at;
  }

  Directory find_directory() const;
  Directory zip64_directory(uint64_t locator) const;
  Record read_record(uint64_t at, uint64_t end, uint64_t* next) const;
  void read_zip64_extra(uint64_t at, uint64_t bytes, Record& record) const;
  Extent place(const Record& record, uint64_t end) const;

  [[noreturn]] void fail(std::string_view what) const {
    throw file_error("{}: zip archive {}", where_, what);
  }
  [[noreturn]] void fail(const std::string& name, std::string_view what) const {
    throw file_error("{}: zip entry {} {}", where_, printable(name), what);
  }

  std::span<const std::byte> archive_;
  const std::string& where_;
};

// The end record is last, but for a comment whose length it gives.
Reader::Directory Reader::find_directory() const {
  const uint64_t size = archive_.size();
  for (uint64_t comment = 0; comment <= 0xffff && end_bytes + comment <= size; ++comment) {
    const uint64_t at = size - end_bytes - comment;
    if (read<uint32_t>(at) != end_signature || read<uint16_t>(at + 20) != comment) continue;
    if (at >= locator_bytes && read<uint32_t>(at - locator_bytes) == locator_signature) {
      return zip64_directory(at - locator_bytes);
    }
    if (read<uint16_t>(at + 4) != 0 || read<uint16_t>(at + 6) != 0) fail("spans several disks");
    const Directory directory = {.begin = read<uint32_t>(at + 16),
                                 .bytes = read<uint32_t>(at + 12),
                                 .count = read<uint16_t>(at + 10)};
    if (directory.begin + directory.bytes != at) fail("has a central directory out of place");
    return directory;
  }
  fail("has no end record: truncated, or no zip");
}

Reader::Directory Reader::zip64_directory(uint64_t locator) const {
  const uint64_t at = read<uint64_t>(locator + 8);
  if (!fits(at, zip64_end_bytes, locator) || read<uint32_t>(at) != zip64_end_signature) {
    fail("has no zip64 end record where its locator says");
  }
  if (read<uint32_t>(at + 16) != 0 || read<uint32_t>(at + 20) != 0) fail("spans several disks");
  const Directory directory = {.begin = read<uint64_t>(at + 48),
                               .bytes = read<uint64_t>(at + 40),
                               .count = read<uint64_t>(at + 32)};
  if (!fits(directory.begin, directory.bytes, at) || directory.begin + directory.bytes != at) {
    fail("has a central directory out of place");
  }
  return directory;
}

Reader::Record Reader::read_record(uint64_t at, uint64_t end, uint64_t* next) const {
  if (!fits(at, central_bytes, end) || read<uint32_t>(at) != central_signature) {
    fail("has a broken central directory");
  }
  const auto name_bytes = read<uint16_t>(at + 28), extra_bytes = read<uint16_t>(at + 30),
             comment_bytes = read<uint16_t>(at + 32);
  *next = at + central_bytes + name_bytes + extra_bytes + comment_bytes;
  if (*next > end) fail("has a broken central directory");

  Record record = {.name = std::string(text(at + central_bytes, name_bytes)),
                   .header = read<uint32_t>(at + 42),
                   .stored = read<uint32_t>(at + 20),
                   .size = read<uint32_t>(at + 24)};
  const auto flags = read<uint16_t>(at + 8), method = read<uint16_t>(at + 10);
  if (flags & encrypted_bits) fail(record.name, "is encrypted");
  if (flags & patched_bit) fail(record.name, "is patched data");
  if (method != 0) fail(record.name, "is compressed, expected it stored");
  if (read<uint16_t>(at + 34) != 0) fail(record.name, "is on another disk");
  read_zip64_extra(at + central_bytes + name_bytes, extra_bytes, record);
  if (record.stored != record.size) fail(record.name, "is stored with two sizes");
  return record;
}

// Fields that do not fit 32 bits are all ones, and stand in the extra field in this order.
void Reader::read_zip64_extra(uint64_t at, uint64_t bytes, Record& record) const {
  const uint64_t end = at + bytes;
  std::vector<uint64_t*> wanted;
  for (uint64_t* field : {&record.size, &record.stored, &record.header}) {
    if (*field == in_extra) wanted.push_back(field);
  }
  while (!wanted.empty() && fits(at, 4, end)) {
    const auto id = read<uint16_t>(at);
    const uint64_t length = read<uint16_t>(at + 2);
    at += 4;
    if (!fits(at, length, end)) break;
    if (id == zip64_extra) {
      if (length < 8 * wanted.size()) break;
      for (uint64_t* field : wanted) *field = read<uint64_t>(std::exchange(at, at + 8));
      return;
    }
    at += length;
  }
  if (!wanted.empty()) fail(record.name, "lacks its zip64 sizes");
}

// The data of a record, found through its local header. `end` is the central directory's offset.
Reader::Extent Reader::place(const Record& record, uint64_t end) const {
  if (!fits(record.header, local_bytes, end)) fail(record.name, "lies outside the archive");
  if (read<uint32_t>(record.header) != local_signature) fail(record.name, "has no local header");
  const auto flags = read<uint16_t>(record.header + 6), method = read<uint16_t>(record.header + 8);
  if ((flags & (encrypted_bits | patched_bit)) != 0 || method != 0) {
    fail(record.name, "has a local header that disagrees with the directory");
  }
  const auto name_bytes = read<uint16_t>(record.header + 26),
             extra_bytes = read<uint16_t>(record.header + 28);
  const uint64_t name = record.header + local_bytes, data = name + name_bytes + extra_bytes;
  if (!fits(data, record.size, end)) fail(record.name, "lies outside the archive");
  if (text(name, name_bytes) != record.name) {
    fail(record.name, "has a local header that disagrees with the directory");
  }
  return {data, data + record.size};
}

std::vector<ZipEntry> Reader::entries() {
  const Directory directory = find_directory();
  const uint64_t directory_end = directory.begin + directory.bytes;
  std::vector<ZipEntry> entries;
  std::vector<std::pair<Extent, size_t>> extents;  // local header to end of data; which entry
  std::vector<std::string_view> names;

  uint64_t at = directory.begin;
  for (uint64_t i = 0; i < directory.count; ++i) {
    Record record = read_record(at, directory_end, &at);
    const Extent data = place(record, directory.begin);
    extents.push_back({{record.header, data.end}, entries.size()});
    entries.push_back({std::move(record.name), archive_.subspan(data.begin, record.size)});
  }
  if (at != directory_end) fail("has a broken central directory");

  std::sort(extents.begin(), extents.end(),
            [](const auto& a, const auto& b) { return a.first.begin < b.first.begin; });
  for (size_t i = 1; i < extents.size(); ++i) {
    if (extents[i].first.begin < extents[i - 1].first.end) {
      fail(entries[extents[i].second].name, "overlaps another");
    }
  }
  for (const ZipEntry& entry : entries) names.push_back(entry.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) fail(std::string(*twice), "occurs twice");
  return entries;
}

}  // namespace

std::vector<ZipEntry> read_zip(std::span<const std::byte> archive, const std::string& where) {
  return Reader(archive, where).entries();
}

}  // namespace yent
