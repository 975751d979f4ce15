#include "loaders/tensors/convert.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/blocks.h"
#include "kernels/error.h"
#include "kernels/half.h"
#include "loaders/tensors/read_value.h"

namespace yent {
namespace {

float read_f16(const std::byte* at) { return f16_to_f32(read<uint16_t>(at)); }

int byte_at(const std::byte* at, int i) { return static_cast<int>(at[i]); }

template <class T>
void plain_to_f32(const std::byte* in, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) {
    out[i] = static_cast<float>(read<T>(in + i * static_cast<int64_t>(sizeof(T))));
  }
}

// The bits of f8_e4m3 in the places of an f16's, whose exponent is biased by 8 more.
float e4m3_to_f32(std::byte bits) {
  const auto byte = static_cast<uint16_t>(bits);
  const uint16_t magnitude = byte & 0x7f, sign = static_cast<uint16_t>((byte & 0x80) << 8);
  if (magnitude == 0x7f) return std::numeric_limits<float>::quiet_NaN();
  return f16_to_f32(static_cast<uint16_t>(magnitude << 7 | sign)) * 256;
}

float e5m2_to_f32(std::byte bits) {
  return f16_to_f32(static_cast<uint16_t>(static_cast<uint16_t>(bits) << 8));
}

// Element i of a run of 32 nibbles: 16 low ones, then 16 high ones.
int nibble(const std::byte* nibbles, int i) {
  return i < 16 ? byte_at(nibbles, i) & 15 : byte_at(nibbles, i - 16) >> 4;
}

// The same with bit i of the word `high` as the fifth bit.
int five_bits(const std::byte* nibbles, uint32_t high, int i) {
  return nibble(nibbles, i) | static_cast<int>(high >> i & 1) << 4;
}

// A block decoder reads block_bytes() bytes and writes block_elements() floats.

void q8_0(const std::byte* block, float* out) {
  const float d = read_f16(block);
  for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(read<int8_t>(block + 2 + i)) * d;
}

void q4_1(const std::byte* block, float* out) {
  const float d = read_f16(block), m = read_f16(block + 2);
  for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(nibble(block + 4, i)) * d + m;
}

void q5_1(const std::byte* block, float* out) {
  const float d = read_f16(block), m = read_f16(block + 2);
  const auto high = read<uint32_t>(block + 4);
  for (int i = 0; i < 32; ++i) {
    out[i] = static_cast<float>(five_bits(block + 8, high, i)) * d + m;
  }
}

// The 2-bit numbers of Q2_K and Q3_K: element i of 256.
int two_bits(const std::byte* q, int i) {
  return byte_at(q, 32 * (i / 128) + i % 32) >> 2 * (i % 128 / 32) & 3;
}

void q2_k(const std::byte* block, float* out) {
  const std::byte* q = block + 16;
  const float d = read_f16(block + 80), dmin = read_f16(block + 82);
  for (int i = 0; i < 256; ++i) {
    const int s = byte_at(block, i / 16);
    const float scale = d * static_cast<float>(s & 15), minimum = dmin * static_cast<float>(s >> 4);
    out[i] = scale * static_cast<float>(two_bits(q, i)) - minimum;
  }
}

void q3_k(const std::byte* block, float* out) {
  const std::byte *high = block, *q = block + 32, *packed = block + 96;
  const float d = read_f16(block + 108);
  for (int n = 0; n < 16; ++n) {  // 16 elements share a 6-bit scale
    const int low = n < 8 ? byte_at(packed, n) & 15 : byte_at(packed, n - 8) >> 4;
    const int top = byte_at(packed, 8 + n % 4) >> 2 * (n / 4) & 3;
    const float scale = d * static_cast<float>((low | top << 4) - 32);
    for (int i = 16 * n; i < 16 * n + 16; ++i) {
      const bool has_high = byte_at(high, i % 32) >> (i / 32) & 1;
      out[i] = scale * static_cast<float>(two_bits(q, i) - (has_high ? 0 : 4));
    }
  }
}

void decode_blocks(DType dtype, void (*decode)(const std::byte*, float*), const std::byte* in,
                   int64_t count, float* out) {
  const int elements = block_elements(dtype), bytes = block_bytes(dtype);
  for (; count > 0; count -= elements, in += bytes, out += elements) decode(in, out);
}

// `count` elements, whole blocks of them, from the beginning of a block.
void run_to_f32(DType dtype, const std::byte* in, int64_t count, float* out) {
  switch (dtype) {
    case DType::f32:
      if (count) std::memcpy(out, in, static_cast<size_t>(count) * sizeof(float));
      return;
    case DType::f16:
      return f16_to_f32(in, count, out);
    case DType::bf16:
      return bf16_to_f32(in, count, out);
    case DType::f64:
      return plain_to_f32<double>(in, count, out);
    case DType::i64:
      return plain_to_f32<int64_t>(in, count, out);
    case DType::i32:
      return plain_to_f32<int32_t>(in, count, out);
    case DType::i16:
      return plain_to_f32<int16_t>(in, count, out);
    case DType::i8:
      return plain_to_f32<int8_t>(in, count, out);
    case DType::u8:
      return plain_to_f32<uint8_t>(in, count, out);
    case DType::boolean:
      for (int64_t i = 0; i < count; ++i) out[i] = in[i] != std::byte{0} ? 1.0f : 0.0f;
      return;
    case DType::f8_e4m3:
      for (int64_t i = 0; i < count; ++i) out[i] = e4m3_to_f32(in[i]);
      return;
    case DType::f8_e5m2:
      for (int64_t i = 0; i < count; ++i) out[i] = e5m2_to_f32(in[i]);
      return;
    case DType::q8_0:
      return decode_blocks(dtype, q8_0, in, count, out);
    case DType::q4_1:
      return decode_blocks(dtype, q4_1, in, count, out);
    case DType::q5_1:
      return decode_blocks(dtype, q5_1, in, count, out);
    case DType::q2_k:
      return decode_blocks(dtype, q2_k, in, count, out);
    case DType::q3_k:
      return decode_blocks(dtype, q3_k, in, count, out);
    case DType::q4_0:
    case DType::q5_0:
    case DType::q4_k:
    case DType::q5_k:
    case DType::q6_k:
      return blocks_to_f32(dtype, in, count, out);
  }
}

// Only the 8-bit floats have a scale; a copy in another type may still carry it.
void apply_scale(const HostTensor& tensor, int64_t count, float* out) {
  if (tensor.dtype != DType::f8_e4m3 && tensor.dtype != DType::f8_e5m2) return;
  for (int64_t i = 0; i < count; ++i) out[i] *= tensor.scale;
}

}  // namespace

void f16_to_f32(const std::byte* in, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = read_f16(in + 2 * i);
}

void bf16_to_f32(const std::byte* in, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = bf16_to_f32(read<uint16_t>(in + 2 * i));
}

void f32_to_f16(const float* in, int64_t count, std::byte* out) {
  for (int64_t i = 0; i < count; ++i) {
    const uint16_t half = f32_to_f16(in[i]);
    std::memcpy(out + 2 * i, &half, sizeof half);
  }
}

void f32_to_bf16(const float* in, int64_t count, std::byte* out) {
  for (int64_t i = 0; i < count; ++i) {
    const uint16_t half = f32_to_bf16(in[i]);
    std::memcpy(out + 2 * i, &half, sizeof half);
  }
}

void to_f32(const HostTensor& tensor, float* out) {
  const int64_t count = tensor.count();
  ENSURE(count % block_elements(tensor.dtype) == 0, "{}: {} elements in blocks", tensor.name,
         count);
  run_to_f32(tensor.dtype, tensor.data, count, out);
  apply_scale(tensor, count, out);
}

void to_f32(const HostTensor& tensor, int64_t begin, int64_t rows, float* out) {
  ENSURE(!tensor.dims.empty(), "{}: rows of a scalar", tensor.name);
  ENSURE(begin >= 0 && rows >= 0 && begin <= tensor.dims[0] && rows <= tensor.dims[0] - begin,
         "{}: rows {} + {} of {}", tensor.name, begin, rows, tensor.dims[0]);
  if (rows == 0) return;
  const int64_t row = tensor.count() / tensor.dims[0], block = block_elements(tensor.dtype);
  ENSURE(row % block == 0, "{}: a row of {} elements in blocks of {}", tensor.name, row, block);
  const int64_t row_bytes = row / block * block_bytes(tensor.dtype);
  run_to_f32(tensor.dtype, tensor.data + begin * row_bytes, rows * row, out);
  apply_scale(tensor, rows * row, out);
}

void quantize_q8_0(const float* in, int64_t count, std::byte* out) {
  ENSURE(count % 32 == 0, "q8_0: {} elements in blocks of 32", count);
  for (; count > 0; count -= 32, in += 32, out += 34) {
    float largest = 0;
    for (int i = 0; i < 32; ++i) largest = std::max(largest, std::fabs(in[i]));
    const float scale = largest > 0 ? largest / 127 : 1;
    const uint16_t d = f32_to_f16(scale);
    std::memcpy(out, &d, sizeof d);
    for (int i = 0; i < 32; ++i) {
      const float q = std::nearbyint(in[i] / scale);
      const float kept = q >= -128 ? std::min(q, 127.0f) : -128.0f;  // NaN included
      out[2 + i] = static_cast<std::byte>(static_cast<int8_t>(kept));
    }
  }
}

void quantize_q4_0(const float* in, int64_t count, std::byte* out) {
  constexpr int block = 32, half = block / 2;
  ENSURE(count % block == 0, "q4_0: {} elements in blocks of {}", count, block);
  for (; count > 0; count -= block, in += block, out += 2 + half) {
    float extreme = 0;
    for (int i = 0; i < block; ++i) {
      if (std::fabs(in[i]) > std::fabs(extreme)) extreme = in[i];
    }
    const float scale = extreme / -8;
    const uint16_t d = f32_to_f16(scale);
    std::memcpy(out, &d, sizeof d);
    const auto quantized = [&](int i) {
      const float n = scale == 0 ? 8 : std::nearbyint(in[i] / scale) + 8;
      return static_cast<uint8_t>(n >= 0 ? std::min(n, 15.0f) : 0.0f);  // NaN included
    };
    for (int j = 0; j < half; ++j) {
      out[2 + j] = static_cast<std::byte>(quantized(j) | quantized(j + half) << 4);
    }
  }
}

}  // namespace yent
