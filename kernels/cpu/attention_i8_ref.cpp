// Attention on codes in plain C++.
#define YENT_PLAIN_SIMD
#include "kernels/cpu/attention_i8_kernel.h"

namespace yent {
namespace {

struct Dot {
  struct Sums {
    int32_t lane[W];
  };
  struct Left {
    int8_t code[4];
  };
  struct Right {
    int16_t code[W][4];
  };
  static constexpr int query_offset = 128, weight_offset = 0;

  static Sums start(int32_t n) {
    Sums sums;
    for (int32_t& lane : sums.lane) lane = n;
    return sums;
  }
  static void store(int32_t* p, const Sums& v) { __builtin_memcpy(p, &v, sizeof v); }
  static Left left(const int8_t* p) { return {{p[0], p[1], p[2], p[3]}}; }
  static Right right(const uint8_t* p) {
    Right columns;
    for (int i = 0; i < 4 * W; ++i) columns.code[i / 4][i % 4] = p[i];
    return columns;
  }
  static Sums dot(Sums sums, const Left& a, const Right& b) {
    for (int i = 0; i < 4 * W; ++i) sums.lane[i / 4] += a.code[i % 4] * b.code[i / 4][i % 4];
    return sums;
  }
  template <int Lower>
  static void pack(uint8_t* to, const V* e) {
    for (int i = 0; i < 4 * W; ++i) {
      const float whole = round_even(e[i % 4]).lane[i / 4];
      const int code = whole > 255 ? 255 : whole > 0 ? static_cast<int>(whole) : 0;
      to[i] = static_cast<uint8_t>(code - Lower);
    }
  }
};

}  // namespace

extern const AttentionBf16 attention_i8_ref = attention_i8<Dot, 4, 2, 168>("ref", Isa::ref);

}  // namespace yent
