#include "kernels/cpu/layout/host_copy.h"

#include <cstring>

#include "kernels/cpu/layout/layout.h"
#include "kernels/half.h"

namespace yent {
namespace {

void widen_to_host(float* to, const Tensor& src) {
  const size_t pixels = src.rows() / src.shape.n;
  for (size_t r = 0; r < src.rows(); ++r, to += src.shape.c) {
    const std::byte* row = row_at(src, r);
    const float scale = src.dtype == DType::i8 ? quant_scales(src)[src.border ? r / pixels : r] : 1;
    for (int c = 0; c < src.shape.c; ++c) {
      to[c] = src.dtype == DType::i8
                  ? scale * static_cast<float>(reinterpret_cast<const int8_t*>(row)[c])
                  : bf16_to_f32(reinterpret_cast<const uint16_t*>(row)[c]);
    }
  }
}

}  // namespace

void copy_from_host(Tensor dst, const void* src) {
  const size_t dense = static_cast<size_t>(dst.shape.c) * block_bytes(dst.dtype);
  for (size_t r = 0; r < dst.rows(); ++r) {
    std::memcpy(static_cast<std::byte*>(dst.data) + r * dst.row_bytes(),
                static_cast<const std::byte*>(src) + r * dense, dense);
  }
}

void copy_to_host(void* dst, Tensor src) {
  if (src.dtype == DType::bf16 || src.dtype == DType::i8) {
    return widen_to_host(static_cast<float*>(dst), src);
  }
  const size_t dense = static_cast<size_t>(src.shape.c) * block_bytes(src.dtype);
  for (size_t r = 0; r < src.rows(); ++r) {
    std::memcpy(static_cast<std::byte*>(dst) + r * dense,
                static_cast<const std::byte*>(src.data) + r * src.row_bytes(), dense);
  }
}

}  // namespace yent
