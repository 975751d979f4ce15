// Attention on quantized values, for every instruction set of this machine. It is compared with
// doubles on the same quantized values, within the rounding of the weights, and with the exact
// result.
#include <doctest/doctest.h>

#include "tests/kernels/attention_problem.h"

using namespace yent;

namespace {

const PackedAttention& row_of(Isa isa) { return pick_kernels(isa, detect_features()).attention_i8; }

// The instruction sets that choose an int8 row.
std::vector<Isa> isas() {
  std::vector<Isa> here;
  for (int i = isa_count - 1; i >= 0; --i) {
    const Isa isa = static_cast<Isa>(i);
    if (!supports(detect_features(), isa)) continue;
    const Kernels kernels = pick_kernels(isa, detect_features());
    if (!kernels.attention_bf16.block && kernels.attention_i8.block) here.push_back(isa);
  }
  return here;
}

// The greatest magnitude of a quantized key or value.
int limit_of(Isa isa) { return isa == Isa::avx2 ? 63 : 127; }

// Quantizes numbers up to `absmax`. `worth` is the scale, `factor` its inverse with `times`.
struct Scale {
  float worth, factor;
  Scale(float absmax, int limit, float times = 1)
      : worth(std::max(absmax * std::fabs(times), 1e-30f) * (1 / static_cast<float>(limit))),
        factor(times / worth) {}
  int value(float x) const {
    return std::clamp(static_cast<int>(std::nearbyint(x * factor)), -128, 127);
  }
};

// One head of one image, in the quantized values that the kernel should choose.
struct Quantized {
  struct Rows {
    std::vector<int> values;    // [row][width]
    std::vector<double> scale;  // [row]
  };

  Rows q, k;
  std::vector<double> v;
  int keys, width, step;

  Quantized(Problem& p, int image, int head, int step_keys, int limit)
      : keys(p.keys), width(p.width), step(step_keys) {
    const int column = head * width, kv_column = head / (p.heads / p.kv_heads) * width;
    const int v_column = p.kv_heads * width + kv_column;
    q = encode(p.q, image * p.queries, p.queries, column, 127, p.scale * 1.44269504f);
    k = encode(p.kv, image * keys, keys, kv_column, limit, 1);
    v.resize(keys * width);
    for (int first = 0; first < keys; first += step) {
      const int end = std::min(keys, first + step);
      for (int c = 0; c < width; ++c) {
        float absmax = 0;
        for (int j = first; j < end; ++j) {
          absmax = std::max(absmax, std::fabs(p.kv.at(image * keys + j, v_column + c)));
        }
        const Scale scale(absmax, limit);
        for (int j = first; j < end; ++j) {
          const float value = p.kv.at(image * keys + j, v_column + c);
          v[j * width + c] = static_cast<double>(scale.worth) * scale.value(value);
        }
      }
    }
  }

  // NOLINTNEXTLINE(readability-function-size)
  Rows encode(Buffer& from, int first, int rows, int column, int limit, float factor) const {
    Rows to;
    for (int r = 0; r < rows; ++r) {
      float absmax = 0;
      for (int c = 0; c < width; ++c) {
        absmax = std::max(absmax, std::fabs(from.at(first + r, column + c)));
      }
      const Scale scale(absmax, limit, factor);
      to.scale.push_back(scale.worth);
      for (int c = 0; c < width; ++c) {
        to.values.push_back(scale.value(from.at(first + r, column + c)));
      }
    }
    return to;
  }

  // The output of a query, and its allowed error: a weight is rounded to 1/255 of the greatest in
  // its step.
  void answer(int query, std::vector<double>& mixed, std::vector<double>& allowed) const {
    std::vector<double> log2_units(keys), row_max((keys + step - 1) / step, -HUGE_VAL);
    double top = -HUGE_VAL, total = 0, missed = 0;
    for (int j = 0; j < keys; ++j) {
      int64_t sum = 0;
      for (int c = 0; c < width; ++c) sum += q.values[query * width + c] * k.values[j * width + c];
      log2_units[j] = static_cast<double>(sum) * q.scale[query] * k.scale[j];
      row_max[j / step] = std::max(row_max[j / step], log2_units[j]);
      top = std::max(top, log2_units[j]);
    }
    mixed.assign(width, 0);
    allowed.assign(width, 0);
    std::vector<double> slips(keys);
    for (int j = 0; j < keys; ++j) {
      const double weight = std::exp2(log2_units[j] - top);
      // f32 numbers as large as the scores are no more exact than this.
      const double blur = 3e-4 + 0x1p-21 * (std::fabs(log2_units[j]) + std::fabs(top));
      slips[j] = 0.501 / 255 * std::exp2(row_max[j / step] - top) + blur * weight;
      total += weight;
      missed += slips[j];
      for (int c = 0; c < width; ++c) mixed[c] += weight * v[j * width + c];
    }
    for (double& x : mixed) x /= total;
    for (int j = 0; j < keys; ++j) {
      for (int c = 0; c < width; ++c) {
        allowed[c] += slips[j] * std::fabs(v[j * width + c] - mixed[c]);
      }
    }
    // The greatest weight of all is not rounded.
    for (double& x : allowed) x /= std::max(total - missed, 0.9);
  }
};

Buffer attend(Problem& p, Isa isa, DType type, int threads = 1) {
  Buffer out(p.q.tensor().shape, type);
  TestArena arena;
  run(p, isa, threads, arena, out);
  return out;
}

// Both kinds of output. In long problems only some rows are checked. Returns the greatest error
// against the exact result, relative in the norm, as it would be with quantized values up to 127.
double check(Problem& p) {
  INFO(p.queries << " queries, " << p.keys << " keys, " << p.heads << " heads on " << p.kv_heads
                 << ", width " << p.width << ", scale " << p.scale);
  p.precision = Precision::int8;
  double worst = 0;
  const int stride = std::max(1, p.queries * p.keys / 4096);
  for (const Isa isa : isas()) {
    INFO(std::string(isa_name(isa)));
    Buffer floats = attend(p, isa, DType::f32), halves = attend(p, isa, DType::bf16);
    CHECK(floats.fences_stand());
    CHECK(halves.fences_stand());
    for (const int threads : {2, 3}) {
      CHECK(attend(p, isa, DType::f32, threads) == floats);
      CHECK(attend(p, isa, DType::bf16, threads) == halves);
    }
    TestArena real, dry(true);
    Buffer untouched(p.q.tensor().shape, DType::f32);
    const Buffer blank = untouched;
    run(p, isa, 1, dry, untouched);
    CHECK(untouched == blank);
    run(p, isa, 1, real, untouched);
    CHECK(dry.sizes == real.sizes);

    double gap = 0, size = 0;
    std::vector<double> mixed, allowed;
    for (int image = 0; image < p.images; ++image) {
      for (int head = 0; head < p.heads; ++head) {
        const Quantized quantized(p, image, head, row_of(isa).keys, limit_of(isa));
        for (int query = below(stride); query < p.queries; query += stride) {
          quantized.answer(query, mixed, allowed);
          const auto meant = p.expected(image, query, head);
          for (int c = 0; c < p.width; ++c) {
            const size_t r = image * p.queries + query;
            const int column = head * p.width + c;
            const double actual = floats.at(r, column),
                         limit = allowed[c] + 1e-5 * std::fabs(mixed[c]) + 1e-6;
            gap += (actual - meant[c]) * (actual - meant[c]);
            size += meant[c] * meant[c];
            CHECK(halves.at(r, column) == bf16_to_f32(f32_to_bf16(floats.at(r, column))));
            if (std::fabs(actual - mixed[c]) <= limit) continue;
            FAIL_CHECK("query " << query << ", column " << c << ": " << actual << ", expected "
                                << mixed[c] << ", allowed " << limit);
            return 1;
          }
        }
      }
    }
    const double error = std::sqrt(gap / std::max(size, 1e-30));
    worst = std::max(worst, error * limit_of(isa) / 127);
  }
  return worst;
}

}  // namespace

TEST_CASE("attention i8: widths and odd counts") {
  const int counts[] = {1, 15, 16, 17, 31, 32, 33, 77, 100, 111, 112, 113, 129, 333};
  for (const int width : {1, 3, 7, 8, 13, 14, 15, 31, 33, 40, 47, 64, 80, 160, 512}) {
    for (int i = 0; i < 3; ++i) {
      const int kv_heads = 1 + below(2), heads = kv_heads * (1 + below(2));
      Problem p =
          problem(1 + below(2), counts[below(14)], counts[below(14)], heads, kv_heads, width);
      check(p);
    }
  }
}

// With few queries: where scores differ by tens, an error of 1/100 in a key shows.
TEST_CASE("attention i8: close to what is meant") {
  struct Case {
    float size;
    double limit;
  };
  for (const Case c : {Case{0.3f, 0.015}, Case{1, 0.03}, Case{2, 0.1}, Case{3, 0.15}}) {
    for (const int width : {40, 80, 160}) {
      Problem p = problem(1, 64, 1000, 1, 1, width);
      p.q.fill(c.size);
      for (size_t r = 0; r < p.k().rows(); ++r) {
        for (int i = 0; i < width; ++i) p.kv.set(r, i, normal(c.size));
      }
      CHECK(check(p) < c.limit);
    }
  }
}

TEST_CASE("attention i8: queries in several blocks, keys in several steps") {
  for (const int width : {40, 80, 512}) {
    Problem p = problem(1, 700, 600, 1, 1, width);
    check(p);
  }
}

TEST_CASE("attention i8: scores far apart, all alike, rising, codes at their ends") {
  for (const int width : {40, 47, 64, 160}) {
    Problem peaky = problem(1, 50, 300, 2, 2, width);
    peaky.scale *= 20;
    check(peaky);
    peaky.scale *= -1;
    check(peaky);

    Problem alike = problem(1, 33, 333, 1, 1, width);
    for (int c = 0; c < width; ++c) {
      for (int r = 1; r < 333; ++r) alike.kv.set(r, c, alike.kv.at(0, c));
    }
    check(alike);
    alike.q.fill(100);
    check(alike);

    for (const float scale : {0x1p-6f, 1.0f, 0x1p5f, 0x1p20f}) {
      Problem non_temporal = problem(1, 40, 370, 1, 1, width);
      non_temporal.scale = scale;
      for (int c = 0; c < width; ++c) {
        for (int r = 0; r < 370; ++r) non_temporal.kv.set(r, c, normal(1.0f + r / 40));
      }
      check(non_temporal);
    }
    // Every quantized value is 127 or -127; then all are zero.
    for (const float size : {1.0f, 0.0f}) {
      Problem ends = problem(1, 40, 230, 1, 1, width);
      ends.scale = 0.05f / static_cast<float>(width);
      for (int c = 0; c < width; ++c) {
        for (int r = 0; r < 40; ++r) ends.q.set(r, c, r % 2 ? size : -size);
        for (int r = 0; r < 230; ++r) {
          ends.kv.set(r, c, r % 3 ? size : -size);
          ends.kv.set(r, width + c, r % 5 ? size : -size);
        }
      }
      check(ends);
    }
  }
}

// One key weighs much more than each other key, and little more than all of them together.
TEST_CASE("attention i8: many small weights do not vanish") {
  const int width = 40, keys = 2000;
  Problem p = problem(1, 20, keys, 1, 1, width);
  p.scale = 1;
  for (int c = 0; c < width; ++c) {
    for (int r = 0; r < 20; ++r) p.q.set(r, c, c ? 0.0f : 1.0f);
    for (int r = 0; r < keys; ++r) {
      p.kv.set(r, c, c == 0 && r == 5 ? 7.0f : 0.0f);
      p.kv.set(r, width + c, r == 5 ? -1.0f : 1.0f);
    }
  }
  CHECK(check(p) < 0.2);
}

TEST_CASE("attention i8: a query does not see its neighbours") {
  for (const int width : {40, 80}) {
    Problem p = problem(1, 48, 200, 1, 1, width);
    p.scale = 3;
    p.precision = Precision::int8;
    Problem other = p;
    for (int r = 0; r < 48; ++r) {
      for (int c = 0; c < width && r != 21; ++c) other.q.set(r, c, normal(4));
    }
    for (const Isa isa : isas()) {
      Buffer out = attend(p, isa, DType::f32), with = attend(other, isa, DType::f32);
      for (int c = 0; c < width; ++c) CHECK(out.at(21, c) == with.at(21, c));
    }
  }
}

TEST_CASE("attention i8: what is not a number stays so, where it belongs") {
  for (const Isa isa : isas()) {
    for (const int width : {40, 64}) {
      check_spoilt(isa, Precision::int8, DType::f32, width, 400, {NAN, INFINITY});
    }
  }
}

TEST_CASE("attention i8: only where it is asked for, and not with positions or native bf16") {
  Problem p = problem(1, 40, 100, 2, 1, 40);
  const std::vector<Isa> chosen = isas();
  for (int i = isa_count - 1; i >= 0; --i) {
    const Isa isa = static_cast<Isa>(i);
    if (!supports(detect_features(), isa)) continue;
    const bool own = std::count(chosen.begin(), chosen.end(), isa) > 0;
    p.precision = Precision::bf16;
    Buffer plain = attend(p, isa, DType::f32);
    p.precision = Precision::int8;
    CHECK((attend(p, isa, DType::f32) == plain) != own);
    Problem placed = p;
    for (int query = 0; query < p.queries; ++query) placed.positions.push_back(p.keys - 1);
    Buffer all = attend(placed, isa, DType::f32);
    placed.precision = Precision::bf16;
    CHECK(attend(placed, isa, DType::f32) == all);
  }
}
