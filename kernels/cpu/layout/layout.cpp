#include "kernels/cpu/layout/layout.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/cpu/runtime/cache_sizes.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/error.h"
#include "kernels/integers.h"

namespace yent {
namespace {

constexpr size_t task_rows = 32;

int padded_columns(int columns, DType type) {
  return round_up(columns, static_cast<int>(cache_line) / block_bytes(type));
}

size_t stored_rows(const Tensor& t) {
  const size_t b = 2 * t.border;
  return t.shape.n * (t.shape.h + b) * (t.shape.w + b);
}

size_t matrix_bytes(const Tensor& t) {
  return round_up(stored_rows(t) * t.ld * block_bytes(t.dtype), cache_line);
}

Layout layout_of(Shape shape, DType type, int ld, int border) {
  Layout layout{{nullptr, shape, ld, type, border}};
  const size_t scales = border ? shape.n : shape.rows();
  layout.bytes = matrix_bytes(layout.tensor) + (type == DType::i8 ? scales * sizeof(float) : 0);
  return layout;
}

// The greater one; unlike std::max it keeps a NaN.
float larger(float a, float b) { return a >= b || a != a ? a : b; }

struct Conversion {
  const RowKernels& row_kernels;
  const Tensor& to;
  const ConcatView& x;

  float absmax(size_t row) const {
    const float a = row_kernels.absmax(row_at(x.a, row), element(x.a.dtype), x.a.shape.c);
    if (!x.b) return a;
    return larger(a, row_kernels.absmax(row_at(x.b, row), element(x.b.dtype), x.b.shape.c));
  }

  void write(size_t row, float scale) const {
    const bool finite = scale == scale;
    const Element type = element(to.dtype);
    const auto half = [&](const Tensor& t, int at) {
      row_kernels.convert(row_at(to, row) + at * element_bytes(type), type, 1 / scale,
                          row_at(t, row), element(t.dtype), t.shape.c);
    };
    if (finite) half(x.a, 0);
    if (finite && x.b) half(x.b, x.a.shape.c);
    pad_row(to, row, finite ? x.channels() : 0);
  }
};

}  // namespace

Element element(DType dtype) {
  switch (dtype) {
    case DType::i8:
      return Element::i8;
    case DType::bf16:
      return Element::bf16;
    default:
      ENSURE(dtype == DType::f32, "an activation of {}", dtype_name(dtype));
      return Element::f32;
  }
}

Layout row_major_layout(Shape shape, DType type) {
  return {{nullptr, shape, shape.c, type}, shape.rows() * shape.c * block_bytes(type)};
}

Layout padded_rows_layout(Shape shape, DType type) {
  return layout_of(shape, type, padded_columns(shape.c, type), 0);
}

Layout padded_image_layout(Shape shape, DType type) {
  return layout_of(shape, type, padded_columns(shape.c, type), 1);
}

std::byte* row_at(const Tensor& t, size_t row) {
  const size_t bytes = static_cast<size_t>(t.ld) * block_bytes(t.dtype);
  if (t.border) {
    const size_t w = t.shape.w, h = t.shape.h, b = t.border;
    const size_t x = row % w, y = row / w % h, image = row / w / h;
    row = (image * (h + 2 * b) + y + b) * (w + 2 * b) + x + b;
  }
  return static_cast<std::byte*>(t.data) + row * bytes;
}

void prefetch_row(const Tensor& t, size_t row) {
  const std::byte* at = row_at(t, row);
  const size_t bytes = t.shape.c * element_bytes(element(t.dtype));
  for (size_t b = 0; b < bytes; b += cache_line) __builtin_prefetch(at + b, 0, 2);
}

float* quant_scales(const Tensor& t) {
  return reinterpret_cast<float*>(static_cast<std::byte*>(t.data) + matrix_bytes(t));
}

float quant_scale(float absmax) {
  if (!std::isfinite(absmax)) return std::numeric_limits<float>::quiet_NaN();
  return absmax < 1e-35f ? 1 : absmax / 127;  // smaller ones would be subnormal
}

void clear_border(int threads, const Tensor& t) {
  if (!t.border) return;
  const size_t w = t.shape.w + 2, pixel = static_cast<size_t>(t.ld) * block_bytes(t.dtype);
  const size_t lines = t.shape.h + 2;
  parallel_for(threads, t.shape.n, [&](size_t image, int) {
    std::byte* at = static_cast<std::byte*>(t.data) + image * lines * w * pixel;
    std::memset(at, 0, w * pixel);
    for (size_t y = 1; y + 1 < lines; ++y) {
      std::memset(at + y * w * pixel, 0, pixel);
      std::memset(at + (y * w + w - 1) * pixel, 0, pixel);
    }
    std::memset(at + (lines - 1) * w * pixel, 0, w * pixel);
  });
}

void pad_row(const Tensor& t, size_t row, int columns) {
  if (t.dtype == DType::f32 && !t.border) return;  // between its rows may be another tensor
  const size_t size = block_bytes(t.dtype);
  if (columns < t.ld) std::memset(row_at(t, row) + columns * size, 0, (t.ld - columns) * size);
}

void quantize_row(const RowKernels& row_kernels, const Tensor& t, size_t row, const float* values,
                  float absmax) {
  const int columns = t.shape.c;
  const float scale = quant_scales(t)[row] = quant_scale(absmax);
  const bool finite = scale == scale;
  if (finite) {
    row_kernels.convert(row_at(t, row), Element::i8, 1 / scale, values, Element::f32, columns);
  }
  pad_row(t, row, finite ? columns : 0);
}

void convert(const CpuRun& run, const Tensor& to, const ConcatView& x, bool per_tensor) {
  const RowKernels& row_kernels = run.row_kernels;
  const Conversion conversion{row_kernels, to, x};
  const size_t rows = x.rows(), pixels = rows / to.shape.n;
  // Rows for which one scale is stored, and rows that have the same scale. An image has one scale,
  // because the nine pixels of a window meet in one sum.
  const size_t stored = to.border ? pixels : 1, share = per_tensor ? rows : stored;
  float* scales = to.dtype == DType::i8 ? quant_scales(to) : nullptr;
  const size_t tasks = ceil_div(rows, task_rows);
  clear_border(run.threads, to);
  if (scales && share > 1) {
    std::vector<float> absmaxes(rows);
    parallel_for(run.threads, tasks, [&](size_t task, int) {
      const size_t end = std::min(rows, (task + 1) * task_rows);
      for (size_t r = task * task_rows; r < end; ++r) absmaxes[r] = conversion.absmax(r);
    });
    for (size_t first = 0; first < rows; first += share) {
      float absmax = 0;
      for (size_t r = first; r < first + share; ++r) absmax = larger(absmax, absmaxes[r]);
      std::fill_n(scales + first / stored, share / stored, quant_scale(absmax));
    }
  }
  parallel_for(run.threads, tasks, [&](size_t task, int) {
    const size_t begin = task * task_rows, end = std::min(rows, begin + task_rows);
    if (share == 1) return convert_rows(row_kernels, to, x, begin, end);
    for (size_t r = begin; r < end; ++r) {
      if (r + 2 < rows) prefetch_row(x.a, r + 2);
      conversion.write(r, scales ? scales[r / stored] : 1);
    }
  });
}

void convert_rows(const RowKernels& row_kernels, const Tensor& to, const ConcatView& x,
                  size_t begin, size_t end) {
  const Conversion conversion{row_kernels, to, x};
  float* scales = to.dtype == DType::i8 ? quant_scales(to) : nullptr;
  for (size_t r = begin; r < end; ++r) {
    if (r + 2 < x.rows()) prefetch_row(x.a, r + 2);
    conversion.write(r, scales ? scales[r] = quant_scale(conversion.absmax(r)) : 1);
  }
}

// int8 rows come in one layout only; bf16 rows need no padding where their columns end with a cache
// line.
bool has_layout(const ConcatView& x, const Tensor& wanted) {
  return !x.b && x.a.dtype == wanted.dtype && x.a.border == wanted.border &&
         (wanted.dtype == DType::i8 || wanted.border || x.a.shape.c == wanted.ld);
}

Reordered::Reordered(const CpuRun& run, const ConcatView& x, const Layout& wanted, bool per_tensor)
    : room_(run.arena, has_layout(x, wanted.tensor) ? 0 : wanted.bytes), tensor_(x.a) {
  if (has_layout(x, wanted.tensor)) return;
  tensor_ = wanted.tensor;
  tensor_.data = room_.as<std::byte>();
  if (!run.arena.measuring()) convert(run, tensor_, x, per_tensor);
}

}  // namespace yent
