#include "kernels/cuda/memory.h"

#include <algorithm>
#include <cstring>

#include "kernels/cuda/check.cuh"
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
  std::shared_ptr<void> memory(data, [](void* p) { cudaFree(p); });
  CUDA_CHECK(cudaMemsetAsync(data, 0, wanted, q.stream()));
  return memory;
}

Stager::~Stager() {
  cudaStreamSynchronize(q_.stream());
  for (const Slot& slot : slots_) {
    cudaFreeHost(slot.host);
    cudaFree(slot.device);
    if (slot.free) cudaEventDestroy(slot.free);
  }
}

void Stager::send(const void* from, size_t row_bytes, int rows,
                  const std::function<void(const void* piece, int first, int count)>& use) {
  ENSURE(row_bytes > 0 && row_bytes <= kPiece, "stager: rows of {} bytes", row_bytes);
  q_.enter();
  const int most = static_cast<int>(std::min<size_t>(kPiece / row_bytes, INT32_MAX));
  for (int first = 0; first < rows; first += most) {
    const int count = std::min(most, rows - first);
    const size_t bytes = row_bytes * count;
    Slot& slot = slots_[next_];
    next_ = 1 - next_;
    if (!slot.free) {
      CUDA_CHECK(cudaEventCreateWithFlags(&slot.free, cudaEventDisableTiming));
      CUDA_CHECK(cudaMallocHost(&slot.host, kPiece));
      CUDA_CHECK(cudaMalloc(&slot.device, kPiece));
    } else {
      CUDA_CHECK(cudaEventSynchronize(slot.free));
    }
    std::memcpy(slot.host, static_cast<const std::byte*>(from) + row_bytes * first, bytes);
    CUDA_CHECK(cudaMemcpyAsync(slot.device, slot.host, bytes, cudaMemcpyHostToDevice, q_.stream()));
    use(slot.device, first, count);
    CUDA_CHECK(cudaEventRecord(slot.free, q_.stream()));
  }
}

}  // namespace yent::cuda
