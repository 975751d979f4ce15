// The tile loops of the CUDA kernels, interpreted on the host, against the reference backend. Runs
// on every machine: no GPU is used.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "kernels/ref/ref_backend.h"
#include "tests/support/arena.h"
#include "tests/support/cuda/cuda_interpreter.h"
#include "tests/support/values.h"

using namespace yent;
using namespace yent::cuda;

namespace {

std::vector<float> numbers(size_t count) {
  static std::mt19937 generator(7);
  std::vector<float> values(count);
  for (float& v : values) v = std::uniform_real_distribution<float>(-1, 1)(generator);
  return values;
}

double farthest(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return INFINITY;
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double gap = std::fabs(static_cast<double>(a[i]) - b[i]);
    if (!(gap <= most)) most = gap == gap ? gap : INFINITY;
  }
  return most;
}

std::vector<float> added(const std::vector<float>& slices, size_t count) {
  std::vector<float> sum(count, 0.0f);
  for (size_t i = 0; i < slices.size(); ++i) sum[i % count] += slices[i];
  return sum;
}

}  // namespace

TEST_CASE("cuda interpreter: a product of two sources equals the reference") {
  struct Size {
    int m, n, a, b;
  };
  for (const Size& size : {Size{1, 1, 8, 0},
                           {3, 5, 8, 16},
                           {70, 66, 40, 24},
                           {130, 161, 104, 0},
                           {129, 33, 72, 200}}) {
    for (const TileSizes& t : kTileSizes) {
      for (const int slices : {1, 3}) {
        const int k = size.a + size.b;
        const auto x = numbers(static_cast<size_t>(size.m) * k);
        const auto w = numbers(static_cast<size_t>(size.n) * k);
        const LinearView view{size.m, size.a / 8, size.b / 8, k / 8, k / 8};
        const int tiles_k = ceil_div(view.total(), kTileChunks);
        if (slices > tiles_k) continue;
        const auto a = to_chunks(x.data(), size.m, k, k, k / 8);
        const auto b = to_chunks(w.data(), size.n, k, k, k / 8);
        const auto sums = interpret_gemm(
            GemmProblem<LinearView>{view, size.m, size.n, b, t, slices},
            [&](int row, const Walk& at) {
              if (row >= view.rows) return Chunk{};
              const int begin = at.segment == 0 ? 0 : view.chunks_a;
              return a[row * (at.segment == 0 ? view.ld_a : view.ld_b) + begin + at.chunk];
            });
        const auto backend = make_ref_backend();
        TestArena arena;
        std::vector<float> expected(static_cast<size_t>(size.m) * size.n);
        const LinearWeight packed = backend->pack_linear(
            {.name = "l", .parts = {{"l", host(w, {size.n, k})}}}, Precision::f32);
        backend->linear(arena, {expected.data(), {1, size.m, 1, size.n}, size.n},
                        Tensor{const_cast<float*>(x.data()), {1, size.m, 1, k}, k}, packed, {});
        CHECK(farthest(added(sums, expected.size()), expected) <= 1e-6 * (k + 32));
      }
    }
  }
}

TEST_CASE("cuda interpreter: a convolution equals the reference") {
  struct Case {
    int h, w, in, out, out_h, out_w;
    ConvGeom geom;
  };
  for (const Case& c : {Case{5, 7, 8, 4, 5, 7, {}},
                        {8, 6, 24, 33, 8, 6, {}},
                        {3, 11, 3, 70, 3, 11, {}},  // padded to a chunk
                        {7, 5, 16, 40, 4, 3, {.stride = 2}},
                        {6, 8, 8, 6, 3, 4, {.stride = 2, .pad_top = 0, .pad_left = 0}},
                        {4, 3, 40, 7, 8, 6, {.upsample = true}},
                        {4, 5, 8, 7, 7, 9, {.upsample = true}}}) {
    for (const TileSizes& t : kTileSizes) {
      const int chunks = ceil_div(c.in, 8), m = 2 * c.out_h * c.out_w;
      const auto x = numbers(static_cast<size_t>(2) * c.h * c.w * c.in);
      const auto w = numbers(static_cast<size_t>(c.out) * c.in * 9);
      const ConvView view{2,
                          c.h,
                          c.w,
                          c.out_h,
                          c.out_w,
                          chunks,
                          chunks,
                          c.geom.stride,
                          c.geom.pad_top,
                          c.geom.pad_left,
                          upsampling(c.geom.upsample, c.h, c.w, c.out_h, c.out_w)};
      std::vector<Chunk> b(static_cast<size_t>(c.out) * view.total(), Chunk{});
      for (int o = 0; o < c.out; ++o) {
        for (int i = 0; i < c.in; ++i) {
          for (int tap = 0; tap < 9; ++tap) {
            b[static_cast<size_t>(o) * view.total() + tap * chunks + i / 8][i % 8] =
                w[(static_cast<size_t>(o) * c.in + i) * 9 + tap];
          }
        }
      }
      const auto a = to_chunks(x.data(), 2 * c.h * c.w, c.in, c.in, chunks);
      const GemmProblem<ConvView> problem{view, m, c.out, b, t};
      const auto sums = interpret_gemm(problem, [&](int row, const Walk& at) {
        const int pixel = pixel_of(view, corner_of(view, row), at.segment);
        return pixel < 0 ? Chunk{} : a[pixel * view.ld + at.chunk];
      });
      const auto backend = make_ref_backend();
      TestArena arena;
      std::vector<float> expected(static_cast<size_t>(m) * c.out);
      const ConvWeight packed =
          backend->pack_conv3x3("c", host(w, {c.out, c.in, 3, 3}), {}, Precision::f32, false);
      backend->conv3x3(arena, {expected.data(), {2, c.out_h, c.out_w, c.out}, c.out},
                       {const_cast<float*>(x.data()), {2, c.h, c.w, c.in}, c.in}, packed, c.geom,
                       {});
      CHECK(farthest(sums, expected) <= 1e-6 * (9 * c.in + 32));
    }
  }
}

TEST_CASE("cuda interpreter: attention equals the reference") {
  struct Case {
    int queries, keys, width, compiled;
    bool causal;
  };
  for (const Case& c : {Case{1, 1, 8, 40, false},
                        {33, 77, 40, 40, false},
                        {70, 130, 40, 40, true},
                        {20, 65, 64, 64, true},
                        {17, 64, 56, 64, false},
                        {5, 171, 80, 80, true},
                        {16, 40, 160, 160, false}}) {
    const int width = c.width;
    auto q = numbers(c.queries * width), k = numbers(c.keys * width), v = numbers(c.keys * width);
    std::vector<int32_t> positions(c.queries);
    std::vector<int> seen(c.queries, c.keys);
    for (int i = 0; i < c.queries && c.causal; ++i) {
      positions[i] = i * 37 % c.keys;
      seen[i] = positions[i] + 1;
    }
    const auto chunked = [&](const std::vector<float>& x, int rows) {
      return to_chunks(x.data(), rows, width, width, width / 8);
    };
    const auto q_chunks = chunked(q, c.queries), k_chunks = chunked(k, c.keys);
    const auto v_chunks = chunked(v, c.keys);
    const auto got = interpret_attention({.q = q_chunks,
                                          .k = k_chunks,
                                          .v = v_chunks,
                                          .queries = c.queries,
                                          .keys = c.keys,
                                          .width = width,
                                          .compiled_width = c.compiled,
                                          .scale = 0.7f,
                                          .seen = seen,
                                          .keys_per_tile = 64});
    const auto backend = make_ref_backend();
    TestArena arena;
    std::vector<float> expected(got.size());
    AttnSpec spec{.scale = 0.7f};
    if (c.causal) {
      spec.positions = {positions.data(), {1, c.queries, 1, 1}, 1, DType::i32};
    }
    backend->attention(arena, {expected.data(), {1, c.queries, 1, width}, width},
                       {q.data(), {1, c.queries, 1, width}, width},
                       {k.data(), {1, c.keys, 1, width}, width},
                       {v.data(), {1, c.keys, 1, width}, width}, spec);
    CHECK(farthest(got, expected) <= 1e-5);
  }
}
