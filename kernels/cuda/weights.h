// Weights in the memory of a GPU.
#pragma once

#include <memory>

#include "kernels/backend.h"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/runtime/memory.h"

namespace yent::cuda {

struct CudaWeight : Packed {
  Format format = Format::f16;
  int n = 0, k = 0;                          // outputs; inputs of all taps, unpadded
  int padded = 0;                            // inputs of one tap, padded to whole chunks
  std::shared_ptr<void> data, scales, bias;  // scales: int8 one per output, q8_0 one per 32 inputs
  std::shared_ptr<void> half_bias;           // for cuBLASLt

  // Elements of one chunk.
  int granule() const { return format == Format::int8 ? 16 : 8; }
};

// Shapes have been checked by the caller.
std::shared_ptr<CudaWeight> pack_linear_weight(Queue& q, Stager& stager, const LinearSource& source,
                                               Precision precision);
std::shared_ptr<CudaWeight> pack_conv_weight(Queue& q, Stager& stager, const HostTensor& weight,
                                             const HostTensor& bias, Precision precision);

// A matrix for embed: f32, or q8_0 as quantized values [rows][columns] followed by the scales.
std::shared_ptr<void> pack_table(Queue& q, Stager& stager, const HostTensor& t, int rows,
                                 int columns);

}  // namespace yent::cuda
