// What the documents name must be there.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include "tests/support/tree.h"

namespace fs = std::filesystem;

namespace {

const fs::path tree_root = yent::in_tree("");

std::string text_of(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A path in code marks that begins with a folder of the tree: `engine/core/nn.h`. One with a
// placeholder in it (<isa>, NAME, *, {a,b}) is for the reader to fill in.
void check_paths(const fs::path& document) {
  static const std::regex path(
      R"(`((?:engine|kernels|loaders|tools|bench|tests|weights|include|docs|cmake)/[^`\s]*)`)");
  const std::string text = text_of(document);
  REQUIRE(!text.empty());
  for (auto at = std::sregex_iterator(text.begin(), text.end(), path); at != std::sregex_iterator();
       ++at) {
    const std::string named = (*at)[1];
    if (named.find_first_of("<>*{}") != std::string::npos) continue;
    if (std::regex_search(named, std::regex("(^|[/_])(NAME|MY|NEW)"))) continue;
    CAPTURE(document.string());
    CAPTURE(named);
    CHECK(fs::exists(tree_root / named));
  }
}

}  // namespace

TEST_CASE("documents: the files they name are in the tree") {
  for (const char* name : {"README.md", "CONTRIBUTING.md"}) check_paths(tree_root / name);
  for (const auto& entry : fs::directory_iterator(tree_root / "docs")) {
    const bool record = entry.path().filename() == "ten-tasks.md";  // of the tree on its day
    if (entry.path().extension() == ".md" && !record) check_paths(entry.path());
  }
}
