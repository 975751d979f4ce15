// Exit codes of the programs.
#pragma once

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

}  // namespace yent
