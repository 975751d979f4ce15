// Helper threads spin for a moment, because a token takes a hundred regions of some microseconds
// each, and then sleep. A region never waits for a helper that has not begun: on a busy machine, or
// after a long pause, the caller has done the work before the helper wakes.
#include "kernels/cpu/runtime/parallel.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "kernels/cpu/runtime/rehearsal.h"

namespace yent {
namespace {

constexpr std::chrono::microseconds spin_time(50);
constexpr int looks = 16;  // reads of the state between two reads of the clock

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

// idle -> called -> working -> idle, or back from called to idle if the caller is done first. The
// upper bits are a call counter, so a helper that slept through a call notices that and keeps
// spinning for the next one.
enum State : uint32_t { idle, called, working, leaving, states };

// Waits until the state is no longer `old`; returns the new one.
uint32_t await_change(std::atomic<uint32_t>& state, uint32_t old) {
  const auto start = std::chrono::steady_clock::now();
  do {
    for (int i = 0; i < looks; ++i) {
      const uint32_t now = state.load(std::memory_order_acquire);
      if (now != old) return now;
      relax();
    }
  } while (std::chrono::steady_clock::now() - start < spin_time);
  state.wait(old, std::memory_order_acquire);
  return state.load(std::memory_order_acquire);
}

struct Region {
  size_t tasks;
  ParallelBody call;
  const void* body;
  alignas(64) std::atomic<size_t> next = 0;
  std::mutex mutex = {};
  std::exception_ptr thrown = {};

  void run(size_t task, int thread) {
    try {
      call(body, task, thread);
    } catch (...) {  // an exception may not leave a thread
      const std::lock_guard lock(mutex);
      thrown = std::current_exception();
    }
  }

  void work(int thread) {
    for (size_t task; (task = next.fetch_add(1, std::memory_order_relaxed)) < tasks;) {
      run(task, thread);
    }
  }
};

thread_local bool inside = false;

// A thread makes one call after another, so the state is `idle` between them.
class Helper {
 public:
  explicit Helper(int thread) : thread_([this, thread] { serve(thread); }) {}
  ~Helper() {
    set(leaving);
    thread_.join();
  }

  void call(Region& region) {
    region_ = &region;
    calls_ += states;
    set(calls_ | called);
  }

  // Returns when this helper has done its part, or has been called off before it began.
  void dismiss() {
    uint32_t now = calls_ | called;
    if (state_.compare_exchange_strong(now, calls_ | idle, std::memory_order_acquire)) return;
    while (now == (calls_ | working)) now = await_change(state_, now);
  }

 private:
  void set(uint32_t state) {
    state_.store(state, std::memory_order_release);
    state_.notify_one();
  }

  void serve(int thread) {
    inside = true;
    for (uint32_t now = idle; now % states != leaving;) {
      if (now % states == idle) now = await_change(state_, now);
      if (now % states != called) continue;
      const uint32_t begun = now - called + working, done = now - called + idle;
      if (!state_.compare_exchange_strong(now, begun, std::memory_order_acquire)) continue;
      region_->work(thread);
      now = begun;  // or leaving, where a task has ended the program
      if (!state_.compare_exchange_strong(now, done, std::memory_order_release)) return;
      state_.notify_one();
      now = done;
    }
  }

  alignas(64) std::atomic<uint32_t> state_ = idle;
  uint32_t calls_ = 0;
  Region* region_ = nullptr;
  std::thread thread_;
};

// The helpers of the calling thread; they end with it.
std::vector<std::unique_ptr<Helper>>& helpers(size_t count) {
  static thread_local std::vector<std::unique_ptr<Helper>> own;
  try {
    while (own.size() < count) own.push_back(std::make_unique<Helper>(own.size() + 1));
  } catch (
      const std::system_error&) {  // the system has no more threads; the existing ones do the work
  }
  return own;
}

}  // namespace

void run_tasks(int threads, size_t tasks, ParallelBody call, const void* body) {
  Region region{.tasks = tasks, .call = call, .body = body};
  if (inside) {
    region.work(0);
  } else if (Rehearsal* rehearsal = Rehearsal::current()) {
    inside = true;
    // All as thread 0, whose memory stays in the cache, as every real thread's own does.
    rehearsal->run(threads, tasks, [&](size_t task) { region.run(task, 0); });
    inside = false;
  } else {
    const size_t wanted = std::min<size_t>(threads, tasks) - 1;
    auto& own = helpers(wanted);
    const size_t count = std::min(wanted, own.size());
    inside = true;
    for (size_t i = 0; i < count; ++i) own[i]->call(region);
    region.work(0);
    for (size_t i = 0; i < count; ++i) own[i]->dismiss();
    inside = false;
  }
  if (region.thrown) std::rethrow_exception(region.thrown);
}

}  // namespace yent
