// Asks work in progress to stop.
#pragma once

#include <atomic>

#include "kernels/error.h"

namespace yent {

// Any thread may call cancel() while another one works. The work notices between two ops, in a
// load between two tensors, and throws an error of the kind `cancelled`; nothing is left half done
// and the objects that worked can be used again. A token stays cancelled until reset().
class CancelToken {
 public:
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  void reset() { cancelled_.store(false, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

  // Throws where `token` is given and cancelled.
  static void check(const CancelToken* token) {
    if (token && token->cancelled()) throw cancelled_error();
  }

 private:
  std::atomic<bool> cancelled_ = false;
};

}  // namespace yent
