// Replaces the CUDA sources in a build without a CUDA compiler.
#include "kernels/cuda/cuda_backend.h"

namespace yent {

std::unique_ptr<Backend> make_cuda_backend(const CudaOptions&, std::string& reason) {
  reason = "CUDA is not built here";
  return nullptr;
}

int cuda_devices() { return 0; }

}  // namespace yent
