// The arrows between folders, read off the #include lines of the tree.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

struct Source {
  std::string path;    // from the root of the tree, such as kernels/cpu/gemm/gemm.h
  std::string folder;  // the first part of it
  std::vector<std::string> lines;
  std::vector<std::string> includes;  // as written, without quotes or brackets
};

std::vector<Source> read_tree() {
  const fs::path root = YENT_SOURCE_DIR;
  const std::set<std::string> endings = {".h", ".cpp", ".cu", ".cuh"};
  static const std::regex include(R"re(^\s*#\s*include\s*["<]([^">]+)[">])re");
  std::vector<Source> sources;
  for (const char* folder : {"engine", "kernels", "loaders", "tools", "bench", "tests"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (!endings.contains(entry.path().extension().string())) continue;
      Source source{fs::relative(entry.path(), root).generic_string(), folder, {}, {}};
      std::ifstream in(entry.path());
      for (std::string line; std::getline(in, line);) {
        std::smatch match;
        if (std::regex_search(line, match, include)) source.includes.push_back(match[1]);
        source.lines.push_back(std::move(line));
      }
      sources.push_back(std::move(source));
    }
  }
  return sources;
}

const std::vector<Source>& tree() {
  static const std::vector<Source> sources = read_tree();
  return sources;
}

using Names = std::vector<std::string>;

bool begins_with_any(const std::string& name, const Names& prefixes) {
  return std::ranges::any_of(prefixes, [&](const auto& p) { return name.starts_with(p); });
}

// One a line, so that a failed CHECK shows them; empty is what every rule wants.
std::string joined(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  return text;
}

// Every include in `folder` that begins with one of `prefixes`.
std::string arrows(const std::string& folder, const Names& prefixes) {
  Names found;
  for (const Source& source : tree()) {
    if (source.folder != folder) continue;
    for (const std::string& header : source.includes) {
      if (begins_with_any(header, prefixes)) found.push_back(source.path + " includes " + header);
    }
  }
  return joined(found);
}

// The files outside `folders` that include what begins with `prefix`.
std::string includers(const std::string& prefix, const Names& folders) {
  Names found;
  for (const Source& source : tree()) {
    const bool has =
        std::ranges::any_of(source.includes, [&](const auto& i) { return i.starts_with(prefix); });
    if (has && !begins_with_any(source.path, folders)) found.push_back(source.path);
  }
  return joined(found);
}

// The lines outside `folders` that match.
std::string lines_like(const std::string& pattern, const Names& folders) {
  const std::regex form(pattern);
  Names found;
  for (const Source& source : tree()) {
    if (begins_with_any(source.path, folders)) continue;
    for (const std::string& line : source.lines) {
      if (std::regex_search(line, form)) found.push_back(source.path + ": " + line);
    }
  }
  return joined(found);
}

}  // namespace

TEST_CASE("includes: the tree is read") {
  CHECK(tree().size() > 50);
  CHECK(
      arrows("loaders", {"kernels/"}).find("loaders/image/image.cpp includes kernels/error.h\n") !=
      std::string::npos);
}

TEST_CASE("includes: kernels know no model and no file format") {
  CHECK(arrows("kernels", {"engine/", "loaders/", "tools/", "bench/", "tests/"}) == "");
}

TEST_CASE("includes: loaders know no op and no model") {
  CHECK(arrows("loaders",
               {"engine/", "tools/", "bench/", "tests/", "kernels/backend.h", "kernels/decorate.h",
                "kernels/cpu/", "kernels/ref/", "kernels/cuda/"}) == "");
}

TEST_CASE("includes: the engine names no device") {
  CHECK(arrows("engine", {"tools/", "bench/", "tests/", "kernels/cpu/", "kernels/ref/",
                          "kernels/cuda/"}) == "");
}

TEST_CASE("includes: nothing includes the tests or the benchmarks") {
  CHECK(arrows("tools", {"bench/", "tests/"}) == "");
  CHECK(arrows("bench", {"tests/"}) == "");
}

TEST_CASE("includes: paths begin at the root") {
  CHECK(lines_like(R"re(^\s*#\s*include\s*"\.)re", {}) == "");
}

TEST_CASE("includes: each library has its place") {
  CHECK(includers("doctest/", {"tests/"}) == "");
  CHECK(includers("benchmark/", {"bench/"}) == "");
  CHECK(includers("Eigen/", {"kernels/ref/", "tests/"}) == "");
  CHECK(includers("nlohmann/", {"tests/loaders/test_json.cpp"}) == "loaders/io/json.cpp\n");
  CHECK(includers("CLI/", {"tools/", "bench/"}) == "");
  CHECK(includers("stb/stb_image_write.h", {}) == "loaders/image/png.cpp\n");
}

TEST_CASE("includes: conditional code, intrinsics, OpenMP and CUDA live in kernels") {
  CHECK(lines_like(R"(^\s*#\s*(if|ifdef|ifndef|elif|else)\b)", {"kernels/"}) == "");
  CHECK(lines_like(R"(^\s*#\s*pragma\s+omp)", {"kernels/"}) == "");
  CHECK(lines_like(R"(^\s*__(global|device|shared)__\b)", {"kernels/"}) == "");
  for (const char* header : {"immintrin", "x86intrin", "arm_neon", "omp.h", "cuda", "cublas"}) {
    CHECK(includers(header, {"kernels/", "tests/support/fake_cuda/"}) == "");
  }
}

TEST_CASE("includes: the environment is read by tools, and YENT_ISA by the tables") {
  CHECK(lines_like(R"(\bgetenv\()", {"tools/", "bench/", "tests/", "kernels/cpu/isa_table.cpp"}) ==
        "");
}

TEST_CASE("includes: a source includes its own header first") {
  for (const Source& source : tree()) {
    if (!source.path.ends_with(".cpp") || source.folder == "tests") continue;
    const std::string own = source.path.substr(0, source.path.size() - 4) + ".h";
    const auto at = std::ranges::find(source.includes, own);
    CAPTURE(source.path);
    CHECK((at == source.includes.end() || at == source.includes.begin()));
  }
}

TEST_CASE("includes: a header is guarded by #pragma once") {
  for (const Source& source : tree()) {
    if (!source.path.ends_with(".h") && !source.path.ends_with(".cuh")) continue;
    CAPTURE(source.path);
    CHECK(std::ranges::find(source.lines, "#pragma once") != source.lines.end());
  }
}
