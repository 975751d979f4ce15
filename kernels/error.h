// Errors. A request, a file or the machine is wrong: throw Error, which the program or the C API
// catches. We are wrong: ENSURE aborts (doctest owns the name CHECK) with a sentence. Hot loops use
// neither.
#pragma once

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>

namespace yent {

class Error : public std::runtime_error {
 public:
  // What is wrong: what was asked for, a file that was read, the run itself (memory, a device, an
  // output); or nothing, and somebody cancelled the work.
  enum Kind { usage, file, run, cancelled };

  Error(Kind kind, const std::string& sentence) : std::runtime_error(sentence), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

// throw file_error("{}: {} is {}, expected {}", path, name, found, expected);
template <class... Args>
Error file_error(fmt::format_string<Args...> form, Args&&... args) {
  return Error(Error::file, fmt::format(form, std::forward<Args>(args)...));
}

template <class... Args>
Error usage_error(fmt::format_string<Args...> form, Args&&... args) {
  return Error(Error::usage, fmt::format(form, std::forward<Args>(args)...));
}

template <class... Args>
Error run_error(fmt::format_string<Args...> form, Args&&... args) {
  return Error(Error::run, fmt::format(form, std::forward<Args>(args)...));
}

inline Error cancelled_error() { return Error(Error::cancelled, "cancelled"); }

[[noreturn]] inline void check_failed(const char* file, int line, const std::string& what) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
  std::abort();
}

}  // namespace yent

// ENSURE(rows == x.rows(), "linear {}: {} rows", name, rows);
#define ENSURE(condition, ...)                                                            \
  do {                                                                                    \
    if (!(condition)) ::yent::check_failed(__FILE__, __LINE__, fmt::format(__VA_ARGS__)); \
  } while (0)
