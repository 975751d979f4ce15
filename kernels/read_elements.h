// Reads weights of the types that backends accept as f32.
#pragma once

#include <cstring>

#include "kernels/blocks.h"
#include "kernels/error.h"
#include "kernels/half.h"
#include "kernels/tensor.h"

namespace yent {

// Elements [begin, begin + count) of `t`, row-major, as f32. Accepts f32, f16, bf16, q8_0 and the
// types that have a block_format() (begin and count are whole blocks); loaders convert all other
// types.
inline void read_elements(const HostTensor& t, size_t begin, size_t count, float* out) {
  ENSURE((begin + count) / block_elements(t.dtype) * block_bytes(t.dtype) <= t.bytes,
         "{}: elements {} + {} are past its {} bytes", t.name, begin, count, t.bytes);
  switch (t.dtype) {
    case DType::f32:
      std::memcpy(out, t.data + begin * 4, count * 4);
      return;
    case DType::f16:
    case DType::bf16:
      for (size_t i = 0; i < count; ++i) {
        uint16_t bits;
        std::memcpy(&bits, t.data + (begin + i) * 2, 2);
        out[i] = t.dtype == DType::f16 ? f16_to_f32(bits) : bf16_to_f32(bits);
      }
      return;
    case DType::q8_0:
      for (size_t i = 0; i < count; i += 32) {
        const std::byte* block = t.data + (begin + i) / 32 * 34;
        uint16_t scale;
        std::memcpy(&scale, block, 2);
        for (int j = 0; j < 32; ++j) {
          out[i + j] = f16_to_f32(scale) * static_cast<float>(static_cast<int8_t>(block[2 + j]));
        }
      }
      return;
    default:
      if (block_format(t.dtype).elements > 0) {
        const std::byte* from = t.data + begin / block_elements(t.dtype) * block_bytes(t.dtype);
        return blocks_to_f32(t.dtype, from, count, out);
      }
      ENSURE(false, "{}: a backend was given {}", t.name, dtype_name(t.dtype));
  }
}

}  // namespace yent
