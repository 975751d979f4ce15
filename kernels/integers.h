// Rounding of counts and sizes, for numbers that are not negative. The functions are static so that
// a leaf may include this header (kernels/cpu/simd/leaf.h).
#pragma once

namespace yent {

template <class Total, class Size>
static constexpr auto ceil_div(Total total, Size size) {
  return (total + size - 1) / size;
}

// The least multiple of `granule` that is not less than `value`.
template <class Value, class Granule>
static constexpr auto round_up(Value value, Granule granule) {
  return ceil_div(value, granule) * granule;
}

}  // namespace yent
