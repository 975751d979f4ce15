// Forwards as CUDA graphs: recorded once, replayed as one launch.
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

  // The first call for a key runs the forward. Later calls run it without launching anything, to
  // compare its launches and their arguments with the recording; if all are equal, the recording is
  // replayed, else it is made again. A forward that waits (a dump that reads in between) is never
  // recorded.
  void replay(const std::string& key, const std::function<void()>& forward);
  void clear();

 private:
  struct Recording {
    cudaGraphExec_t exec = nullptr;
    uint64_t signature = 0;
    bool waits = false;
  };
  static constexpr size_t kMaxRecordings = 64;

  void record(Recording& r, const std::function<void()>& forward);

  Queue& q_;
  std::map<std::string, Recording> recordings_;
};

}  // namespace yent::cuda
