// Exact backends: every op byte for byte what plain C++ computes, or where that is not written down
// the same bytes, on every instruction set of this machine and with one, two and five threads.
#include <doctest/doctest.h>

#include <functional>
#include <random>
#include <string>
#include <utility>

#include "tests/support/exact_reference.h"
#include "tests/support/op_check.h"

using namespace yent;
using namespace yent::test;
using exact::Floats;

namespace {

Floats row_of(Buffer& b, size_t row, int first, int count) {
  Floats values;
  for (int c = 0; c < count; ++c) values.push_back(b.at(row, first + c));
  return values;
}

// Runs `op` on every instruction set and number of threads. `expected` is overwritten by the first
// result unless it is `known`.
void check_exact(Buffer& expected, bool known, const Op& op) {
  for (const Isa isa : isas()) {
    if (isa == Isa::ref) continue;
    INFO(std::string(isa_name(isa)));
    for (const int threads : {1, 2, 5}) {
      const auto backend = make_table_backend(isa, threads)->exact_twin();
      REQUIRE(backend->exact());
      CHECK(backend->isa() == isa_name(isa));
      CHECK(backend->threads() == threads);
      Buffer actual = expected;
      for (size_t r = 0; r < actual.tensor().rows(); ++r) {
        for (int c = 0; c < actual.tensor().shape.c; ++c) actual.at(r, c) = -77;
      }
      TestArena arena;
      op(*backend, arena, actual);
      CHECK(actual.fences_stand());
      if (!known) expected = actual, known = true;
      CHECK(actual == expected);
    }
  }
}

// Other tests' random numbers stay what they were.
struct OwnNumbers {
  std::mt19937 others = std::exchange(test::random(), std::mt19937(24));
  ~OwnNumbers() { test::random() = others; }
};

const Fn fns[] = {Fn::none, Fn::silu, Fn::gelu, Fn::quick_gelu, Fn::relu_squared};

}  // namespace

TEST_CASE_FIXTURE(OwnNumbers,
                  "exact: a linear layer is what plain C++ computes, in f32 and in int8") {
  struct Size {
    int rows, in, out;
  };
  for (const Size& size : {Size{1, 1, 1}, {3, 37, 19}, {29, 128, 65}, {77, 1030, 33}}) {
    for (const Precision precision : {Precision::f32, Precision::int8}) {
      const Fn fn = fns[below(std::size(fns))];
      CAPTURE(size.in);
      CAPTURE(static_cast<int>(precision));
      CAPTURE(static_cast<int>(fn));
      Host weight({size.out, size.in}), bias({size.out});
      Buffer x({1, size.rows, 1, size.in}, 3, -4, 4), residual({1, size.rows, 1, size.out});
      Buffer out({1, size.rows, 1, size.out});
      for (int r = 0; r < size.rows; ++r) {
        const Floats row = row_of(x, r, 0, size.in);
        for (int c = 0; c < size.out; ++c) {
          const auto from = weight.values.begin() + static_cast<ptrdiff_t>(c) * size.in;
          const Floats column(from, from + size.in);
          const float y =
              precision == Precision::f32
                  ? exact::product(row, column, bias.values[c])
                  : exact::product(exact::Quantized(row), exact::Quantized(column), bias.values[c]);
          out.at(r, c) = exact::apply(fn, y) + residual.at(r, c);
        }
      }
      check_exact(out, true, [&](Backend& backend, Arena& arena, Buffer& to) {
        const LinearWeight w = backend.pack_linear(source_of({&weight}, &bias, false), precision);
        CHECK(w.packed->kernel.ends_with(" exact"));
        backend.linear(arena, to, x.tensor(), w, {.fn = fn, .residual = residual});
      });
    }
  }
}

TEST_CASE_FIXTURE(OwnNumbers, "exact: activation functions, at every size of number") {
  constexpr int count = 4000;
  for (const Fn fn : fns) {
    CAPTURE(static_cast<int>(fn));
    Host weight({1, 1});
    weight.values[0] = 1;
    Buffer x({1, count, 1, 1}), out({1, count, 1, 1});
    for (int i = 0; i < count; ++i) {
      const float size = std::ldexp(uniform(0.5f, 1), below(140) - 130);
      x.at(i, 0) = i < 4 ? (i - 2) * 0.0f : i % 2 ? size : -size;
      out.at(i, 0) = exact::apply(fn, exact::product(Floats{x.at(i, 0)}, Floats{1}, 0));
    }
    check_exact(out, true, [&](Backend& backend, Arena& arena, Buffer& to) {
      const LinearWeight w =
          backend.pack_linear(source_of({&weight}, nullptr, false), Precision::f32);
      backend.linear(arena, to, x.tensor(), w, {.fn = fn});
    });
  }
}

TEST_CASE_FIXTURE(OwnNumbers, "exact: norms of rows are what plain C++ computes") {
  for (const int columns : {1, 5, 16, 33, 100, 320, 771}) {
    CAPTURE(columns);
    const int rows = 37;
    Host weight({columns}), bias({columns});
    Buffer x({1, rows, 1, columns}, 3, -1, 9), layer({1, rows, 1, columns});
    Buffer rms = layer;
    for (int r = 0; r < rows; ++r) {
      const Floats y =
          exact::layer_norm(row_of(x, r, 0, columns), weight.values, bias.values, 1e-5f);
      const Floats z = exact::rms_norm(row_of(x, r, 0, columns), weight.values, 1e-6f);
      for (int c = 0; c < columns; ++c) layer.at(r, c) = y[c], rms.at(r, c) = z[c];
    }
    const auto norm = [&](Backend& backend, float eps) {
      return NormWeight{"norm", backend.upload(weight.tensor), backend.upload(bias.tensor), eps};
    };
    check_exact(layer, true, [&](Backend& backend, Arena& arena, Buffer& to) {
      backend.layer_norm(arena, to, x, norm(backend, 1e-5f));
    });
    check_exact(rms, true, [&](Backend& backend, Arena& arena, Buffer& to) {
      backend.rms_norm(arena, to, x, norm(backend, 1e-6f), columns);
    });
  }
}

TEST_CASE_FIXTURE(OwnNumbers, "exact: attention is what plain C++ computes, in f32 and in int8") {
  struct Size {
    int queries, keys, width;
  };
  for (const Size& size : {Size{1, 1, 1}, {3, 77, 40}, {70, 168, 8}, {9, 340, 80}}) {
    for (const Precision precision : {Precision::f32, Precision::int8}) {
      const int heads = 2, images = 2, width = size.width, channels = heads * width;
      CAPTURE(size.keys);
      CAPTURE(static_cast<int>(precision));
      Buffer q({images, size.queries, 1, channels}, 3, -3, 3),
          out({images, size.queries, 1, channels});
      Buffer k({images, size.keys, 1, channels}, 0, -3, 3), v({images, size.keys, 1, channels}, 5);
      const float scale = 1 / std::sqrt(static_cast<float>(width));
      for (int image = 0; image < images; ++image) {
        for (int head = 0; head < heads; ++head) {
          std::vector<Floats> keys, values;
          for (int j = 0; j < size.keys; ++j) {
            keys.push_back(row_of(k, image * size.keys + j, head * width, width));
            values.push_back(row_of(v, image * size.keys + j, head * width, width));
          }
          for (int i = 0; i < size.queries; ++i) {
            const size_t r = static_cast<size_t>(image) * size.queries + i;
            const auto of = precision == Precision::f32 ? exact::attention : exact::attention_i8;
            const Floats y = of(row_of(q, r, head * width, width), keys, values, scale);
            for (int c = 0; c < width; ++c) out.at(r, head * width + c) = y[c];
          }
        }
      }
      check_exact(out, true, [&](Backend& backend, Arena& arena, Buffer& to) {
        AttnSpec spec{.heads = heads, .kv_heads = heads, .scale = scale};
        spec.precision = precision;
        backend.attention(arena, to, q, k, v, spec);
      });
    }
  }
}

TEST_CASE_FIXTURE(OwnNumbers, "exact: attention with positions, of one query too") {
  for (const int queries : {1, 3, 50}) {
    CAPTURE(queries);
    Indices positions;
    for (int i = 0; i < queries; ++i) positions.values.push_back(190 + i);
    Buffer q({1, queries, 1, 48}), k({1, 250, 1, 24}), v({1, 250, 1, 24});
    Buffer out({1, queries, 1, 48});
    for (int r = 0; r < queries; ++r) {
      for (int head = 0; head < 4; ++head) {
        std::vector<Floats> keys, values;
        for (int j = 0; j <= positions.values[r]; ++j) {
          keys.push_back(row_of(k, j, head / 2 * 12, 12));
          values.push_back(row_of(v, j, head / 2 * 12, 12));
        }
        const Floats y = exact::attention(row_of(q, r, head * 12, 12), keys, values, 0.5f);
        for (int c = 0; c < 12; ++c) out.at(r, head * 12 + c) = y[c];
      }
    }
    check_exact(out, true, [&](Backend& backend, Arena& arena, Buffer& to) {
      AttnSpec spec{.heads = 4, .kv_heads = 2, .scale = 0.5f, .positions = positions.tensor()};
      spec.precision = Precision::int8;
      backend.attention(arena, to, q, k, v, spec);
    });
  }
}

TEST_CASE_FIXTURE(OwnNumbers, "exact: group norms and convolutions, apart and together") {
  for (const Precision precision : {Precision::f32, Precision::int8}) {
    for (const int width : {5, 32}) {
      for (const Fn fn : fns) {
        const int in = 24, more = 12, out = 41;
        CAPTURE(static_cast<int>(precision));
        CAPTURE(width);
        Host filter({out, in + more, 3, 3}), bias({out}), gain({in + more}), shift({in + more});
        Buffer a({2, 7, width, in}, 3, -2, 5), b({2, 7, width, more}, 1, -9, 1);
        Buffer residual({2, 7, width, out});
        const ConcatView x(a, b);
        const auto pack = [&](Backend& backend) {
          return backend.pack_conv3x3("conv", filter.tensor, bias.tensor, precision, true);
        };
        const auto norm = [&](Backend& backend) {
          return NormWeight{"norm", backend.upload(gain.tensor), backend.upload(shift.tensor)};
        };
        Buffer normed({2, 7, width, in + more}), together({2, 7, width, out});
        check_exact(normed, false, [&](Backend& backend, Arena& arena, Buffer& to) {
          backend.group_norm(arena, to, x, norm(backend), 4, fn);
        });
        check_exact(together, false, [&](Backend& backend, Arena& arena, Buffer& to) {
          const NormWeight n = norm(backend);
          backend.norm_conv3x3(arena, to, x, {n, 4, fn}, pack(backend), {}, {.residual = residual});
        });
        Buffer larger({2, 14, 2 * width, out}), smaller({2, 4, (width + 1) / 2, out});
        check_exact(larger, false, [&](Backend& backend, Arena& arena, Buffer& to) {
          backend.conv3x3(arena, to, normed, pack(backend), {.upsample = true}, {.fn = fn});
        });
        check_exact(smaller, false, [&](Backend& backend, Arena& arena, Buffer& to) {
          backend.conv3x3(arena, to, normed, pack(backend), {.stride = 2}, {});
        });
      }
    }
  }
}

TEST_CASE_FIXTURE(OwnNumbers, "exact: q8_0 weights are expanded, whatever the number of rows") {
  for (const int rows : {1, 9}) {
    Host weight({70, 96});
    weight.make_q8();
    Buffer x({1, rows, 1, 96}), out({1, rows, 1, 70});
    check_exact(out, false, [&](Backend& backend, Arena& arena, Buffer& to) {
      const LinearWeight w =
          backend.pack_linear(source_of({&weight}, nullptr, false), Precision::f32);
      backend.linear(arena, to, x.tensor(), w, {});
    });
  }
}

TEST_CASE_FIXTURE(OwnNumbers,
                  "exact: the reference backend has no exact twin, and rows without one say so") {
  CHECK_THROWS_WITH(make_cpu_backend({.isa = "ref"})->exact_twin(),
                    "the policy is exact: it needs a CPU with AVX2 or NEON, not cpu ref");
  CHECK_THROWS(make_table_backend(Isa::ref, 1)->exact_twin());
  CHECK_FALSE(make_table_backend(Isa::ref, 1)->exact());
}

// Tiles of AMX are multiplied by AMX alone, but are stored by AVX-512.
TEST_CASE_FIXTURE(OwnNumbers, "exact: AMX stores its tiles as AVX-512 does") {
  const auto row = [](Isa isa) -> const Gemm* {
    for (const Gemm* g : gemm_i8_table()) {
      if (g->isa == isa) return g;
    }
    return nullptr;
  };
  const Gemm *amx = row(Isa::amx), *vnni = row(Isa::avx512vnni);
  if (!amx || !supports(detect_features(), Isa::avx512bf16)) {
    MESSAGE("skipped: no AVX-512 BF16 here");
    return;
  }
  REQUIRE(amx->nr == vnni->nr);
  const int rows = 9, nr = amx->nr;
  std::vector<int32_t> sums(rows * nr), none(nr, 0);
  for (int32_t& sum : sums) sum = below(2'000'000) - 1'000'000;
  Buffer scales({1, 2, 1, nr}, 0, 1e-4f, 1e-3f), bias({1, 1, 1, nr}), residual({1, rows, 1, nr});
  for (const Fn fn : fns) {
    for (const int columns : {nr, nr - 14}) {
      for (const bool gated : {false, true}) {
        Buffer a({1, rows, 1, nr}, 0, 0, 0), b = a;
        GemmTile tile{.sums = sums.data(), .rows = rows, .columns = columns};
        tile.out_ld = tile.residual_ld = nr;
        tile.bias = &bias.at(0, 0), tile.residual = &residual.at(0, 0);
        tile.row_scale = &scales.at(0, 0), tile.column_scale = &scales.at(1, 0);
        tile.compensation = none.data();
        tile.fn = fn, tile.gated = gated;
        tile.out = &a.at(0, 0);
        amx->store_tile(tile);
        tile.out = &b.at(0, 0);
        vnni->store_tile(tile);
        CHECK(a == b);
      }
    }
  }
}
