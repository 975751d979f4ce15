// Words that come through standard input.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace yent {

constexpr size_t kMostPipedBytes = 64 << 10;

// What is piped into the program, without white space around it. A usage error where standard
// input is a terminal, has no words, or has more than 64 KiB.
std::string piped_words();

// The next line of standard input without its end, nothing at the end of it. A line of more than
// 64 KiB is a usage error. A signal gives an empty line.
std::optional<std::string> piped_line();

}  // namespace yent
