// simd.h for AArch64, where NEON is always there.
#pragma once

#include <arm_neon.h>
#include <stdint.h>

namespace yent {
namespace {

typedef float32x4_t V;
constexpr int W = 4;

inline V load(const float* p) { return vld1q_f32(p); }
inline void store(float* p, V v) { vst1q_f32(p, v); }
inline V load_part(const float* p, int n) {
  if (n == W) return load(p);
  float lanes[W] = {};
  for (int i = 0; i < n; ++i) lanes[i] = p[i];
  return vld1q_f32(lanes);
}
inline void store_part(float* p, V v, int n) {
  if (n == W) return store(p, v);
  float lanes[W];
  vst1q_f32(lanes, v);
  for (int i = 0; i < n; ++i) p[i] = lanes[i];
}
inline V load_i8(const int8_t* p) {
  int32_t word;
  __builtin_memcpy(&word, p, sizeof word);
  const int8x8_t bytes = vreinterpret_s8_s32(vdup_n_s32(word));
  return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(bytes))));
}
inline V load_i32(const int32_t* p) { return vcvtq_f32_s32(vld1q_s32(p)); }
inline V load_i32_less(const int32_t* p, const int32_t* q) {
  return vcvtq_f32_s32(vsubq_s32(vld1q_s32(p), vld1q_s32(q)));
}
inline V load_f16(const uint16_t* p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
inline V load_f16_apart(const void* p, int step, int n) {
  uint16_t bits[W] = {};
  for (int i = 0; i < n; ++i) __builtin_memcpy(bits + i, static_cast<const char*>(p) + i * step, 2);
  return load_f16(bits);
}

inline V load_bf16(const uint16_t* p, int n = W) {
  uint16_t part[W] = {};
  if (n < W) {
    for (int i = 0; i < n; ++i) part[i] = p[i];
    p = part;
  }
  return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16));
}
inline void store_bf16(uint16_t* p, V v, int n = W) {
  const uint32x4_t bits = vreinterpretq_u32_f32(v);
  const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
  const uint32x4_t rounded = vaddq_u32(vaddq_u32(bits, vdupq_n_u32(0x7fff)), odd);
  // Rounding could turn a NaN into infinity: it keeps its upper half and is made quiet.
  const uint32x4_t quiet = vorrq_u32(bits, vdupq_n_u32(0x400000));
  const uint16x4_t high = vshrn_n_u32(vbslq_u32(vceqq_f32(v, v), rounded, quiet), 16);
  if (n == W) return vst1_u16(p, high);
  uint16_t words[W];
  vst1_u16(words, high);
  for (int i = 0; i < n; ++i) p[i] = words[i];
}
inline void store_bf16_pair(uint16_t* p, V low, V high, bool) {
  store_bf16(p, low);
  store_bf16(p + W, high);
}
inline void store_i8(int8_t* p, V v, int n = W) {
  int32_t whole[W];
  vst1q_s32(whole, vcvtnq_s32_f32(vminq_f32(v, vdupq_n_f32(127))));
  for (int i = 0; i < n; ++i) p[i] = static_cast<int8_t>(whole[i]);
}

// Magnitudes are ordered like their bits, with NaN on top.
inline float absmax_bf16(const uint16_t* p, int count) {
  uint16_t top = 0;
  for (int i = 0; i < count; ++i) {
    const uint16_t magnitude = p[i] & 0x7fff;
    top = magnitude > top ? magnitude : top;
  }
  const uint32_t bits = static_cast<uint32_t>(top) << 16;
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

inline V zero() { return vdupq_n_f32(0); }
inline V set1(float x) { return vdupq_n_f32(x); }
inline V add(V a, V b) { return vaddq_f32(a, b); }
inline V sub(V a, V b) { return vsubq_f32(a, b); }
inline V mul(V a, V b) { return vmulq_f32(a, b); }
inline V div(V a, V b) { return vdivq_f32(a, b); }
inline V max(V a, V b) { return vmaxq_f32(a, b); }
inline V min(V a, V b) { return vminq_f32(a, b); }
inline V fma(V a, V b, V c) { return vfmaq_f32(c, a, b); }
inline V round_even(V v) { return vrndnq_f32(v); }
inline V times_two_to(V v, V n) {
  const int32x4_t exponent = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
  return mul(v, vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23)));
}
inline V fraction(V v) { return sub(v, vrndmq_f32(v)); }
inline V times_two_to_floor(V v, V x) {
  return times_two_to(v, vrndmq_f32(min(max(x, set1(-126)), set1(126))));
}
inline V where_le(V a, V b, V yes, V no) { return vbslq_f32(vcleq_f32(a, b), yes, no); }
inline float sum(V v) { return vaddvq_f32(v); }
inline float greatest(V v) { return vmaxvq_f32(v); }

inline V to_bf16(V v) {
  const uint32x4_t bits = vreinterpretq_u32_f32(v);
  const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
  const uint32x4_t up = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
  const uint32x4_t quiet = vorrq_u32(bits, vdupq_n_u32(0x400000));
  const uint32x4_t value = vbslq_u32(vceqq_f32(v, v), up, quiet);
  return vreinterpretq_f32_u32(vandq_u32(value, vdupq_n_u32(0xffff0000)));
}
inline V join_bf16(V low, V high) {
  return vreinterpretq_f32_u32(
      vsriq_n_u32(vreinterpretq_u32_f32(high), vreinterpretq_u32_f32(low), 16));
}
inline V low_bf16(V pairs) {
  return vreinterpretq_f32_u32(vshlq_n_u32(vreinterpretq_u32_f32(pairs), 16));
}
inline V high_bf16(V pairs) {
  const uint32x4_t bits = vreinterpretq_u32_f32(pairs);
  return vreinterpretq_f32_u32(vandq_u32(bits, vdupq_n_u32(0xffff0000)));
}

typedef int32x4_t Words;
inline Words load_words(const void* p) {
  return vreinterpretq_s32_u8(vld1q_u8(static_cast<const uint8_t*>(p)));
}
inline Words bits(Words w, int from,
                  uint32_t mask) {  // the mask also clears the sign bits that the shift repeats
  return vandq_s32(vshlq_s32(w, vdupq_n_s32(-from)), vdupq_n_s32(static_cast<int>(mask)));
}
inline Words join(Words low, Words high, int at) {
  return vorrq_s32(low, vshlq_s32(high, vdupq_n_s32(at)));
}
template <int I>
inline Words top_byte(Words w) {
  return vandq_s32(vshlq_n_s32(w, 24 - 8 * I), vdupq_n_s32(static_cast<int>(0xff000000)));
}
inline V words_to_float(Words w) { return vcvtq_f32_s32(w); }

inline V reciprocal(V v) {
  V guess = vrecpeq_f32(v);
  guess = mul(guess, vrecpsq_f32(v, guess));
  return mul(guess, vrecpsq_f32(v, guess));
}

inline void split(V low, V high, V* uniform_stride, V* odd) {
  *uniform_stride = vuzp1q_f32(low, high);
  *odd = vuzp2q_f32(low, high);
}

inline void transpose(V* v) {
  const float32x4x2_t a = vtrnq_f32(v[0], v[1]), b = vtrnq_f32(v[2], v[3]);
  v[0] = vcombine_f32(vget_low_f32(a.val[0]), vget_low_f32(b.val[0]));
  v[1] = vcombine_f32(vget_low_f32(a.val[1]), vget_low_f32(b.val[1]));
  v[2] = vcombine_f32(vget_high_f32(a.val[0]), vget_high_f32(b.val[0]));
  v[3] = vcombine_f32(vget_high_f32(a.val[1]), vget_high_f32(b.val[1]));
}

}  // namespace
}  // namespace yent
