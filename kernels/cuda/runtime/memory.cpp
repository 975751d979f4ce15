#include "kernels/cuda/runtime/memory.h"

#include <algorithm>
#include <cstring>

#include "kernels/cuda/runtime/check.cuh"
#include "kernels/error.h"

namespace yent::cuda {

size_t free_bytes() {
  size_t free = 0, total = 0;
  CUDA_CHECK(cudaMemGetInfo(&free, &total));
  return free;
}

std::shared_ptr<void> allocate(Queue& q, size_t bytes) {
  q.enter();
  void* data = nullptr;
  const size_t wanted = std::max<size_t>(bytes, 16);
  if (cudaMalloc(&data, wanted) != cudaSuccess) {
    cudaGetLastError();
    const size_t free = free_bytes();
    throw run_error("the GPU's memory ran out: {} bytes are needed, {} are available, {} short",
                    wanted, free, wanted > free ? wanted - free : 0);
  }
  std::shared_ptr<void> memory(data, [device = q.device()](void* p) {
    cudaSetDevice(device);
    cudaFree(p);
  });
  CUDA_CHECK(cudaMemsetAsync(data, 0, wanted, q.stream()));
  return memory;
}

Stager::~Stager() {
  cudaStreamSynchronize(q_.stream());
  for (const Slot& slot : slots_) {
    if (slot.free) cudaEventDestroy(slot.free);
  }
}

Stager::Slot& Stager::next() {
  q_.enter();
  Slot& slot = slots_[next_];
  next_ = 1 - next_;
  if (slot.free) {
    CUDA_CHECK(cudaEventSynchronize(slot.free));
    return slot;
  }
  // The event comes last: if memory runs out half way, the next call tries again.
  if (!slot.host) {
    void* host = nullptr;
    CUDA_CHECK(cudaMallocHost(&host, kBufferBytes));
    slot.host = {host, [](void* p) { cudaFreeHost(p); }};
  }
  if (!slot.device) slot.device = allocate(q_, kBufferBytes);
  CUDA_CHECK(cudaEventCreateWithFlags(&slot.free, cudaEventDisableTiming));
  return slot;
}

void Stager::send(const void* from, size_t row_bytes, int rows,
                  const std::function<void(const void* piece, int first, int count)>& use) {
  ENSURE(row_bytes > 0 && row_bytes <= kBufferBytes, "stager: rows of {} bytes", row_bytes);
  const int max_rows = static_cast<int>(std::min<size_t>(kBufferBytes / row_bytes, INT32_MAX));
  for (int first = 0; first < rows; first += max_rows) {
    const int count = std::min(max_rows, rows - first);
    const size_t bytes = row_bytes * count;
    const Slot& slot = next();
    std::memcpy(slot.host.get(), static_cast<const std::byte*>(from) + row_bytes * first, bytes);
    CUDA_CHECK(cudaMemcpyAsync(slot.device.get(), slot.host.get(), bytes, cudaMemcpyHostToDevice,
                               q_.stream()));
    use(slot.device.get(), first, count);
    CUDA_CHECK(cudaEventRecord(slot.free, q_.stream()));
  }
}

// Dense rows as one copy: a 2D copy of many short rows is slow.
void Stager::copy(const Copy& c) {
  if (c.to_pitch == c.row && c.from_pitch == c.row) {
    CUDA_CHECK(cudaMemcpyAsync(c.to, c.from, c.row * c.rows, c.kind, q_.stream()));
  } else {
    CUDA_CHECK(cudaMemcpy2DAsync(c.to, c.to_pitch, c.from, c.from_pitch, c.row, c.rows, c.kind,
                                 q_.stream()));
  }
}

void Stager::write(void* to, size_t pitch, const void* from, size_t row, size_t rows) {
  if (pitch == row) rows *= row, pitch = row = 1;  // may be split anywhere
  ENSURE(row > 0 && row <= kBufferBytes, "stager: rows of {} bytes", row);
  for (size_t first = 0; first < rows; first += kBufferBytes / row) {
    const size_t count = std::min(kBufferBytes / row, rows - first);
    const Slot& slot = next();
    std::memcpy(slot.host.get(), static_cast<const std::byte*>(from) + first * row, count * row);
    copy({.to = static_cast<std::byte*>(to) + first * pitch,
          .to_pitch = pitch,
          .from = slot.host.get(),
          .from_pitch = row,
          .row = row,
          .rows = count,
          .kind = cudaMemcpyHostToDevice});
    CUDA_CHECK(cudaEventRecord(slot.free, q_.stream()));
  }
}

void Stager::read(void* to, const void* from, size_t pitch, size_t row, size_t rows) {
  if (pitch == row) rows *= row, pitch = row = 1;
  ENSURE(row > 0 && row <= kBufferBytes, "stager: rows of {} bytes", row);
  for (size_t first = 0; first < rows; first += kBufferBytes / row) {
    const size_t count = std::min(kBufferBytes / row, rows - first);
    const Slot& slot = next();
    copy({.to = slot.host.get(),
          .to_pitch = row,
          .from = static_cast<const std::byte*>(from) + first * pitch,
          .from_pitch = pitch,
          .row = row,
          .rows = count,
          .kind = cudaMemcpyDeviceToHost});
    CUDA_CHECK(cudaEventRecord(slot.free, q_.stream()));
    CUDA_CHECK(cudaEventSynchronize(slot.free));
    std::memcpy(static_cast<std::byte*>(to) + first * row, slot.host.get(), count * row);
  }
}

}  // namespace yent::cuda
