// What Ctrl-C and its kin do. By itself Ctrl-C ends the program at once: outputs appear by rename,
// so nothing is left half done. Whatever ends or stops the program leaves the terminal as it was.
#pragma once

#include "engine/core/cancel.h"

namespace yent {

// Call it once, before any work.
void handle_interrupts();

// As long as it lives, the first Ctrl-C cancels the token, and only one more ends the program. One
// at a time. The token must outlive it.
class CancelOnInterrupt {
 public:
  explicit CancelOnInterrupt(CancelToken& token);
  CancelOnInterrupt(const CancelOnInterrupt&) = delete;
  CancelOnInterrupt& operator=(const CancelOnInterrupt&) = delete;
  ~CancelOnInterrupt();
};

}  // namespace yent
