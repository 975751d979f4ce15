// Words that come through standard input.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace yent {

constexpr size_t kMostPipedBytes = 64 << 10;

// What is piped into the program, without white space around it; nothing where standard input is a
// terminal or has no words. A usage error where it has more than 64 KiB.
std::optional<std::string> words_in_pipe();
// The usage error of a run without words.
[[noreturn]] void refuse_silence();

// The next line of standard input without its end, nothing at the end of it. A line of more than
// 64 KiB is a usage error. A signal gives an empty line.
std::optional<std::string> piped_line();

}  // namespace yent
