// The only stream of a device. Every launch goes through Queue with all its arguments in one plain
// struct, so that a forward can be compared with a recorded graph. Not for several threads at once.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <map>

#include "kernels/cuda/runtime/register_kernel.h"

namespace yent::cuda {

class Queue {
 public:
  explicit Queue(int device);
  ~Queue();
  Queue(const Queue&) = delete;

  // Makes this device the current one of the calling thread.
  void enter() const;
  int device() const { return device_; }
  int processors() const { return processors_; }
  cudaStream_t stream() const { return stream_; }

  // While it compares, a launch is added to the signature and not made.
  void begin_signature(bool compare);
  uint64_t end_signature();
  bool compares() const { return compares_; }
  void sign(const void* bytes, size_t count);

  // Args are hashed as bytes: a struct without holes.
  template <class Args>
  void launch(void (*kernel)(Args), dim3 grid, dim3 block, size_t shared, const Args& args) {
    register_kernel(kernel);
    launch(reinterpret_cast<const void*>(kernel), grid, block, shared, &args, sizeof(Args));
  }
  void clear(void* data, size_t bytes);  // fills with zeros, in stream order

  // Called before the host waits for the device: a graph cannot contain that.
  bool waited() const { return waited_; }
  void begin_wait();

 private:
  void launch(const void* kernel, dim3 grid, dim3 block, size_t shared, const void* args,
              size_t bytes);

  int device_, processors_ = 0;
  cudaStream_t stream_ = nullptr;
  bool compares_ = false, waited_ = false;
  uint64_t signature_ = 0;
  std::map<const void*, size_t> large_;  // kernels that may take more than 48 KB of shared memory
};

}  // namespace yent::cuda
