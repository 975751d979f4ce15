// Attention on bf16 inputs, for every instruction set this machine has, against doubles: odd
// counts, all widths, scores far apart and all alike, fences, dry runs, one thread against more.
#include <doctest/doctest.h>

#include "tests/kernels/attention_problem.h"

using namespace yent;

namespace {

// The instruction sets that have their own kernel, or all.
std::vector<Isa> isas(bool own = false) {
  std::vector<Isa> here;
  for (int i = isa_count - 1; i >= 0; --i) {
    const Isa isa = static_cast<Isa>(i);
    const CpuFeatures features = detect_features();
    if (!supports(features, isa)) continue;
    if (own && !pick(attention_bf16_table(), isa, features).block) continue;
    here.push_back(isa);
  }
  return here;
}

// Every instruction set, both kinds of output. `limit` is relative to the values mixed; a bf16
// output is rounded once more. In long problems only some rows are checked.
void check(Problem& p, double limit, bool own = false) {
  INFO(p.queries << " queries, " << p.keys << " keys, " << p.heads << " heads on " << p.kv_heads
                 << ", width " << p.width << ", scale " << p.scale);
  double size = 0;
  for (size_t r = 0; r < p.v().rows(); ++r) {
    for (int c = 0; c < p.v().shape.c; ++c) {
      size = std::max<double>(size, std::fabs(p.kv.at(r, p.kv_heads * p.width + c)));
    }
  }
  const int step = std::max(1, p.queries * p.keys / 4096);
  for (const DType type : {DType::f32, DType::bf16}) {
    const double allowed = (type == DType::f32 ? limit : limit + 0x1p-8) * size;
    const Buffer blank(p.q.tensor().shape, type);
    std::vector<Buffer> results;
    for (const Isa isa : isas(own)) {
      INFO(std::string(isa_name(isa)));
      Buffer out = blank;
      TestArena real, dry(true);
      run(p, isa, 1, real, out);
      CHECK(out.fences_stand());
      for (const int threads : {2, 3}) {
        Buffer again = blank;
        TestArena arena;
        run(p, isa, threads, arena, again);
        CHECK(out == again);
      }
      Buffer untouched = blank;
      run(p, isa, 1, dry, untouched);
      CHECK(untouched == blank);
      CHECK(dry.sizes == real.sizes);
      results.push_back(out);
    }
    for (int image = 0; image < p.images; ++image) {
      for (int query = below(step); query < p.queries; query += step) {
        for (int head = 0; head < p.heads; ++head) {
          const auto expected = p.expected(image, query, head);
          for (size_t i = 0; i < results.size(); ++i) {
            for (int c = 0; c < p.width; ++c) {
              const float actual = results[i].at(image * p.queries + query, head * p.width + c);
              if (std::fabs(actual - expected[c]) <= allowed) continue;
              FAIL_CHECK(std::string(isa_name(isas(own)[i]))
                         << ", query " << query << ", column " << c << ": " << actual
                         << ", expected " << expected[c] << ", allowed " << allowed);
              return;
            }
          }
        }
      }
    }
  }
}

constexpr double plain_limit = 0x1p-8;

}  // namespace

TEST_CASE("attention bf16: widths and odd counts") {
  const int counts[] = {1, 15, 16, 17, 31, 32, 33, 77, 100, 129, 333};
  for (const int width : {1, 7, 8, 31, 32, 33, 34, 40, 47, 48, 63, 64, 80, 160, 512}) {
    for (int i = 0; i < 3; ++i) {
      const int kv_heads = 1 + below(2), heads = kv_heads * (1 + below(2));
      Problem p =
          problem(1 + below(2), counts[below(11)], counts[below(11)], heads, kv_heads, width);
      check(p, plain_limit);
    }
  }
}

TEST_CASE("attention bf16: queries in several blocks") {
  for (const int width : {40, 80, 512}) {
    Problem p = problem(1, 700, 200, 1, 1, width);
    check(p, plain_limit);
  }
}

TEST_CASE("attention bf16: scores far apart, all alike, rising, beyond an int32") {
  for (const int width : {40, 47, 64, 160}) {
    Problem peaky = problem(1, 50, 300, 2, 2, width);
    peaky.scale *= 20;
    check(peaky, plain_limit);

    Problem alike = problem(1, 33, 333, 1, 1, width);
    for (int c = 0; c < width; ++c) {
      for (int r = 1; r < 333; ++r) alike.kv.set(r, c, alike.kv.at(0, c));
    }
    check(alike, plain_limit);
    alike.q.fill(100);
    check(alike, plain_limit);

    // Whole numbers, so that even sums of this size are exact. Every later key may raise the
    // maximum of some rows by a factor of 2^100 and more, and leave that of other rows.
    for (const float scale : {0x1p-6f, 1.0f, 0x1p5f, 0x1p20f}) {
      Problem non_temporal = problem(1, 40, 170, 1, 1, width);
      non_temporal.scale = scale;
      for (int c = 0; c < width; ++c) {
        for (int r = 0; r < 40; ++r) non_temporal.q.set(r, c, static_cast<float>(below(33) - 16));
        for (int r = 0; r < 170; ++r) {
          non_temporal.kv.set(r, c, static_cast<float>((below(33) - 16) * (1 + r / 40)));
        }
      }
      check(non_temporal, plain_limit,
            scale > 1);  // f32 numbers that are scaled first no longer differ
    }
    // About -1e4 for all keys but one.
    Problem low = problem(1, 17, 100, 1, 1, width);
    for (int c = 0; c < width; ++c) {
      for (int r = 0; r < 17; ++r) low.q.set(r, c, 8);
      for (int r = 0; r < 100; ++r) low.kv.set(r, c, r == 70 ? 0.5f : -0.5f);
    }
    low.scale = 2500.0f / static_cast<float>(width);
    check(low, plain_limit);
  }
}

TEST_CASE("attention bf16: positions") {
  for (const int width : {40, 64}) {
    Problem p = problem(1, 60, 100, 2, 1, width);
    for (int i = 0; i < p.queries; ++i) p.positions.push_back(i ? below(p.keys) : 0);
    check(p, plain_limit);
  }
}

TEST_CASE("attention bf16: a query does not see its neighbours") {
  for (const int width : {40, 80}) {
    Problem p = problem(1, 48, 200, 1, 1, width);
    p.scale = 30;
    for (const float size : {4.0f, 0x1p30f}) {
      Problem other = p;
      for (int r = 0; r < 48; ++r) {
        for (int c = 0; c < width && r != 21; ++c) other.q.set(r, c, normal(size));
      }
      for (const Isa isa : isas()) {
        Buffer out(p.q.tensor().shape, DType::f32), with(p.q.tensor().shape, DType::f32);
        TestArena a, b;
        run(p, isa, 1, a, out);
        run(other, isa, 1, b, with);
        for (int c = 0; c < width; ++c) CHECK(out.at(21, c) == with.at(21, c));
      }
    }
  }
}

TEST_CASE("attention bf16: what is not a number stays so, where it belongs") {
  const CpuFeatures features = detect_features();
  for (const PackedAttention* row : attention_bf16_table()) {
    if (!row->block || !supports(features, row->isa)) continue;
    for (const int width : {40, 64}) {
      check_spoilt(row->isa, Precision::bf16, DType::bf16, width, 100, {NAN});
    }
  }
}
