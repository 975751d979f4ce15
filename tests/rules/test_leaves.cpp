// The leaf rule (kernels/cpu/simd/leaf.h), read from the sources: a file compiled for one
// instruction set reaches no header but the compiler's intrinsics and integer types.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>

namespace {

const std::filesystem::path root = YENT_SOURCE_DIR;

// Angle-bracket includes of a file and of every project header it leads to.
void gather(const std::filesystem::path& file, std::set<std::string>& seen,
            std::set<std::string>& system) {
  if (!seen.insert(file.string()).second) return;
  std::ifstream in(root / file);
  REQUIRE_MESSAGE(in, file.string());
  static const std::regex include(R"re(\s*#\s*include\s*([<"])([^>"]+)[>"].*)re");
  std::smatch match;
  for (std::string line; std::getline(in, line);) {
    if (!std::regex_match(line, match, include)) continue;
    if (match[1] == "<") {
      system.insert(match[2]);
    } else {
      gather(match[2].str(), seen, system);
    }
  }
}

}  // namespace

TEST_CASE("leaves: no header of the standard library reaches a leaf") {
  const std::set<std::string> allowed = {"immintrin.h", "arm_neon.h", "stddef.h", "stdint.h"};
  const std::regex leaf(R"(.*_(avx|amx|neon)[a-z0-9_]*\.cpp)");
  int leaves = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root / "kernels/cpu")) {
    const std::string name = std::filesystem::relative(entry.path(), root).generic_string();
    if (!std::regex_match(name, leaf)) continue;
    ++leaves;
    std::set<std::string> seen, system;
    gather(name, seen, system);
    for (const std::string& header : system) {
      CHECK_MESSAGE(allowed.count(header), name << " reaches <" << header << ">");
    }
  }
  CHECK(leaves >= 12);
}
