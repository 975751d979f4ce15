// simd.h in portable C++, lane by lane: the meaning of the other headers.
#pragma once

#include <stdint.h>

namespace yent {
namespace {

constexpr int W = 4;
struct V {
  float lane[W];
};

template <class F>
inline V each(F value) {
  V v;
  for (int i = 0; i < W; ++i) v.lane[i] = value(i);
  return v;
}

inline V load_part(const float* p, int n) {
  return each([&](int i) { return i < n ? p[i] : 0.0f; });
}
inline void store_part(float* p, V v, int n) {
  for (int i = 0; i < n; ++i) p[i] = v.lane[i];
}
inline V load(const float* p) { return load_part(p, W); }
inline void store(float* p, V v) { store_part(p, v, W); }
inline V load_i8(const int8_t* p) {
  return each([&](int i) { return static_cast<float>(p[i]); });
}
inline V load_i32(const int32_t* p) {
  return each([&](int i) { return static_cast<float>(p[i]); });
}
inline V load_i32_less(const int32_t* p, const int32_t* q) {
  return each([&](int i) { return static_cast<float>(p[i] - q[i]); });
}
// A product moves the exponent, which makes subnormals right, too.
inline V load_f16(const uint16_t* p) {
  return each([&](int i) {
    const uint32_t magnitude = p[i] & 0x7fff, sign = static_cast<uint32_t>(p[i] & 0x8000) << 16;
    uint32_t bits = magnitude >= 0x7c00 ? magnitude << 13 | 0x7f800000 : magnitude << 13;
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    if (magnitude < 0x7c00) value *= 0x1p112f;
    __builtin_memcpy(&bits, &value, sizeof bits);
    bits |= sign;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
  });
}

inline V load_f16_apart(const void* p, int step, int n) {
  uint16_t bits[W] = {};
  for (int i = 0; i < n; ++i) __builtin_memcpy(bits + i, static_cast<const char*>(p) + i * step, 2);
  return load_f16(bits);
}
inline V load_bf16(const uint16_t* p, int n = W) {
  return each([&](int i) {
    const uint32_t bits = i < n ? static_cast<uint32_t>(p[i]) << 16 : 0;
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
  });
}
inline void store_bf16(uint16_t* p, V v, int n = W) {
  for (int i = 0; i < n; ++i) {
    uint32_t bits;
    __builtin_memcpy(&bits, &v.lane[i], sizeof bits);
    // Rounding could turn a NaN into infinity: it keeps its upper half and is made quiet.
    const bool nan = v.lane[i] != v.lane[i];
    bits = nan ? bits | 0x400000 : bits + 0x7fff + (bits >> 16 & 1);
    p[i] = static_cast<uint16_t>(bits >> 16);
  }
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

inline V set1(float x) {
  return each([&](int) { return x; });
}
inline V zero() { return set1(0); }
inline V add(V a, V b) {
  return each([&](int i) { return a.lane[i] + b.lane[i]; });
}
inline V sub(V a, V b) {
  return each([&](int i) { return a.lane[i] - b.lane[i]; });
}
inline V mul(V a, V b) {
  return each([&](int i) { return a.lane[i] * b.lane[i]; });
}
inline V div(V a, V b) {
  return each([&](int i) { return a.lane[i] / b.lane[i]; });
}
inline V max(V a, V b) {
  return each([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
}
inline V min(V a, V b) {
  return each([&](int i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
}
inline V fma(V a, V b, V c) {
  return each([&](int i) { return a.lane[i] * b.lane[i] + c.lane[i]; });
}
inline V round_even(V v) {
  // At 2^23 and above a float is an integer; below, adding and subtracting 2^23 rounds it.
  return each([&](int i) {
    const float magic = v.lane[i] < 0 ? -0x1p23f : 0x1p23f;
    const float size = v.lane[i] < 0 ? -v.lane[i] : v.lane[i];
    return size < 0x1p23f ? (v.lane[i] + magic) - magic : v.lane[i];
  });
}
inline void store_bf16_pair(uint16_t* p, V low, V high, bool) {
  store_bf16(p, low);
  store_bf16(p + W, high);
}
inline void store_i8(int8_t* p, V v, int n = W) {
  const V whole = round_even(min(max(v, set1(-128)), set1(127)));
  for (int i = 0; i < n; ++i) p[i] = static_cast<int8_t>(whole.lane[i]);
}
inline V times_two_to(V v, V n) {
  return each([&](int i) {
    const uint32_t bits = static_cast<uint32_t>(static_cast<int32_t>(n.lane[i]) + 127) << 23;
    float power;
    __builtin_memcpy(&power, &bits, sizeof power);
    return v.lane[i] * power;
  });
}
inline V floor(V v) {
  const V whole = round_even(v);
  return each([&](int i) { return whole.lane[i] - (whole.lane[i] > v.lane[i] ? 1 : 0); });
}
inline V fraction(V v) { return sub(v, floor(v)); }
inline V times_two_to_floor(V v, V x) {
  return times_two_to(v, floor(min(max(x, set1(-126)), set1(126))));
}
inline V where_le(V a, V b, V yes, V no) {
  return each([&](int i) { return a.lane[i] <= b.lane[i] ? yes.lane[i] : no.lane[i]; });
}
inline float sum(V v) { return (v.lane[0] + v.lane[2]) + (v.lane[1] + v.lane[3]); }
inline float greatest(V v) {
  float top = v.lane[0];
  for (float x : v.lane) top = x > top ? x : top;
  return top;
}

struct Words {
  int32_t lane[W];
};
inline Words load_words(const void* p) {
  Words w;
  __builtin_memcpy(&w, p, sizeof w);
  return w;
}
inline Words bits(Words w, int from, uint32_t mask) {
  for (int32_t& lane : w.lane)
    lane = static_cast<int32_t>(static_cast<uint32_t>(lane) >> from & mask);
  return w;
}
inline Words join(Words low, Words high, int at) {
  for (int i = 0; i < W; ++i) low.lane[i] |= high.lane[i] << at;
  return low;
}
template <int I>
inline Words top_byte(Words w) {
  for (int32_t& lane : w.lane) {
    lane = static_cast<int32_t>(static_cast<uint32_t>(lane) >> 8 * I << 24);
  }
  return w;
}
inline V words_to_float(Words w) { return load_i32(w.lane); }

inline V reciprocal(V v) {
  return each([&](int i) { return 1 / v.lane[i]; });
}

inline void split(V low, V high, V* uniform_stride, V* odd) {
  const auto at = [&](int i) { return i < W ? low.lane[i] : high.lane[i - W]; };
  *uniform_stride = each([&](int i) { return at(2 * i); });
  *odd = each([&](int i) { return at(2 * i + 1); });
}

inline void transpose(V* v) {
  for (int i = 0; i < W; ++i) {
    for (int j = 0; j < i; ++j) {
      const float t = v[i].lane[j];
      v[i].lane[j] = v[j].lane[i];
      v[j].lane[i] = t;
    }
  }
}

}  // namespace
}  // namespace yent
