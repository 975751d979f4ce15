#include "engine/pipeline/batch.h"

#include <thread>
#include <vector>

namespace yent {

void Batch::run(size_t workers, const std::function<void(size_t worker)>& work) {
  {
    std::vector<std::jthread> threads;
    try {
      for (size_t w = 1; w < workers; ++w) threads.emplace_back([&, w] { run_one(w, work); });
    } catch (...) {  // no more threads
      fail();
    }
    run_one(0, work);
  }
  if (failed_) std::rethrow_exception(failed_);
}

void Batch::run_one(size_t worker, const std::function<void(size_t worker)>& work) {
  try {
    check();
    work(worker);
  } catch (const Stopped&) {
  } catch (...) {
    fail();
  }
}

void Batch::fail() {
  const std::lock_guard lock(mutex_);
  if (!failed_) failed_ = std::current_exception();
  changed_.notify_all();
}

void Batch::check() {
  const std::lock_guard lock(mutex_);
  if (failed_) throw Stopped();
}

void Batch::in_turn(size_t picture, const std::function<void()>& show) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return next_ == picture || failed_; });
  if (failed_) throw Stopped();
  show();
  ++next_;
  changed_.notify_all();
}

}  // namespace yent
