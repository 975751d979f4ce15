#include "kernels/cuda/runtime/queue.h"

#include <cstring>

#include "kernels/cuda/runtime/check.cuh"
#include "kernels/error.h"

namespace yent::cuda {

void cuda_failed(cudaError_t error, const char* call) {
  cudaGetLastError();  // clears the error
  throw run_error("CUDA: {} ({})", cudaGetErrorString(error), call);
}

Queue::Queue(int device) : device_(device) {
  enter();
  CUDA_CHECK(cudaDeviceGetAttribute(&processors_, cudaDevAttrMultiProcessorCount, device));
  CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
}

Queue::~Queue() { cudaStreamDestroy(stream_); }

void Queue::enter() const { CUDA_CHECK(cudaSetDevice(device_)); }

void Queue::begin_signature(bool compare) {
  compares_ = compare;
  waited_ = false;
  signature_ = 0xcbf29ce484222325u;
}

uint64_t Queue::end_signature() {
  compares_ = false;
  return signature_;
}

// FNV-1a, eight bytes at a time.
void Queue::sign(const void* bytes, size_t count) {
  const auto* at = static_cast<const unsigned char*>(bytes);
  for (; count > 0; at += 8) {
    uint64_t word = 0;
    const size_t part = count < 8 ? count : 8;
    std::memcpy(&word, at, part);
    signature_ = (signature_ ^ word) * 0x100000001b3u;
    signature_ ^= signature_ >> 29;
    count -= part;
  }
}

void Queue::begin_wait() {
  waited_ = true;
  enter();
}

void Queue::clear(void* data, size_t bytes) {
  sign(&data, sizeof(data));
  sign(&bytes, sizeof(bytes));
  if (compares_) return;
  enter();
  CUDA_CHECK(cudaMemsetAsync(data, 0, bytes, stream_));
}

void Queue::launch(const void* kernel, dim3 grid, dim3 block, size_t shared, const void* args,
                   size_t bytes) {
  const uint64_t shape[] = {reinterpret_cast<uintptr_t>(kernel), grid.x,
                            static_cast<uint64_t>(grid.y) << 32 | grid.z, block.x, shared};
  sign(shape, sizeof(shape));
  sign(args, bytes);
  if (compares_ || grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  enter();  // a thread may serve several devices
  constexpr size_t default_limit = 48 << 10;
  if (shared > default_limit && shared > large_[kernel]) {
    CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    static_cast<int>(shared)));
    large_[kernel] = shared;
  }
  void* parameters[] = {const_cast<void*>(args)};
  CUDA_CHECK(cudaLaunchKernel(kernel, grid, block, parameters, shared, stream_));
}

}  // namespace yent::cuda
