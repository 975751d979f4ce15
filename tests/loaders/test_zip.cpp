// The directory of an archive, and entries that are not plain bytes of the file.
#include <doctest/doctest.h>

#include <cstring>
#include <string>

#include "loaders/io/zip.h"
#include "tests/support/archive.h"
#include "tests/support/hostile.h"

using namespace yent;
using namespace yent::test;

namespace {

std::string zip_refusal(const std::string& archive) {
  return refusal([&] { read_zip(span_of(archive), "f"); });
}

Zip two_members() {
  Zip zip;
  zip.add("x/a", "first");
  zip.add("x/b", "second one");
  return zip;
}

// The refusal after `change` to the second member.
template <class Change>
std::string changed_zip(Change change) {
  Zip zip = two_members();
  change(zip.members[1]);
  return zip_refusal(zip.finish());
}

}  // namespace

TEST_CASE("zip: stored entries are found where they lie") {
  const Zip zip = two_members();
  for (const std::string& archive :
       {zip.finish(), zip.finish("a comment with PK\5\6 in it"), zip.finish_zip64()}) {
    const auto entries = read_zip(span_of(archive), "f");
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].name == "x/a");
    CHECK(entries[1].name == "x/b");
    CHECK(entries[1].bytes.size() == 10);
    CHECK(std::memcmp(entries[1].bytes.data(), "second one", 10) == 0);
  }
  CHECK(read_zip(span_of(Zip().finish()), "f").empty());

  // Sizes and place in the zip64 extra field, behind another extra.
  Zip large = two_members();
  Zip::Member& member = large.members[1];
  member.listed_size = member.listed_stored = member.listed_header = 0xffffffff;
  member.extra =
      fields(uint16_t{0x4246}, uint16_t{1}) + "x" +
      fields(uint16_t{1}, uint16_t{24}, uint64_t{10}, uint64_t{10}, uint64_t{member.header});
  const std::string archive = large.finish();
  const auto entries = read_zip(span_of(archive), "f");
  CHECK(std::memcmp(entries[1].bytes.data(), "second one", 10) == 0);
  member.extra.resize(member.extra.size() - 1);
  CHECK(contains(zip_refusal(large.finish()), "lacks its zip64 sizes"));
  member.extra.clear();
  CHECK(contains(zip_refusal(large.finish()), "lacks its zip64 sizes"));
}

TEST_CASE("zip: entries that are not plain bytes of the archive are refused") {
  using Member = Zip::Member;
  CHECK(changed_zip([](Member& m) { m.flags = 0x0808; }) == "");
  CHECK(changed_zip([](Member& m) { m.flags = 1; }) == "f: zip entry x/b is encrypted");
  CHECK(contains(changed_zip([](Member& m) { m.flags = 0x2000; }), "is encrypted"));
  CHECK(contains(changed_zip([](Member& m) { m.flags = 0x20; }), "is patched data"));
  CHECK(contains(changed_zip([](Member& m) { m.method = 8; }), "is compressed"));
  CHECK(contains(changed_zip([](Member& m) { m.listed_stored = 9; }), "stored with two sizes"));
  CHECK(contains(changed_zip([](Member& m) { m.listed_size = m.listed_stored = 11; }),
                 "lies outside the archive"));
  CHECK(contains(changed_zip([](Member& m) { m.listed_size = m.listed_stored = 0xfffffffe; }),
                 "lies outside the archive"));
  CHECK(contains(changed_zip([](Member& m) { m.listed_header = 0xfffffff0; }),
                 "lies outside the archive"));
  CHECK(contains(changed_zip([](Member& m) { m.listed_header += 1; }), "has no local header"));
  CHECK(contains(changed_zip([](Member& m) { m.name = "x/c"; }),
                 "local header that disagrees with the directory"));

  // The first entry grows over the header of the second.
  Zip overlapping = two_members();
  overlapping.members[0].listed_size = overlapping.members[0].listed_stored = 6;
  CHECK(zip_refusal(overlapping.finish()) == "f: zip entry x/b overlaps another");
  Zip doubled = two_members();
  doubled.members.push_back(doubled.members[0]);
  CHECK(contains(zip_refusal(doubled.finish()), "overlaps another"));
  Zip twice = two_members();
  twice.add("x/a", "again");
  CHECK(zip_refusal(twice.finish()) == "f: zip entry x/a occurs twice");
}

TEST_CASE("zip: a broken directory is refused") {
  const std::string archive = two_members().finish(), zip64 = two_members().finish_zip64();
  const auto with = [](std::string bytes, size_t from_end, auto value) {
    std::memcpy(bytes.data() + bytes.size() - from_end, &value, sizeof value);
    return zip_refusal(bytes);
  };
  CHECK(contains(zip_refusal(""), "no end record: truncated, or no zip"));
  CHECK(contains(zip_refusal(archive + "x"), "no end record"));
  CHECK(contains(with(archive, 12, uint16_t{3}), "broken central directory"));  // count
  CHECK(contains(with(archive, 12, uint16_t{1}), "broken central directory"));
  CHECK(contains(with(archive, 10, uint32_t{50}), "out of place"));  // bytes
  CHECK(contains(with(archive, 6, uint32_t{0}), "out of place"));    // begin
  CHECK(contains(with(archive, 18, uint16_t{1}), "several disks"));
  // The zip64 locator's offset, and the record's size and begin of the directory.
  CHECK(contains(with(zip64, 34, UINT64_MAX), "no zip64 end record"));
  CHECK(contains(with(zip64, 34, uint64_t{0}), "no zip64 end record"));
  CHECK(contains(with(zip64, 58, UINT64_MAX), "out of place"));
  CHECK(contains(with(zip64, 50, UINT64_MAX), "out of place"));
  CHECK(contains(with(zip64, 66, uint64_t{1} << 60), "broken central directory"));  // count
}
