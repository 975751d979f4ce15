// The vocabulary every layer of the engine shares: element types, shapes and views.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace yent {

// Element types of tensors in files and in memory. The types with blocks are GGUF's; their layouts
// are in loaders/tensors/convert.cpp and kernels/blocks.cpp. Some devices compute with q8_0 and the
// types that have a block_format() without expanding them (Backend::stores_natively).
enum class DType : uint8_t {
  f32,
  f16,
  bf16,
  f64,
  i64,
  i32,
  i16,
  i8,
  u8,
  boolean,
  f8_e4m3,  // 4 bits of exponent; NaN, but no infinity
  f8_e5m2,  // the upper half of an f16
  q8_0,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k,
  last = q6_k,
};

// Elements per block (1 for plain types) and bytes per block.
constexpr int block_elements(DType t) {
  switch (t) {
    case DType::q8_0:
    case DType::q4_0:
    case DType::q4_1:
    case DType::q5_0:
    case DType::q5_1:
      return 32;
    case DType::q2_k:
    case DType::q3_k:
    case DType::q4_k:
    case DType::q5_k:
    case DType::q6_k:
      return 256;
    case DType::f32:
    case DType::f16:
    case DType::bf16:
    case DType::f64:
    case DType::i64:
    case DType::i32:
    case DType::i16:
    case DType::i8:
    case DType::u8:
    case DType::boolean:
    case DType::f8_e4m3:
    case DType::f8_e5m2:
      break;
  }
  return 1;
}

constexpr int block_bytes(DType t) {
  switch (t) {
    case DType::f64:
    case DType::i64:
      return 8;
    case DType::f32:
    case DType::i32:
      return 4;
    case DType::f16:
    case DType::bf16:
    case DType::i16:
      return 2;
    case DType::i8:
    case DType::u8:
    case DType::boolean:
    case DType::f8_e4m3:
    case DType::f8_e5m2:
      return 1;
    case DType::q8_0:
      return 34;
    case DType::q4_0:
      return 18;
    case DType::q4_1:
      return 20;
    case DType::q5_0:
      return 22;
    case DType::q5_1:
      return 24;
    case DType::q2_k:
      return 84;
    case DType::q3_k:
      return 110;
    case DType::q4_k:
      return 144;
    case DType::q5_k:
      return 176;
    case DType::q6_k:
      return 210;
  }
  return 0;
}

constexpr const char* dtype_name(DType t) {
  constexpr const char* names[] = {
      "f32",     "f16",  "bf16", "f64",  "i64",  "i32",  "i16",  "i8",   "u8",   "bool", "f8_e4m3",
      "f8_e5m2", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "q2_k", "q3_k", "q4_k", "q5_k", "q6_k"};
  static_assert(sizeof names / sizeof *names == static_cast<int>(DType::last) + 1);
  return names[static_cast<int>(t)];
}

// Channels last, always four numbers. An image is {n, h, w, c}; a token sequence is {n, tokens, 1,
// c}; a plain matrix is {1, rows, 1, c}.
struct Shape {
  int n = 1, h = 1, w = 1, c = 0;

  size_t rows() const { return static_cast<size_t>(n) * h * w; }
  size_t count() const { return rows() * c; }
  Shape with_c(int channels) const { return {n, h, w, channels}; }
  bool operator==(const Shape&) const = default;
};

// A borrowed view of device memory, which must outlive it. Rows are `ld` elements apart, so a slice
// of columns is a view too. Row r = (image * h + y) * w + x.
struct Tensor {
  void* data = nullptr;
  Shape shape = {};
  int ld = 0;
  DType dtype = DType::f32;
  // Zero pixels around an image that only a convolution reads. Its rows are not consecutive, so
  // row() and slice() do not apply.
  int border = 0;

  explicit operator bool() const { return shape.c != 0; }
  size_t rows() const { return shape.rows(); }

  template <class T>
  T* row(size_t r) const {
    return static_cast<T*>(data) + r * ld;
  }

  size_t row_bytes() const {  // from one row to the next
    return static_cast<size_t>(ld) / block_elements(dtype) * block_bytes(dtype);
  }

  // Columns [begin, begin + count) of every row.
  Tensor cols(int begin, int count) const {
    Tensor t = *this;
    t.shape.c = count;
    if (data) t.data = static_cast<char*>(data) + static_cast<size_t>(begin) * block_bytes(dtype);
    return t;
  }

  // Rows [begin, begin + count) as a plain matrix.
  Tensor slice(size_t begin, int count) const {
    Tensor t = *this;
    t.shape = {1, count, 1, shape.c};
    if (data) t.data = static_cast<char*>(data) + begin * ld * block_bytes(dtype);
    return t;
  }

  // The same rows under other outer dimensions; n * h * w must stay.
  Tensor view(int n, int h, int w) const {
    Tensor t = *this;
    t.shape = {n, h, w, shape.c};
    return t;
  }
};

// One logical tensor whose channels live in one or two buffers. Skip connections are read this way,
// so the concatenation is never written to memory.
struct ConcatView {
  Tensor a, b = {};

  ConcatView(Tensor only) : a(only) {}  // NOLINT: a tensor is a view of one
  ConcatView(Tensor first, Tensor second) : a(first), b(second) {}

  size_t rows() const { return a.rows(); }
  int channels() const { return a.shape.c + b.shape.c; }
  Shape shape() const { return a.shape.with_c(channels()); }
};

// A tensor as it lies in a file or in host memory: borrowed bytes, dense, row-major, little endian,
// possibly unaligned. `dims` is outermost first, as PyTorch prints them; for GGUF tensors the
// loader has already reversed the order.
struct HostTensor {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> dims = {};
  const std::byte* data = nullptr;
  size_t bytes = 0;
  float scale = 1;  // of the 8-bit floats, which to_f32() multiplies by it; 1 for all others

  // Product of the dims. Loaders have checked that it does not wrap.
  int64_t count() const {
    int64_t total = 1;
    for (int64_t d : dims) total *= d;
    return total;
  }
};

}  // namespace yent
