// Memory of the device, and the way of a file's bytes into it.
#pragma once

#include <functional>
#include <memory>

#include "kernels/cuda/queue.h"

namespace yent::cuda {

// Zeroed; throws a run error that names what is missing.
std::shared_ptr<void> allocate(Queue& q, size_t bytes);
size_t free_bytes();

// Copies host memory, of which nothing is pinned, through two pinned buffers: while one is being
// copied to the device and read by a kernel there, the next is filled.
class Stager {
 public:
  explicit Stager(Queue& q) : q_(q) {}
  ~Stager();
  Stager(const Stager&) = delete;

  // Hands on `rows` rows of `row_bytes` in pieces; `use` queues what reads a piece.
  void send(const void* from, size_t row_bytes, int rows,
            const std::function<void(const void* piece, int first, int count)>& use);

 private:
  static constexpr size_t kPiece = 16 << 20;
  struct Slot {
    void *host = nullptr, *device = nullptr;
    cudaEvent_t free = nullptr;
  };

  Queue& q_;
  Slot slots_[2];
  int next_ = 0;
};

}  // namespace yent::cuda
