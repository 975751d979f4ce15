// How a GPU keeps weights.
#pragma once

#include <memory>

#include "kernels/backend.h"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/runtime/memory.h"

namespace yent::cuda {

struct CudaWeight : Packed {
  enum class Format { half, bfloat, code, floats, blocks };

  Format format = Format::half;
  int n = 0, k = 0;                          // outputs; inputs of all taps, unpadded
  int padded = 0;                            // inputs of one tap as they lie in memory
  std::shared_ptr<void> data, scales, bias;  // scales: of codes per output, of blocks per 32
  std::shared_ptr<void> half_bias;           // for the library

  // Elements of one chunk.
  int granule() const { return format == Format::code ? 16 : 8; }
};

// Shapes have been checked by the caller.
std::shared_ptr<CudaWeight> pack_linear_weight(Queue& q, Stager& stager, const LinearSource& source,
                                               Precision precision);
std::shared_ptr<CudaWeight> pack_conv_weight(Queue& q, Stager& stager, const HostTensor& weight,
                                             const HostTensor& bias, Precision precision);

// A matrix for embed: f32, or q8_0 as codes [rows][columns] and behind them the scales.
std::shared_ptr<void> pack_table(Queue& q, Stager& stager, const HostTensor& t, int rows,
                                 int columns);

}  // namespace yent::cuda
