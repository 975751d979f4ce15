// Rules about the contents of each folder, read from the lines of the tree.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "tests/rules/source_tree.h"

using namespace yent::rules;

namespace {

// Everything that a second program could link. It reports through errors and callbacks only.
const Names kLibrary = {"kernels/", "loaders/", "engine/", "include/"};

}  // namespace

TEST_CASE("sources: a folder holds at most 25 of them") {
  constexpr int most = 25;
  const std::map<std::string, std::string> exceptions = {};  // a folder, and the reason
  std::map<std::string, int> counts;
  for (const Source& source : tree()) ++counts[source.path.substr(0, source.path.rfind('/'))];
  for (const auto& entry : counts) {
    CAPTURE(entry.first);
    if (!exceptions.contains(entry.first)) CHECK(entry.second <= most);
  }
}

TEST_CASE("sources: a header is guarded by #pragma once") {
  for (const Source& source : tree()) {
    if (!source.path.ends_with(".h") && !source.path.ends_with(".cuh")) continue;
    if (source.folder == "include") continue;  // C compilers need not know the pragma
    CAPTURE(source.path);
    CHECK(std::ranges::find(source.lines, "#pragma once") != source.lines.end());
  }
}

// include/ is read by C and C++ compilers and by those of Windows.
TEST_CASE("sources: conditional code, OpenMP and CUDA live in kernels") {
  const Names others = {"loaders/", "engine/", "tools/", "bench/", "tests/", "examples/"};
  CHECK(lines_like(R"(^\s*#\s*(if|ifdef|ifndef|elif|else)\b)", others) == "");
  CHECK(lines_like(R"(^\s*#\s*pragma\s+omp)", others) == "");
  CHECK(lines_like(R"(^\s*__(global|device|shared)__\b)", others) == "");
}

TEST_CASE("sources: only programs read the environment") {
  CHECK(lines_like(R"(\bgetenv\()", kLibrary) == "");
}

TEST_CASE("sources: below tools, no message names a flag") {
  CHECK(lines_like(R"re("([^"]*[ (])?--[a-z])re", kLibrary) == "");
}

TEST_CASE("sources: below tools, nothing prints or ends the program") {
  CHECK(lines_like(
            R"(\bstd::(cout|cerr|clog)\b|\b(stdout|stderr)\b|\b([fv]*printf|f?puts|putchar)\()",
            kLibrary, {"kernels/error.h"}) == "");  // where ENSURE says what is broken
  CHECK(lines_like(R"(\b_?[eE]xit\(|\babort\(|\bterminate\()", kLibrary, {"kernels/error.h"}) ==
        "");
}

// The C library's differ in the last place between machines: kernels/portable_math.h has others.
TEST_CASE("sources: exp, sin and their kin are our own") {
  CHECK(lines_like(R"(\b(std|ranges)::(a?(sin|cos|tan)h?|atan2|exp2?|expm1|log(2|10|1p)?|pow|)"
                   R"(cbrt|hypot|erfc?|[lt]gamma)f?\()",
                   {"kernels/", "loaders/", "engine/"},
                   {"kernels/portable_math.cpp", "kernels/ref/ref_backend.cpp"}) == "");
}
