// The one place that starts threads.
#pragma once

#include <cstddef>

namespace yent {

using ParallelBody = void (*)(const void* body, size_t task, int thread);

// parallel_for without its type.
void run_tasks(int threads, size_t tasks, ParallelBody call, const void* body);

// Calls body(task, thread) for every task below `tasks`, thread < threads. Which thread gets
// which task is chance, so a task's result may depend on nothing but the task. What a task
// throws (memory ran out) is thrown here once all have ended. Any number of threads may call it
// at once, each with helpers of its own; a call from within a task runs where it is.
template <class Body>
void parallel_for(int threads, size_t tasks, const Body& body) {
  if (threads <= 1 || tasks <= 1) {
    for (size_t task = 0; task < tasks; ++task) body(task, 0);
    return;
  }
  const ParallelBody call = [](const void* typed, size_t task, int thread) {
    (*static_cast<const Body*>(typed))(task, thread);
  };
  run_tasks(threads, tasks, call, &body);
}

}  // namespace yent
