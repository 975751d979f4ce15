#include "tools/talk/piped_words.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "kernels/error.h"

namespace yent {

std::optional<std::string> words_in_pipe() {
  if (::isatty(STDIN_FILENO) == 1) return {};
  std::string text(kMostPipedBytes + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(STDIN_FILENO, text.data() + size, text.size() - size);
    if (got == 0) break;
    if (got > 0) {
      size += static_cast<size_t>(got);
    } else if (errno != EINTR) {
      throw usage_error("nothing is said, and standard input cannot be read: {}",
                        std::strerror(errno));
    }
  }
  if (size > kMostPipedBytes) {
    throw usage_error("standard input has more than 64 KiB, expected words for Yent");
  }
  text.resize(size);
  constexpr const char* blank = " \t\r\n\f\v";
  const size_t begin = text.find_first_not_of(blank);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) + 1 - begin);
}

void refuse_silence() {
  if (::isatty(STDIN_FILENO) == 1) {
    throw usage_error("nothing is said: yent-run \"who are you\" (--help tells more)");
  }
  throw usage_error("nothing is said: no words were given, and standard input has none");
}

std::optional<std::string> piped_line() {
  std::string line;
  for (int c; (c = std::getc(stdin)) != '\n';) {
    if (c == EOF) {
      if (std::ferror(stdin) && errno == EINTR) {
        std::clearerr(stdin);
        return "";
      }
      if (line.empty()) return std::nullopt;
      break;
    }
    if (line.size() == kMostPipedBytes) {
      throw usage_error("a line of standard input has more than 64 KiB, expected words for Yent");
    }
    line += static_cast<char>(c);
  }
  return line;
}

}  // namespace yent
