// The one place that starts threads.
#pragma once

#include <omp.h>

#include <cstddef>
#include <exception>

namespace yent {

// Calls body(task, thread) for every task below `tasks`, thread < threads. Which thread gets
// which task is chance, so a task's result may depend on nothing but the task. What a task
// throws (memory ran out) is thrown here once all have ended.
template <class Body>
void parallel_for(int threads, size_t tasks, const Body& body) {
  if (threads <= 1 || tasks <= 1) {
    for (size_t task = 0; task < tasks; ++task) body(task, 0);
    return;
  }
  std::exception_ptr thrown;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
  for (size_t task = 0; task < tasks; ++task) {
    try {
      body(task, omp_get_thread_num());
    } catch (...) {  // none may leave a thread
#pragma omp critical
      thrown = std::current_exception();
    }
  }
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace yent
