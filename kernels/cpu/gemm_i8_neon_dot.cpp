// gemm_i8 with sdot: 24 of 32 registers are sums.
#include "kernels/cpu/gemm_i8_kernel.h"

namespace yent {
namespace {

struct Dot {
  typedef int32x4_t Sums;
  typedef int8x16_t Left, Right;
  static constexpr int lanes = 4, copies = 1, offset = 0;

  static Sums zero() { return vdupq_n_s32(0); }
  static Sums load(const int32_t* p) { return vld1q_s32(p); }
  static void store(int32_t* p, Sums v) { vst1q_s32(p, v); }
  template <int MR>
  static Left left(const int8_t* p) {
    int32_t group;
    __builtin_memcpy(&group, p, sizeof group);
    return vreinterpretq_s8_s32(vdupq_n_s32(group));
  }
  static Right right(const int8_t* p) { return vld1q_s8(p); }
  static Sums dot(Sums sums, Left a, Right b) { return vdotq_s32(sums, b, a); }

  template <int MR>
  static void put(float* to, V codes) {
    yent::store(to, codes);
  }
  template <int MR>
  static void put_code(int8_t* to, int8_t code) {
    *to = code;
  }
};

}  // namespace

extern const Gemm gemm_i8_neon_dot = gemm_i8<Dot, 12, 2>("neon_dot", Isa::neon_dot);

}  // namespace yent
