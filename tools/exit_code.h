// How a program ends: its exit codes, and the sentence of what went wrong.
#pragma once

#include <cstdio>
#include <exception>
#include <functional>
#include <new>

#include "kernels/error.h"

namespace yent {

constexpr int exit_code(Error::Kind kind) {
  switch (kind) {
    case Error::usage:
      return 2;
    case Error::file:
      return 3;
    case Error::run:
      return 1;
    case Error::cancelled:
      return 130;
  }
  return 1;
}

// Runs the program. What it throws becomes one sentence on standard error and the exit code.
inline int run_program(const char* name, const std::function<void()>& run) {
  try {
    run();
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return exit_code(error.kind());
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "%s: memory ran out\n", name);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
  }
  return exit_code(Error::run);
}

}  // namespace yent
