// gemv_q8 for the row neon_dot.
#include "kernels/cpu/gemv_q8_dot_kernel.h"

namespace yent {
namespace {

struct Dot {
  typedef int32x4_t Sums;
  static constexpr int offset = 0;

  static Sums load(const void* p) {
    return vreinterpretq_s32_u8(vld1q_u8(static_cast<const uint8_t*>(p)));
  }
  static Sums set1(const void* p) {
    int32_t x;
    __builtin_memcpy(&x, p, sizeof x);
    return vdupq_n_s32(x);
  }
  static Sums dot(Sums sums, Sums codes, Sums inputs) {
    return vdotq_s32(sums, vreinterpretq_s8_s32(codes), vreinterpretq_s8_s32(inputs));
  }
  static V to_float(Sums a) { return vcvtq_f32_s32(a); }
  template <int I>
  static V code(Sums codes) {
    return to_float(vshrq_n_s32(vshlq_n_s32(codes, 24 - 8 * I), 24));
  }
};

}  // namespace

extern const GemvQ8 gemv_q8_neon_dot = gemv_q8_dot<Dot>("neon_dot", Isa::neon_dot);

}  // namespace yent
