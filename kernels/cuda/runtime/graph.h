// Forwards as graphs: recorded once, played again as one launch.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "kernels/cuda/runtime/queue.h"

namespace yent::cuda {

class Graphs {
 public:
  explicit Graphs(Queue& q) : q_(q) {}
  ~Graphs() { clear(); }
  Graphs(const Graphs&) = delete;

  // The first time, runs the forward. After that, goes through it without launching anything, and
  // where every launch would be the one recorded, with the same arguments, plays the recording;
  // else records anew. So a recording can be out of date but never wrong. A forward that waits (a
  // dump reads in between) is never recorded.
  void replay(const std::string& key, const std::function<void()>& forward);
  void clear();

 private:
  struct Recording {
    cudaGraphExec_t exec = nullptr;
    uint64_t signature = 0;
    bool waits = false;
  };
  static constexpr size_t kMost = 64;

  void record(Recording& r, const std::function<void()>& forward);

  Queue& q_;
  std::map<std::string, Recording> recordings_;
};

}  // namespace yent::cuda
