// Files inside the executable: this program brings a table of its own, as the static one does.
#include <doctest/doctest.h>

#include "loaders/io/embedded.h"
#include "loaders/io/embedded_files.h"
#include "tests/support/temporary_folder.h"

namespace yent {
namespace {

constexpr std::byte bytes[] = {std::byte{1}, std::byte{2}, std::byte{3}};
constexpr EmbeddedFile files[] = {{"test folder/first", bytes, bytes + 1},
                                  {"test folder/inner/second", bytes + 1, bytes + 3}};

}  // namespace

std::span<const EmbeddedFile> embedded_files() { return files; }

TEST_CASE("embedded files are found by path, and listed by folder") {
  const std::filesystem::path root = embedded_root, folder = root / "test folder";
  CHECK(is_folder(folder));
  CHECK(is_folder(folder / "inner"));
  CHECK_FALSE(is_folder(root / "test"));
  CHECK_FALSE(is_file(folder));
  CHECK(is_file(folder / "first"));

  const auto second = embedded_file(folder / "inner" / "second");
  REQUIRE(second);
  CHECK(second->size() == 2);
  CHECK(second->front() == std::byte{2});
  CHECK_FALSE(embedded_file(folder / "third"));
  CHECK_FALSE(embedded_file("test folder/first"));

  CHECK(files_in(folder) == std::vector{folder / "first"});
  CHECK(files_in(root / "test").empty());
}

TEST_CASE("files on disk are found and listed alike") {
  const test::TemporaryFolder folder;
  const auto file = folder.file("a", {});
  std::filesystem::create_directory(folder / "inner");
  CHECK(is_file(file));
  CHECK_FALSE(embedded_file(file));
  CHECK(files_in(folder.path()) == std::vector{file});
  CHECK(files_in(folder / "none").empty());
}

}  // namespace yent
