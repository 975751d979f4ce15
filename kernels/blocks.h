// Blocks of GGUF-quantized weights: their formats, and what one block holds, as integers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/block_format.h"
#include "kernels/tensor.h"

namespace yent {

constexpr BlockFormat block_format(DType t) {
  switch (t) {
    case DType::q4_0:
      return q4_0_format;
    case DType::q5_0:
      return q5_0_format;
    case DType::q4_k:
      return q4_k_format;
    case DType::q5_k:
      return q5_k_format;
    case DType::q6_k:
      return q6_k_format;
    default:
      return {};
  }
}

struct QuantBlock {
  uint16_t step = 0, minimum_step = 0;       // f16
  int8_t scales[16] = {}, minimum[16] = {};  // of every group
  uint8_t values[256] = {};
};

// Reads one block of a type that has a format.
void read_block(DType type, const std::byte* block, QuantBlock& to);

// Dequantizes `count` weights, whole blocks, to the same bits as the `gguf` Python package.
void blocks_to_f32(DType type, const std::byte* blocks, size_t count, float* to);

}  // namespace yent
