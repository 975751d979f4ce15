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

// Calls body(row) for every row below `rows`, in tasks of 16 rows, enough to outweigh the start of
// a task.
template <class Body>
void parallel_rows(int threads, size_t rows, const Body& body) {
  constexpr size_t task_rows = 16;
  parallel_for(threads, (rows + task_rows - 1) / task_rows, [&](size_t task, int) {
    const size_t end = rows < (task + 1) * task_rows ? rows : (task + 1) * task_rows;
    for (size_t r = task * task_rows; r < end; ++r) body(r);
  });
}

}  // namespace yent
