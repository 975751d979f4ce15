// How long work would take with more threads than the machine has cores: while a rehearsal lives,
// the loops of its thread run on that thread alone, task after task, each timed and given to the
// one of N imagined threads that is free first, as real ones take them. What is left out: shared
// caches and memory, the processor's lower frequency, and the start of a loop (about a
// microsecond).
#pragma once

#include <cstddef>
#include <functional>

namespace yent {

// One at a time in a thread.
class Rehearsal {
 public:
  Rehearsal();
  ~Rehearsal();
  Rehearsal(const Rehearsal&) = delete;
  Rehearsal& operator=(const Rehearsal&) = delete;

  // Milliseconds of the processor since the start, as they would be had the loops run on the
  // threads they asked for.
  double now() const;

  // The calling thread's rehearsal, or null.
  static Rehearsal* current();
  void run(int threads, size_t tasks, const std::function<void(size_t task)>& body);

 private:
  double begin_, saved_ = 0;
};

}  // namespace yent
