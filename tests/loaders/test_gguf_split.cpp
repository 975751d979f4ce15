// Models in several files, as the gguf package writes them (gguf_split.py in tests/golden).
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "loaders/tensors/gguf.h"
#include "tests/support/hostile.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tree.h"

using namespace yent;
using test::refusal;
namespace fs = std::filesystem;

namespace {

const fs::path kGolden = in_tree("tests/golden");

std::string name_of(int part, int parts = 3) {
  return fmt::format("{}-{:05}-of-{:05}.gguf", parts == 3 ? "gguf_split" : "gguf_split_bare", part,
                     parts);
}

// The three parts in a folder of their own.
struct Parts {
  test::TemporaryFolder folder;
  fs::path at(int part) const { return folder / name_of(part); }

  Parts() {
    for (int part = 1; part <= 3; ++part) fs::copy_file(kGolden / name_of(part), at(part));
  }
  std::string refused(int part = 1) const {
    return refusal([&] { GgufFile::open(at(part)); });
  }
  // Writes an integer key of a part: `bytes` of its value.
  void set(int part, const std::string& key, int64_t value, size_t bytes) const {
    std::vector<uint8_t> all = test::contents(at(part));
    auto found = std::search(all.begin(), all.end(), key.begin(), key.end());
    REQUIRE(found != all.end());
    found += static_cast<ptrdiff_t>(key.size()) + 4;  // past the type
    for (size_t i = 0; i < bytes; ++i) found[static_cast<ptrdiff_t>(i)] = value >> 8 * i & 0xff;
    fs::remove(at(part));
    folder.file(name_of(part), all);
  }
};

}  // namespace

TEST_CASE("gguf_split: the first part stands for all") {
  const GgufFile whole = GgufFile::open(kGolden / "gguf_split_whole.gguf");
  for (const int parts : {3, 4}) {
    CAPTURE(parts);
    const GgufFile file = GgufFile::open(kGolden / name_of(1, parts));
    CHECK(file.integer("llama.context_length") == 16);
    REQUIRE(file.tensors().size() == 5);
    for (const HostTensor& expected : whole.tensors()) {
      CAPTURE(expected.name);
      const HostTensor* found = file.find(expected.name);
      REQUIRE(found);
      CHECK(found->dtype == expected.dtype);
      CHECK(found->dims == expected.dims);
      REQUIRE(found->bytes == expected.bytes);
      CHECK(std::equal(found->data, found->data + found->bytes, expected.data));
      file.release(*found);
      CHECK(std::equal(found->data, found->data + found->bytes, expected.data));
    }
  }
}

TEST_CASE("gguf_split: a link of another name stands for the first part") {
  const test::TemporaryFolder folder;
  std::filesystem::create_symlink(kGolden / name_of(1, 3), folder / "link.gguf");
  CHECK(GgufFile::open(folder / "link.gguf").tensors().size() == 5);
}

TEST_CASE("gguf_split: another part names the first") {
  const Parts parts;
  CHECK(parts.refused(2) == fmt::format("{}: part 2 of 3: open the first, {}", parts.at(2).string(),
                                        parts.at(1).string()));
  fs::rename(parts.at(2), parts.folder / "renamed.gguf");
  CHECK(refusal([&] {
          GgufFile::open(parts.folder / "renamed.gguf");
        }).ends_with("renamed.gguf: part 2 of 3: open the first"));
  CHECK(parts.refused() == fmt::format("{}: part 2 of 3 is missing, expected {}",
                                       parts.at(1).string(), parts.at(2).string()));
  fs::rename(parts.at(1), parts.folder / "model.gguf");
  CHECK(refusal([&] { GgufFile::open(parts.folder / "model.gguf"); })
            .ends_with("model.gguf: part 1 of 3, expected a name that ends in "
                       "-00001-of-00003.gguf"));
}

TEST_CASE("gguf_split: parts that contradict each other are refused") {
  const auto refused = [](int part, const char* key, int64_t value, size_t bytes) {
    const Parts parts;
    parts.set(part, key, value, bytes);
    const std::string sentence = parts.refused();
    const std::string folder = parts.folder.path().string() + "/";
    REQUIRE(sentence.starts_with(folder));
    return sentence.substr(folder.size());
  };
  const std::string first = name_of(1), second = name_of(2);
  CHECK(refused(2, "split.no", 2, 2) == second + ": part 3 of 3, expected part 2 of 3");
  CHECK(refused(2, "split.no", 7, 2) == second + ": split.no is 7, expected 0 to 2");
  CHECK(refused(2, "split.count", 4, 2) == second + ": part 2 of 4, expected part 2 of 3");
  CHECK(refused(1, "split.no", 65535, 2) == first + ": split.no is 65535, expected 0 to 2");
  CHECK(refused(1, "split.count", 65535, 2).ends_with("-00001-of-65535.gguf"));
  CHECK(refused(1, "split.tensors.count", 6, 4) ==
        first + ": 5 tensors in 3 parts, expected split.tensors.count 6");

  const Parts parts;
  fs::remove(parts.at(3));
  fs::copy_file(parts.at(2), parts.at(3));
  parts.set(3, "split.no", 2, 2);
  CHECK(parts.refused().starts_with(parts.at(3).string() + ": the tensor "));
  CHECK(parts.refused().ends_with(" is in an earlier part too"));
}

TEST_CASE("gguf_split: one part alone opens from memory") {
  const std::vector<uint8_t> bytes = test::contents(kGolden / name_of(2));
  const GgufFile part = GgufFile::parse(MappedFile::borrow(std::as_bytes(std::span(bytes)), "x"));
  CHECK(part.tensors().size() == 2);
  part.release(part.tensors()[0]);
  CHECK(part.integer("split.no") == 1);
}
