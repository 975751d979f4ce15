// Everything in yent that reads bytes from strangers, as functions of these bytes. The fuzzer feeds
// them (fuzzer.cpp), and a test reads the stored corpora again (test_corpora.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace yent::fuzz {

using Bytes = std::span<const std::byte>;

struct Parser {
  const char* name;  // of its corpus, too
  // Reads the bytes and everything that the result offers. A file error is the right answer to bad
  // bytes; anything else that is thrown ends the program, as a crash does.
  void (*read)(Bytes bytes);
  // Sets checksums right after a change, or no change would get past them. May be null.
  void (*mend)(std::span<uint8_t> bytes) = nullptr;
};

std::span<const Parser> parsers();

// Null when there is none of this name.
const Parser* find_parser(std::string_view name);

// What containers.cpp, texts.cpp, pictures.cpp and forms.cpp add to the table.
std::vector<Parser> container_parsers();
std::vector<Parser> text_parsers();
std::vector<Parser> picture_parsers();
std::vector<Parser> form_parsers();

}  // namespace yent::fuzz
