// Loops on threads. This is the only place that starts threads.
#pragma once

#include <cstddef>

#include "kernels/integers.h"

namespace yent {

using ParallelBody = void (*)(const void* body, size_t task, int thread);

// parallel_for for any type of body.
void run_tasks(int threads, size_t tasks, ParallelBody call, const void* body);

// Calls body(task, thread) for every task below `tasks`, with thread < threads. Any thread may get
// any task, so a task's result may depend on nothing but the task. An exception thrown by a task
// (out of memory) is rethrown here once all tasks have ended. Several threads may call it at the
// same time: each has helper threads of its own, which end with it. A call from within a task runs
// on that task's thread alone.
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
  parallel_for(threads, ceil_div(rows, task_rows), [&](size_t task, int) {
    const size_t end = rows < (task + 1) * task_rows ? rows : (task + 1) * task_rows;
    for (size_t r = task * task_rows; r < end; ++r) body(r);
  });
}

}  // namespace yent
