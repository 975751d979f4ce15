// gemm_i8_kernel.h for instructions that take both operands as they lie: VNNI and sdot.
#pragma once

#include "kernels/cpu/gemm/kernels/gemm_i8_kernel.h"
#include "kernels/cpu/simd/simd_dot.h"

namespace yent {
namespace {

struct Dot {
  typedef Quads Sums, Left, Right;
  static constexpr int lanes = W, copies = 1, offset = dot_offset;

  static Sums zero() { return all_quads(0); }
  static Sums load(const int32_t* p) { return load_quads(p); }
  static void store(int32_t* p, Sums v) { store_quads(p, v); }
  template <int MR>
  static Left left(const int8_t* p) {
    return one_quad(p);
  }
  static Right right(const int8_t* p) { return load_quads(p); }
  static Sums dot(Sums sums, Left a, Right b) { return yent::dot(sums, a, b); }

  template <int MR>
  static void put(float* to, V quantized) {
    store_quads(to, raise(as_quads(quantized)));
  }
  template <int MR>
  static void put_value(int8_t* to, int8_t value) {
    *to = static_cast<int8_t>(value ^ -offset);
  }
};

}  // namespace
}  // namespace yent
