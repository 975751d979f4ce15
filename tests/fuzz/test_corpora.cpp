// Every input that once reached something new is read again, in every build.
#include <doctest/doctest.h>

#include <filesystem>

#include "kernels/error.h"
#include "tests/fuzz/parsers.h"
#include "tests/support/golden.h"
#include "tests/support/hostile.h"

using namespace yent;

TEST_CASE("fuzz: the corpora hold nothing that a parser does not survive") {
  const std::filesystem::path corpora = golden_path("../fuzz/corpus");
  for (const fuzz::Parser& parser : fuzz::parsers()) {
    CAPTURE(parser.name);
    size_t read = 0;
    REQUIRE(std::filesystem::is_directory(corpora / parser.name));
    for (const auto& entry : std::filesystem::directory_iterator(corpora / parser.name)) {
      CAPTURE(entry.path().filename().string());
      const std::vector<uint8_t> bytes = test::contents(entry.path());
      test::refusal([&] { parser.read(std::as_bytes(std::span(bytes))); });
      ++read;
    }
    CHECK(read > 0);
  }
}
