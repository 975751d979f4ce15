// The leaf rule (kernels/cpu/simd/leaf.h), read from the sources: a file compiled for one
// instruction set reaches no header but the compiler's intrinsics and integer types.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "kernels/cpu/isa_table.h"
#include "tests/support/tree.h"

namespace {

const std::filesystem::path root = yent::in_tree("");

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

// Every instruction set but `ref`, whose files may be compiled for any machine.
std::vector<std::string> isas_with_leaves() {
  std::vector<std::string> names;
  for (int i = 0; i < yent::isa_count; ++i) {
    const yent::Isa isa = static_cast<yent::Isa>(i);
    if (isa != yent::Isa::ref) names.push_back(yent::isa_name(isa));
  }
  return names;
}

}  // namespace

TEST_CASE("leaves: every instruction set has its compiler flags") {
  std::ifstream in(root / "kernels/CMakeLists.txt");
  std::stringstream text;
  text << in.rdbuf();
  for (const std::string& name : isas_with_leaves()) {
    const std::regex call("leaf_options\\(" + name + "[ )]");
    CHECK_MESSAGE(std::regex_search(text.str(), call), name);
  }
}

TEST_CASE("leaves: no header of the standard library reaches a leaf") {
  const std::set<std::string> allowed = {"immintrin.h", "arm_neon.h", "stddef.h", "stdint.h"};
  std::string names;
  for (const std::string& name : isas_with_leaves()) names += (names.empty() ? "" : "|") + name;
  const std::regex leaf(".*_(" + names + ")\\.cpp");
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
