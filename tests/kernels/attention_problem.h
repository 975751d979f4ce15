// Attention on bf16 inputs as a problem with fences, and its answer in doubles.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <random>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/isa_table.h"
#include "kernels/half.h"
#include "tests/support/arena.h"

namespace yent {
namespace {

inline std::mt19937& random() {
  static std::mt19937 generator(std::random_device{}());
  return generator;
}

inline int below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random()); }

inline float normal(float size) { return std::normal_distribution<float>(0, size)(random()); }

// Rows wider than their columns; what lies between and around them must not change.
class Buffer {
 public:
  Buffer(Shape shape, DType dtype, int gap = 3)
      : shape_(shape),
        ld_(shape.c + gap),
        size_(block_bytes(dtype)),
        dtype_(dtype),
        memory_((2 * fence + shape.rows() * ld_) * size_, std::byte{0x5a}) {}

  Tensor tensor() { return {memory_.data() + fence * size_, shape_, ld_, dtype_}; }
  float at(size_t r, int c) {
    if (dtype_ == DType::f32) return tensor().row<float>(r)[c];
    return bf16_to_f32(tensor().row<uint16_t>(r)[c]);
  }
  void set(size_t r, int c, float value) { tensor().row<uint16_t>(r)[c] = f32_to_bf16(value); }

  void fill(float size) {
    for (size_t r = 0; r < shape_.rows(); ++r) {
      for (int c = 0; c < shape_.c; ++c) set(r, c, normal(size));
    }
  }

  bool fences_stand() {
    const size_t row = ld_ * size_, used = shape_.c * size_;
    bool stand = true;
    for (size_t i = 0; i < memory_.size(); ++i) {
      const bool before = i < fence * size_, behind = i >= memory_.size() - fence * size_;
      if (!before && !behind && (i - fence * size_) % row < used) continue;
      stand = stand && memory_[i] == std::byte{0x5a};
    }
    return stand;
  }

  bool operator==(const Buffer& other) const { return memory_ == other.memory_; }

 private:
  static constexpr size_t fence = 64;
  Shape shape_;
  int ld_;
  size_t size_;
  DType dtype_;
  std::vector<std::byte> memory_;
};

struct Problem {
  int images, queries, keys, heads, kv_heads, width;
  float scale;
  Buffer q{{images, queries, 1, heads* width}, DType::bf16, 5};
  Buffer kv{{images, keys, 1, 2 * kv_heads* width}, DType::bf16, 0};
  std::vector<int32_t> positions = {};
  Precision precision = Precision::bf16;

  Tensor k() { return kv.tensor().cols(0, kv_heads * width); }
  Tensor v() { return kv.tensor().cols(kv_heads * width, kv_heads * width); }
  AttnSpec spec() {
    AttnSpec s{.heads = heads, .kv_heads = kv_heads, .scale = scale};
    s.precision = precision;
    if (!positions.empty()) s.positions = {positions.data(), {1, queries, 1, 1}, 1, DType::i32};
    return s;
  }

  // One query of one head of one image, [width].
  std::vector<double> expected(int image, int query, int head) {
    const int first = head * width, kv_first = head / (heads / kv_heads) * width;
    const int seen = positions.empty() ? keys : positions[query] + 1;
    std::vector<double> scores(seen), mixed(width);
    double top = -HUGE_VAL, total = 0;
    for (int j = 0; j < seen; ++j) {
      for (int c = 0; c < width; ++c) {
        scores[j] += static_cast<double>(q.at(image * queries + query, first + c)) *
                     kv.at(image * keys + j, kv_first + c);
      }
      scores[j] *= scale;
      top = std::max(top, scores[j]);
    }
    for (int j = 0; j < seen; ++j) {
      const double e = std::exp(scores[j] - top);
      total += e;
      for (int c = 0; c < width; ++c) {
        mixed[c] += e * kv.at(image * keys + j, (kv_heads * width) + kv_first + c);
      }
    }
    for (double& x : mixed) x /= total;
    return mixed;
  }
};

inline Problem problem(int images, int queries, int keys, int heads, int kv_heads, int width) {
  Problem p{images, queries, keys, heads, kv_heads, width, 1 / std::sqrt(float(width))};
  p.q.fill(1);
  p.kv.fill(1);
  return p;
}

inline void run(Problem& p, Isa isa, int threads, Arena& arena, Buffer& out) {
  make_table_backend(isa, threads)
      ->attention(arena, out.tensor(), p.q.tensor(), p.k(), p.v(), p.spec());
}

// Checks the effect of NaN and infinity: in a query, that query is spoilt; in a value, that
// channel; in a key, all queries that see the key. `bad_keys` are the keys that are tried.
inline void check_spoilt(Isa isa, Precision precision, DType out_type, int width, int keys,
                         std::initializer_list<float> bad_keys) {
  const auto spoilt = [&](Problem& p, int from, int to) {
    p.precision = precision;
    Buffer out(p.q.tensor().shape, out_type);
    TestArena arena;
    run(p, isa, 1, arena, out);
    int count = 0;
    for (int r = 0; r < p.queries; ++r) {
      for (int c = from; c < to; ++c) count += !std::isfinite(out.at(r, c));
    }
    return count;
  };
  for (const float bad : {NAN, INFINITY}) {
    Problem q = problem(1, 40, keys, 2, 2, width), v = q;
    q.q.set(7, width - 1, bad);
    CHECK(spoilt(q, 0, width) == width);
    CHECK(spoilt(q, width, 2 * width) == 0);
    v.kv.set(99, 2 * width + 3, bad);
    CHECK(spoilt(v, 0, width) == 40);
    CHECK(spoilt(v, width, 2 * width) == 0);
  }
  for (const float bad : bad_keys) {
    for (const int key : {3, keys - 1}) {
      Problem k = problem(1, 40, keys, 2, 2, width);
      k.kv.set(key, 5, bad);
      CHECK(spoilt(k, 0, width) == 40 * width);
      CHECK(spoilt(k, width, 2 * width) == 0);
    }
  }
}

}  // namespace
}  // namespace yent
