// libFuzzer's entry points. The variable YENT_PARSER names the parser: a merge starts the program
// again, with arguments of its own.
#include <cstdio>
#include <cstdlib>

#include "kernels/error.h"
#include "tests/fuzz/parsers.h"

namespace {

const yent::fuzz::Parser* parser = nullptr;

}  // namespace

extern "C" {

size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t most);

int LLVMFuzzerInitialize(int*, char***) {
  const char* name = std::getenv("YENT_PARSER");
  parser = yent::fuzz::find_parser(name ? name : "");
  if (!parser) {
    std::fprintf(stderr, "YENT_PARSER names none of the parsers:");
    for (const auto& known : yent::fuzz::parsers()) std::fprintf(stderr, " %s", known.name);
    std::fprintf(stderr, "\n");
    std::exit(2);
  }
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    parser->read(std::as_bytes(std::span(data, size)));
  } catch (const yent::Error& error) {
    ENSURE(error.kind() == yent::Error::file, "an error of another kind: {}", error.what());
  }
  return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned) {
  const size_t changed = LLVMFuzzerMutate(data, size, most);
  if (parser->mend) parser->mend({data, changed});
  return changed;
}

}  // extern "C"
