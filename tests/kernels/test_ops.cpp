// Every op of the CPU backend, on every row of its tables, against the reference backend: odd
// shapes, tails, seams, fences around every output, scratch filled with NaN, one thread and three.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/isa_table.h"
#include "kernels/half.h"
#include "kernels/ref/ref_backend.h"
#include "tests/support/arena.h"

using namespace yent;

namespace {

constexpr float eps = std::numeric_limits<float>::epsilon();

std::mt19937& random() {
  static std::mt19937 generator(20240229);
  return generator;
}

float uniform(float low = -1, float high = 1) {
  return std::uniform_real_distribution<float>(low, high)(random());
}

int below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random()); }

// A tensor whose rows are wider than its columns; what lies between them must not change.
class Buffer {
 public:
  explicit Buffer(Shape shape, int gap = 3, float low = -1, float high = 1)
      : shape_(shape), ld_(shape.c + gap), memory_(2 * fence + shape.rows() * ld_, mark) {
    for (size_t r = 0; r < shape.rows(); ++r) {
      for (int c = 0; c < shape.c; ++c) tensor().row<float>(r)[c] = uniform(low, high);
    }
  }

  Tensor tensor() { return {memory_.data() + fence, shape_, ld_}; }
  operator Tensor() { return tensor(); }  // NOLINT
  float& at(size_t r, int c) { return tensor().row<float>(r)[c]; }

  bool fences_stand() {
    const auto marked = [](float x) { return x == mark; };
    bool stand = std::all_of(memory_.begin(), memory_.begin() + fence, marked) &&
                 std::all_of(memory_.end() - fence, memory_.end(), marked);
    for (size_t r = 0; r < shape_.rows(); ++r) {
      for (int c = shape_.c; c < ld_; ++c) stand = stand && at(r, c) == mark;
    }
    return stand;
  }

  bool operator==(const Buffer& other) const {
    return std::memcmp(memory_.data(), other.memory_.data(), memory_.size() * sizeof(float)) == 0;
  }

 private:
  static constexpr float mark = 12345.5f;
  static constexpr int fence = 64;
  Shape shape_;
  int ld_;
  std::vector<float> memory_;
};

struct Indices {
  std::vector<int32_t> values;
  Tensor tensor() {
    return {values.data(), {1, static_cast<int>(values.size()), 1, 1}, 1, DType::i32};
  }
};

// Host tensors own their bytes here.
struct Host {
  std::vector<float> values;
  std::vector<std::byte> blocks = {};
  HostTensor tensor;

  explicit Host(std::vector<int64_t> dims, float size = 1) {
    tensor.dims = std::move(dims);
    values.resize(tensor.count());
    for (float& v : values) v = uniform(-size, size);
    tensor.data = reinterpret_cast<const std::byte*>(values.data());
    tensor.bytes = values.size() * sizeof(float);
  }
  Host(const Host&) = delete;

  // Blocks at an odd address, as a file may have them.
  void make_q8() {
    blocks.assign(values.size() / 32 * 34 + 1, std::byte{0});
    for (size_t b = 0; b < values.size() / 32; ++b) {
      std::byte* block = blocks.data() + 1 + b * 34;
      const uint16_t scale = f32_to_f16(uniform(0.001f, 0.01f));
      std::memcpy(block, &scale, 2);
      for (int i = 0; i < 32; ++i) block[2 + i] = static_cast<std::byte>(below(256));
    }
    tensor.dtype = DType::q8_0;
    tensor.data = blocks.data() + 1;
    tensor.bytes = blocks.size() - 1;
  }
};

std::vector<Isa> isas() {
  std::vector<Isa> here;
  for (int i = isa_count - 1; i >= 0; --i) {
    const Isa isa = static_cast<Isa>(i);
    if (supports(detect_features(), isa)) here.push_back(isa);
  }
  return here;
}

void check_close(Buffer& actual, Buffer& expected, float limit) {
  CHECK(actual.fences_stand());
  double worst = 0;
  for (size_t r = 0; r < actual.tensor().rows(); ++r) {
    for (int c = 0; c < actual.tensor().shape.c; ++c) {
      const float gap = std::fabs(actual.at(r, c) - expected.at(r, c));
      if (!(gap <= limit * std::max(1.0f, std::fabs(expected.at(r, c))))) {
        FAIL_CHECK("row " << r << " column " << c << ": " << actual.at(r, c) << ", expected "
                          << expected.at(r, c) << ", limit " << limit);
        return;
      }
      worst = std::max<double>(worst, gap);
    }
  }
}

// Runs `op(backend, arena, out)` on the reference and on every row, the latter on one and on
// three threads, with a dry run that must ask for the same scratch.
template <class Op>
void check_op(const Buffer& out, float limit, Op op) {
  const auto reference = make_ref_backend();
  Buffer expected = out;
  TestArena arena;
  op(*reference, arena, expected);
  for (const Isa isa : isas()) {
    INFO(std::string(isa_name(isa)));
    const auto one = make_table_backend(isa, 1), three = make_table_backend(isa, 3);
    Buffer actual = out, again = out, untouched = out;
    TestArena real, threaded, dry(true);
    op(*one, real, actual);
    op(*three, threaded, again);
    check_close(actual, expected, limit);
    CHECK(actual == again);
    op(*one, dry, untouched);
    CHECK(untouched == out);
    CHECK(dry.sizes == real.sizes);
  }
}

LinearSource source_of(const std::vector<Host*>& weights, Host* bias, bool paired) {
  LinearSource s{.name = "layer", .parts = {}, .paired = paired};
  for (Host* w : weights)
    s.parts.push_back({"part", w->tensor, bias ? bias->tensor : HostTensor{}});
  return s;
}

constexpr Precision precisions[] = {Precision::f32, Precision::f16, Precision::bf16,
                                    Precision::int8};

// The rounding error that k products of numbers below 1 may add up to. int8 sums are exact.
float product_limit(int k, Precision p) { return eps * (p == Precision::int8 ? 32 : k + 32); }

}  // namespace

TEST_CASE("ops: linear over sizes, seams and precisions") {
  struct Size {
    int rows, in, out;
  };
  for (const Size& size : {Size{1, 1, 1},
                           {3, 5, 7},
                           {14, 32, 32},
                           {15, 33, 31},
                           {29, 40, 65},
                           {1, 700, 90},
                           {61, 1100, 33},
                           {187, 70, 670}}) {
    const int rows = size.rows, in = size.in, out = size.out;
    for (const Precision precision : precisions) {
      CAPTURE(rows);
      CAPTURE(in);
      CAPTURE(out);
      CAPTURE(static_cast<int>(precision));
      Host weight({out, in}), bias({out});
      const int seam = in > 1 ? 1 + below(in - 1) : 1;
      Buffer a({1, rows, 1, seam}), b({1, rows, 1, in - seam}, 5), residual({1, rows, 1, out}, 1);
      check_op(Buffer({1, rows, 1, out}), product_limit(in, precision),
               [&](Backend& backend, Arena& arena, Buffer& to) {
                 const LinearWeight w =
                     backend.pack_linear(source_of({&weight}, &bias, false), precision);
                 const ConcatView x = in > 1 ? ConcatView(a, b) : ConcatView(a);
                 backend.linear(arena, to, x, w, {.residual = residual});
               });
    }
  }
}

TEST_CASE("ops: every epilogue, and a residual in place") {
  const int in = 37, out = 46;
  Host weight({out, in}), bias({out});
  Buffer x({2, 9, 1, in}, 0, -3, 3), image({1, 2, 1, out}), residual({2, 9, 1, out}, 2);
  Tensor same = image;
  same.ld = 0;
  for (const Fn fn : {Fn::none, Fn::silu, Fn::gelu, Fn::quick_gelu}) {
    for (const Tensor& row_bias : {Tensor{}, image.tensor(), same}) {
      for (const Precision precision : precisions) {
        CAPTURE(static_cast<int>(fn));
        CAPTURE(static_cast<int>(precision));
        check_op(Buffer({2, 9, 1, out}), 4 * product_limit(in, precision),
                 [&](Backend& backend, Arena& arena, Buffer& to) {
                   const LinearWeight w =
                       backend.pack_linear(source_of({&weight}, &bias, false), precision);
                   backend.linear(arena, to, x.tensor(), w,
                                  {.fn = fn, .row_bias = row_bias, .residual = to});
                 });
      }
    }
  }
}

TEST_CASE("ops: stacked parts, and pairs that gate") {
  const int in = 64, out = 45;
  Host first({out, in}), second({out, in}), bias({out});
  for (const int rows : {1, 19}) {
    Buffer x({1, rows, 1, in});
    for (const Precision precision : precisions) {
      CAPTURE(rows);
      CAPTURE(static_cast<int>(precision));
      check_op(Buffer({1, rows, 1, 2 * out}), product_limit(in, precision),
               [&](Backend& backend, Arena& arena, Buffer& to) {
                 const LinearWeight w =
                     backend.pack_linear(source_of({&first, &second}, &bias, false), precision);
                 CHECK(w.out == 2 * out);
                 CHECK(w.parts.size() == 2);
                 backend.linear(arena, to, x.tensor(), w, {});
               });
      for (const Fn fn : {Fn::none, Fn::gelu, Fn::silu}) {
        Buffer residual({1, rows, 1, out});
        check_op(Buffer({1, rows, 1, out}), 8 * product_limit(in, precision),
                 [&](Backend& backend, Arena& arena, Buffer& to) {
                   const LinearWeight w =
                       backend.pack_linear(source_of({&first, &second}, &bias, true), precision);
                   backend.linear(arena, to, x.tensor(), w,
                                  {.fn = fn, .gated = true, .residual = residual});
                 });
      }
    }
  }
}

TEST_CASE("ops: linear on q8_0 blocks where they lie") {
  for (const int rows : {1, 2, 7, 8, 33}) {
    for (const int in : {32, 96, 1056}) {
      CAPTURE(rows);
      CAPTURE(in);
      Host first({70, in}), second({70, in}), third({9, in}), bias({70});
      for (Host* h : {&first, &second, &third}) h->make_q8();
      Buffer x({1, rows, 1, in}), residual({1, rows, 1, 70});
      check_op(Buffer({1, rows, 1, 149}), product_limit(in, Precision::f32),
               [&](Backend& backend, Arena& arena, Buffer& to) {
                 const LinearWeight w = backend.pack_linear(
                     source_of({&first, &second, &third}, nullptr, false), Precision::f32);
                 backend.linear(arena, to, x.tensor(), w, {});
               });
      check_op(Buffer({1, rows, 1, 70}), 64 * product_limit(in, Precision::f32),
               [&](Backend& backend, Arena& arena, Buffer& to) {
                 const LinearWeight w =
                     backend.pack_linear(source_of({&first, &second}, &bias, true), Precision::f32);
                 backend.linear(arena, to, x.tensor(), w,
                                {.fn = Fn::silu, .gated = true, .residual = residual});
               });
    }
  }
}

TEST_CASE("ops: conv3x3 over sizes, strides, pads and enlargement") {
  struct Case {
    int h, w, in, out, out_h, out_w;
    ConvGeom geom;
  };
  const Case cases[] = {{1, 1, 1, 1, 1, 1, {}},
                        {5, 7, 3, 4, 5, 7, {}},
                        {8, 6, 20, 33, 8, 6, {}},
                        {3, 11, 64, 70, 3, 11, {}},
                        {6, 6, 8, 5, 3, 3, {.stride = 2}},
                        {7, 5, 9, 40, 4, 3, {.stride = 2}},
                        {6, 8, 5, 6, 3, 4, {.stride = 2, .pad_top = 0, .pad_left = 0}},
                        {3, 16, 64, 70, 3, 16, {}},
                        {2, 32, 33, 40, 2, 32, {}},
                        {4, 32, 20, 9, 2, 16, {.stride = 2}},
                        {3, 16, 40, 33, 6, 32, {.upsample = true}},
                        {4, 3, 12, 7, 8, 6, {.upsample = true}},
                        {4, 5, 12, 7, 7, 9, {.upsample = true}}};
  for (const Case& c : cases) {
    for (const Precision precision : precisions) {
      CAPTURE(c.h);
      CAPTURE(c.in);
      CAPTURE(c.out_h);
      CAPTURE(static_cast<int>(precision));
      Host weight({c.out, c.in, 3, 3}), bias({c.out});
      Buffer x({2, c.h, c.w, c.in}), row_bias({1, 2, 1, c.out});
      const Shape shape{2, c.out_h, c.out_w, c.out};
      Buffer residual(shape, 4);
      check_op(Buffer(shape), product_limit(9 * c.in, precision),
               [&](Backend& backend, Arena& arena, Buffer& to) {
                 const ConvWeight w =
                     backend.pack_conv3x3("layer", weight.tensor, bias.tensor, precision,
                                          precision == Precision::f32 && c.geom.upsample);
                 backend.conv3x3(arena, to, x, w, c.geom,
                                 {.fn = Fn::none, .row_bias = row_bias, .residual = residual});
               });
    }
  }
}

TEST_CASE("ops: an enlarged picture longer than the square root of an int") {
  const int h = 70000;
  Host weight({1, 1, 3, 3});
  std::fill(weight.values.begin(), weight.values.end(), 0.0f);
  weight.values[4] = 1;  // the middle tap
  Buffer x({1, h, 1, 1}, 0);
  check_op(Buffer({1, 2 * h, 1, 1}, 0), 0, [&](Backend& backend, Arena& arena, Buffer& to) {
    const ConvWeight w = backend.pack_conv3x3("layer", weight.tensor, {}, Precision::f32, false);
    backend.conv3x3(arena, to, x, w, {.upsample = true}, {});
    if (arena.measuring()) return;
    int wrong = 0;
    for (int y = 0; y < 2 * h; ++y) wrong += to.at(y, 0) != x.at(y / 2, 0);
    CHECK(wrong == 0);
  });
}

TEST_CASE("ops: what is not finite comes out as not finite, codes included") {
  const int in = 70, out = 33;
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    for (const Precision precision : precisions) {
      CAPTURE(bad);
      CAPTURE(static_cast<int>(precision));
      Host weight({out, in}), filter({out, in, 3, 3});
      Buffer x({2, 3, 1, in});
      x.at(1, 41) = bad;
      for (const Isa isa : isas()) {
        const auto backend = make_table_backend(isa, 1);
        TestArena arena;
        Buffer rows({2, 3, 1, out}), image({2, 3, 1, out});
        backend->linear(arena, rows, Tensor(x),
                        backend->pack_linear(source_of({&weight}, nullptr, false), precision), {});
        backend->conv3x3(arena, image, x,
                         backend->pack_conv3x3("layer", filter.tensor, {}, precision, false), {},
                         {});
        for (int c = 0; c < out; ++c) {
          CHECK(std::isfinite(rows.at(0, c)));
          CHECK_FALSE(std::isfinite(rows.at(1, c)));
          CHECK_FALSE(std::isfinite(image.at(1, c)));
          CHECK(std::isfinite(image.at(4, c)));  // the other image
        }
        weight.values[5 * in + 8] = bad;
        x.at(1, 41) = 0;
        backend->linear(arena, rows, Tensor(x),
                        backend->pack_linear(source_of({&weight}, nullptr, false), precision), {});
        CHECK(std::isfinite(rows.at(2, 4)));
        CHECK_FALSE(std::isfinite(rows.at(2, 5)));
        weight.values[5 * in + 8] = 0;
        x.at(1, 41) = bad;
      }
    }
  }
}

TEST_CASE("ops: group_norm, groups across the seam, means far from zero") {
  struct Case {
    int a, b, groups, h, w;
    float low, high;
  };
  const Case cases[] = {{6, 6, 3, 5, 7, -1, 1},   {32, 16, 8, 13, 11, -1, 1},
                        {40, 20, 4, 1, 1, -2, 3}, {64, 0, 32, 9, 30, 99, 101},
                        {1, 2, 1, 17, 19, -1, 1}, {33, 31, 2, 3, 3, -0.001f, 0.001f}};
  for (const Case& c : cases) {
    const int channels = c.a + c.b;
    CAPTURE(channels);
    Buffer a({2, c.h, c.w, c.a}, 3, c.low, c.high), b({2, c.h, c.w, c.b}, 1, c.low, c.high);
    Buffer weight({1, 1, 1, channels}), bias({1, 1, 1, channels});
    for (const Fn fn : {Fn::none, Fn::silu}) {
      const bool affine = fn == Fn::silu;
      NormWeight w{.name = "norm", .weight = {}, .bias = {}};
      if (affine) w.weight = {weight, nullptr}, w.bias = {bias, nullptr};
      // Far from zero, the float inputs themselves hold deviations only to eps * |mean|.
      const float limit = 8 * eps * std::max(1.0f, std::fabs(c.high));  // below 1e-6
      check_op(Buffer({2, c.h, c.w, channels}), limit,
               [&](Backend& backend, Arena& arena, Buffer& to) {
                 const ConcatView x = c.b ? ConcatView(a, b) : ConcatView(a);
                 backend.group_norm(arena, to, x, w, c.groups, fn);
               });
    }
  }
}

TEST_CASE("ops: layer_norm and rms_norm, in place too") {
  for (const int columns : {1, 3, 16, 77, 320, 1025}) {
    CAPTURE(columns);
    Buffer x({1, 37, 1, columns}, 2, 3, 5), weight({1, 1, 1, columns}), bias({1, 1, 1, columns});
    const NormWeight plain{.name = "norm", .weight = {}, .bias = {}};
    const NormWeight affine{.name = "norm", .weight = {weight, nullptr}, .bias = {bias, nullptr}};
    for (const NormWeight& w : {plain, affine}) {
      check_op(
          Buffer({1, 37, 1, columns}), 64 * eps,
          [&](Backend& backend, Arena& arena, Buffer& to) { backend.layer_norm(arena, to, x, w); });
      check_op(x, 16 * eps, [&](Backend& backend, Arena& arena, Buffer& to) {
        backend.rms_norm(arena, to, to, w, columns);
      });
    }
  }
  Buffer weight({1, 1, 1, 24});
  check_op(Buffer({1, 5, 1, 96}), 16 * eps, [&](Backend& backend, Arena& arena, Buffer& to) {
    backend.rms_norm(arena, to, to, {.name = "q", .weight = {weight, nullptr}, .bias = {}}, 24);
  });
}

TEST_CASE("ops: attention over widths, lengths and groups of heads") {
  struct Case {
    int images, queries, keys, heads, kv_heads, width;
  };
  const Case cases[] = {{1, 1, 1, 1, 1, 1},      {2, 33, 77, 2, 2, 40},  {1, 70, 70, 1, 1, 512},
                        {1, 5, 400, 4, 2, 24},   {2, 3, 171, 3, 1, 12},  {1, 1, 333, 6, 2, 48},
                        {1, 130, 169, 2, 2, 80}, {1, 40, 40, 1, 1, 160}, {1, 300, 20, 3, 3, 7}};
  for (const Case& c : cases) {
    CAPTURE(c.queries);
    CAPTURE(c.keys);
    CAPTURE(c.width);
    Buffer q({c.images, c.queries, 1, c.heads * c.width}, 5, -2, 2);
    Buffer kv({c.images, c.keys, 1, 2 * c.kv_heads * c.width}, 0, -2, 2);
    const Tensor k = kv.tensor().cols(0, c.kv_heads * c.width);
    const Tensor v = kv.tensor().cols(c.kv_heads * c.width, c.kv_heads * c.width);
    AttnSpec spec{.heads = c.heads, .kv_heads = c.kv_heads};
    spec.scale = 1 / std::sqrt(static_cast<float>(c.width));
    const float limit = eps * (4 * c.width + 64);
    const auto attend = [&](Backend& backend, Arena& arena, Buffer& to) {
      backend.attention(arena, to, q, k, v, spec);
    };
    check_op(Buffer(q), limit, attend);
    // Queries at scattered places of the cache; some see one key only.
    Indices positions;
    for (int i = 0; i < c.queries; ++i) positions.values.push_back(i ? below(c.keys) : 0);
    spec.positions = positions.tensor();
    check_op(Buffer(q), limit, attend);
    // Scores so large that a softmax without a maximum overflows.
    spec.scale = 100;
    check_op(Buffer(q), 2000 * limit, attend);
  }
}

TEST_CASE("ops: attention of decoding agrees with attention of the whole") {
  const int tokens = 50, width = 32;
  Buffer q({1, tokens, 1, width}), k({1, tokens, 1, width}), v({1, tokens, 1, width});
  Indices positions;
  for (int i = 0; i < tokens; ++i) positions.values.push_back(i);
  for (const Isa isa : isas()) {
    const auto backend = make_table_backend(isa, 2);
    TestArena arena;
    Buffer whole({1, tokens, 1, width}), single({1, tokens, 1, width});
    AttnSpec spec{.scale = 0.3f, .positions = positions.tensor()};
    backend->attention(arena, whole, q, k, v, spec);
    for (int i = 0; i < tokens; ++i) {
      Indices here{{i}};
      spec.positions = here.tensor();
      backend->attention(arena, single.tensor().slice(i, 1), q.tensor().slice(i, 1), k, v, spec);
    }
    check_close(single, whole, 64 * eps);
  }
}

TEST_CASE("ops: rope in both layouts, whole and partial heads") {
  for (const bool interleaved : {false, true}) {
    for (const int rotated : {2, 10, 16}) {
      Buffer table({1, 40, 1, rotated});
      Indices positions{{7, 0, 39, 12, 12}};
      check_op(Buffer({1, 5, 1, 48}), 4 * eps, [&](Backend& backend, Arena& arena, Buffer& to) {
        backend.rope(arena, to, table, positions.tensor(), 16, interleaved);
      });
    }
  }
}

TEST_CASE("ops: store_rows, embed and mix are exact") {
  Buffer rows({1, 3, 1, 21}), place({1, 9, 1, 64});
  Indices where{{4, 0, 2}}, ids{{5, 1, 5}};
  check_op(Buffer({1, 6, 1, 21}), 0, [&](Backend& backend, Arena& arena, Buffer& to) {
    backend.store_rows(arena, to, rows, where.tensor());
  });
  Host table({7, 64}), blocks({7, 64});
  blocks.make_q8();
  for (Host* h : {&table, &blocks}) {
    for (const bool placed : {false, true}) {
      check_op(Buffer({1, 3, 1, 64}), 0, [&](Backend& backend, Arena& arena, Buffer& to) {
        const PersistentTensor stored = backend.upload(h->tensor);
        backend.embed(arena, to, stored, ids.tensor(), placed ? place.tensor() : Tensor{},
                      placed ? where.tensor() : Tensor{});
      });
    }
  }
  Buffer x({2, 5, 3, 4}), y({2, 5, 3, 4}, 0), coefficients({1, 1, 1, 3}, 0);
  check_op(Buffer({2, 5, 3, 4}), 0, [&](Backend& backend, Arena& arena, Buffer& to) {
    const Tensor terms[] = {x, to, y};  // one of them is written
    backend.linear_combination(arena, to, terms, coefficients);
  });
}

TEST_CASE("ops: write and read are inverse and keep to their columns") {
  for (const Isa isa : isas()) {
    const auto backend = make_table_backend(isa, 1);
    Buffer to({1, 4, 1, 5});
    std::vector<float> values(20), back(20);
    for (float& v : values) v = uniform();
    backend->write(to, values.data());
    backend->read(back.data(), to);
    CHECK(back == values);
    CHECK(to.fences_stand());
  }
}
