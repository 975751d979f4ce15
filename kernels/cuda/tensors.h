// Converts tensors into the arguments of the kernels.
#pragma once

#include <cstdint>

#include "kernels/backend.h"
#include "kernels/cuda/ops.h"

namespace yent::cuda {

inline bool aligned(const void* p, size_t bytes) {
  return reinterpret_cast<uintptr_t>(p) % bytes == 0;
}

inline RowView rows_of(const Tensor& t) {
  const bool f32 = t.dtype == DType::f32;
  const bool wide = aligned(t.data, 16) && t.ld % (f32 ? 4 : 8) == 0;
  return {t.data, t.ld, static_cast<short>(f32), static_cast<short>(wide)};
}

inline CatRows rows_of(const ConcatView& x) {
  return {rows_of(x.a), rows_of(x.b), x.a.shape.c, x.channels()};
}

// Whether two columns, the first of them even, can be moved at once.
inline bool in_pairs(const RowView& r) {
  return !r.data || (r.ld % 2 == 0 && aligned(r.data, r.f32 ? 8 : 4));
}
// How many pairs can be: 0, 1 or 2.
inline int pairs_at_once(const RowView& r) {
  const bool two = !r.data || (r.ld % 4 == 0 && aligned(r.data, r.f32 ? 16 : 8));
  return two ? 2 : in_pairs(r);
}

inline const int32_t* indices(const Tensor& t) { return t ? t.row<int32_t>(0) : nullptr; }

}  // namespace yent::cuda
