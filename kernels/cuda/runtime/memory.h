// Memory of the device, and copies between it and the host.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "kernels/cuda/runtime/queue.h"

namespace yent::cuda {

// Zeroed. Throws a run error that says how many bytes are missing.
std::shared_ptr<void> allocate(Queue& q, size_t bytes);
size_t free_bytes();

// Copies pageable host memory through two pinned buffers: while one is copied to the device and
// read by a kernel there, the other is filled.
class Stager {
 public:
  explicit Stager(Queue& q) : q_(q) {}
  ~Stager();
  Stager(const Stager&) = delete;

  // Sends `rows` rows of `row_bytes` in pieces. `use` launches the kernel that reads a piece.
  void send(const void* from, size_t row_bytes, int rows,
            const std::function<void(const void* piece, int first, int count)>& use);

  // Rows of `row` bytes, dense on the host, `pitch` bytes apart on the device. A write does not
  // wait for the device, but `from` may change when it returns; a read waits.
  void write(void* to, size_t pitch, const void* from, size_t row, size_t rows);
  void read(void* to, const void* from, size_t pitch, size_t row, size_t rows);

 private:
  static constexpr size_t kBufferBytes = 16 << 20;
  struct Slot {
    std::shared_ptr<void> host, device;
    cudaEvent_t free = nullptr;
  };

  struct Copy {  // `rows` rows of `row` bytes
    void* to;
    size_t to_pitch;
    const void* from;
    size_t from_pitch, row, rows;
    cudaMemcpyKind kind;
  };

  Slot& next();  // waits until the device has read it
  void copy(const Copy& c);

  Queue& q_;
  Slot slots_[2];
  int next_ = 0;
};

}  // namespace yent::cuda
