// Memory of the device, and the way of a file's bytes into it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "kernels/cuda/runtime/queue.h"

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

  // Rows of `row` bytes, dense on the host, `pitch` bytes apart on the device. A write does not
  // wait for the device, but `from` may change when it returns; a read waits.
  void write(void* to, size_t pitch, const void* from, size_t row, size_t rows);
  void read(void* to, const void* from, size_t pitch, size_t row, size_t rows);

 private:
  static constexpr size_t kPiece = 16 << 20;
  struct Slot {
    std::shared_ptr<void> host, device;
    cudaEvent_t free = nullptr;
  };

  Slot& next();  // nobody uses it any more
  void copy(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t row, size_t rows,
            cudaMemcpyKind kind);

  Queue& q_;
  Slot slots_[2];
  int next_ = 0;
};

}  // namespace yent::cuda
