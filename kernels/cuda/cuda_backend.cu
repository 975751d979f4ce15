// Finds the GPU. The ops come with their kernels; until then there is nothing to hand out.
#include <cuda_runtime.h>

#include "kernels/cuda/cuda_backend.h"

namespace yent {

std::unique_ptr<Backend> make_cuda_backend(int device, std::string& reason) {
  int devices = 0;
  const cudaError_t answer = cudaGetDeviceCount(&devices);
  if (answer != cudaSuccess || devices == 0) {
    reason = std::string("no NVIDIA GPU answers: ") + cudaGetErrorString(answer);
  } else if (device < 0 || device >= devices) {
    reason = "there is no GPU " + std::to_string(device) + ", only " + std::to_string(devices);
  } else {
    cudaDeviceProp properties = {};
    cudaGetDeviceProperties(&properties, device);
    reason = std::string(properties.name) + " answers, but the CUDA kernels are not built here";
  }
  return nullptr;
}

}  // namespace yent
