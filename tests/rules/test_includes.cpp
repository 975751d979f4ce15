// Which folder may include which, read from the #include lines of the tree.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/rules/source_tree.h"

using namespace yent::rules;

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
                "kernels/devices.h", "kernels/cpu/", "kernels/ref/", "kernels/cuda/"}) == "");
}

TEST_CASE("includes: the engine names no device") {
  CHECK(arrows("engine", {"tools/", "bench/", "tests/", "kernels/cpu/", "kernels/ref/",
                          "kernels/cuda/"}) == "");
}

TEST_CASE("includes: only kernels/devices.cpp chooses a device, and only the top asks it") {
  CHECK(includers("kernels/devices.h", {"kernels/devices.cpp", "engine/pipeline/", "engine/api/",
                                        "tools/", "bench/", "tests/"}) == "");
  CHECK(includers("kernels/cpu/", {"kernels/cpu/", "kernels/devices.cpp", "bench/", "tests/"}) ==
        "");
  CHECK(includers("kernels/cuda/", {"kernels/cuda/", "kernels/devices.cpp", "bench/", "tests/"}) ==
        "");
}

TEST_CASE("includes: the public headers need no other header of the tree") {
  CHECK(arrows("include", {"kernels/", "loaders/", "engine/", "tools/", "bench/", "tests/"}) == "");
}

TEST_CASE("includes: nothing includes the tests, the benchmarks or the programs") {
  CHECK(includers("tests/", {"tests/"}) == "");
  CHECK(includers("bench/", {"bench/", "tests/"}) == "");
  CHECK(includers("tools/", {"tools/", "tests/", "bench/stages.cpp"}) == "");  // measures a run
}

TEST_CASE("includes: paths begin at the root") {
  CHECK(lines_like(R"re(^\s*#\s*include\s*"\.)re", {""}) == "");
}

TEST_CASE("includes: each library has its place") {
  CHECK(includers("doctest/", {"tests/"}) == "");
  CHECK(includers("benchmark/", {"bench/"}) == "");
  CHECK(includers("Eigen/", {"kernels/ref/", "tests/"}) == "");
  CHECK(includers("nlohmann/", {"tests/loaders/test_json.cpp"}) == "loaders/io/json.cpp\n");
  CHECK(includers("histedit", {"tools/talk/editor/"}) == "");
  CHECK(includers("CLI/", {"tools/command_line/"}) == "");
  CHECK(includers("sqlite3.h", {}) == "tools/sqlite/sqlite.cpp\n");
  CHECK(includers("boost/", {"tools/server/http/"}) == "");
  CHECK(includers("prometheus/", {}) == "tools/server/metrics.cpp\n");
  CHECK(includers("stb/stb_image_write.h", {}) == "loaders/image/encode.cpp\n");
}

TEST_CASE("includes: intrinsics, OpenMP and CUDA live in kernels") {
  for (const char* header : {"immintrin", "x86intrin", "arm_neon", "omp.h", "cuda", "cublas"}) {
    CHECK(includers(header, {"kernels/", "tests/support/fake_cuda/",
                             "tests/support/cuda_emulator/twin/"}) == "");
  }
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
