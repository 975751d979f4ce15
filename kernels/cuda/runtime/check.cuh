// Turns a failed CUDA call into a run error.
#pragma once

#include <cuda_runtime_api.h>

namespace yent::cuda {

[[noreturn]] void cuda_failed(cudaError_t error, const char* call);

}  // namespace yent::cuda

#define CUDA_CHECK(call)                                          \
  do {                                                            \
    if (const cudaError_t error_ = (call); error_ != cudaSuccess) \
      ::yent::cuda::cuda_failed(error_, #call);                   \
  } while (0)
