#include "kernels/cpu/runtime/rehearsal.h"

#include <time.h>

#include <algorithm>
#include <vector>

namespace yent {
namespace {

thread_local Rehearsal* rehearsed = nullptr;

// Of the thread, so that other work on the machine is not counted.
double clock_ms() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

}  // namespace

Rehearsal::Rehearsal() : begin_(clock_ms()) { rehearsed = this; }
Rehearsal::~Rehearsal() { rehearsed = nullptr; }
Rehearsal* Rehearsal::current() { return rehearsed; }
double Rehearsal::now() const { return clock_ms() - begin_ - saved_; }

void Rehearsal::run(int threads, size_t tasks, const std::function<void(size_t task)>& body) {
  std::vector<double> busy(threads);
  const double start = clock_ms();
  double before = start;
  for (size_t task = 0; task < tasks; ++task) {
    body(task);
    const double after = clock_ms();
    *std::ranges::min_element(busy) += after - before;
    before = after;
  }
  saved_ += before - start - std::ranges::max(busy);
}

}  // namespace yent
