// Attention on codes with sdot, which wants all signed: 24 of 32 registers are sums.
#include "kernels/cpu/attention_i8_kernel.h"

namespace yent {
namespace {

struct Dot {
  typedef int32x4_t Sums;
  typedef int8x16_t Left, Right;
  static constexpr int query_offset = 0, weight_offset = 128;

  static Sums start(int32_t n) { return vdupq_n_s32(n); }
  static void store(int32_t* p, Sums v) { vst1q_s32(p, v); }
  static Left left(const int8_t* p) {
    int32_t group;
    __builtin_memcpy(&group, p, sizeof group);
    return vreinterpretq_s8_s32(vdupq_n_s32(group));
  }
  static Right right(const uint8_t* p) { return vreinterpretq_s8_u8(vld1q_u8(p)); }
  static Sums dot(Sums sums, Left a, Right b) { return vdotq_s32(sums, b, a); }

  template <int Lower>
  static void pack(uint8_t* to, const V* e) {
    uint32x4_t codes = vcvtnq_u32_f32(e[0]);
    codes = vsliq_n_u32(codes, vcvtnq_u32_f32(e[1]), 8);
    codes = vsliq_n_u32(codes, vcvtnq_u32_f32(e[2]), 16);
    codes = vsliq_n_u32(codes, vcvtnq_u32_f32(e[3]), 24);
    vst1q_u8(to, veorq_u8(vreinterpretq_u8_u32(codes), vdupq_n_u8(Lower)));
  }
};

}  // namespace

extern const AttentionBf16 attention_i8_neon_dot =
    attention_i8<Dot, 12, 2, 168>("neon_dot", Isa::neon_dot);

}  // namespace yent
