// The cut of a matrix product into tasks: blocks of rows by blocks of weight panels.
#pragma once

#include <algorithm>
#include <cstddef>

namespace yent {

struct TaskGrid {
  size_t rows, task_rows, row_tasks;        // task_rows: of every task but the last
  size_t panels, task_panels, panel_tasks;  // the same for panels

  struct Task {
    size_t row, rows;    // its first row and its number of rows
    size_t first, last;  // panels [first, last)
  };

  size_t tasks() const { return row_tasks * panel_tasks; }

  // Consecutive tasks share their panels.
  Task at(size_t task) const {
    const size_t row = task % row_tasks * task_rows, first = task / row_tasks * task_panels;
    return {row, std::min(task_rows, rows - row), first, std::min(first + task_panels, panels)};
  }
};

}  // namespace yent
