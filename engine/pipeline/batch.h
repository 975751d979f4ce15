// A batch made by several at once and shown in order.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>

namespace yent {

class Batch {
 public:
  // Calls work(worker) for every worker, the first in the calling thread, the others in one each.
  // When all have ended, throws what was thrown first; the others stop at their next check.
  void run(size_t workers, const std::function<void(size_t worker)>& work);

  // The rest is for the workers.

  // Calls `show` when those of all pictures before this one have been called, one at a time.
  void in_turn(size_t picture, const std::function<void()>& show);
  // Ends this worker where another has failed.
  void check();

 private:
  struct Stopped {};

  void run_one(size_t worker, const std::function<void(size_t worker)>& work);
  void fail();

  std::mutex mutex_;
  std::condition_variable changed_;
  size_t next_ = 0;
  std::exception_ptr failed_;
};

}  // namespace yent
