// Every row of the int8 and bf16 tables, tested by its contract (kernels/cpu/gemm/gemm.h): panels
// of every height and width, segments that begin anywhere, misaligned sources, extreme values,
// fences.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/isa_table.h"
#include "kernels/half.h"
#include "tests/support/arena.h"
#include "tests/support/values.h"

using namespace yent;

namespace {

std::mt19937& random() {
  static std::mt19937 generator(20240307);
  return generator;
}

int below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random()); }

// Rows that read A in place have no panels of A: test_ops.cpp tests them.
std::vector<const Gemm*> usable(std::span<const Gemm* const> table) {
  const CpuFeatures features = detect_features();
  std::vector<const Gemm*> rows;
  for (const Gemm* row : table) {
    if (supports(features, row->isa) && row->accumulate) rows.push_back(row);
  }
  return rows;
}

// Memory aligned to 64 bytes, with fences that show writes outside it.
class Fenced {
 public:
  explicit Fenced(size_t bytes)
      : bytes_(bytes), memory_(new (std::align_val_t{64}) uint8_t[bytes + 2 * fence]) {
    std::fill_n(memory_, bytes + 2 * fence, mark);
  }
  ~Fenced() { ::operator delete[](memory_, std::align_val_t{64}); }
  Fenced(const Fenced&) = delete;

  uint8_t* at(size_t byte = 0) { return memory_ + fence + byte; }
  bool stands() const {
    const auto marked = [](uint8_t b) { return b == mark; };
    return std::all_of(memory_, memory_ + fence, marked) &&
           std::all_of(memory_ + fence + bytes_, memory_ + 2 * fence + bytes_, marked);
  }

 private:
  static constexpr size_t fence = 128;
  static constexpr uint8_t mark = 0xff;  // four of them are a NaN
  size_t bytes_;
  uint8_t* memory_;
};

// rows x k elements; each row has its own misaligned address.
template <class T>
struct Rows {
  std::vector<T> values;
  std::vector<std::vector<uint8_t>> bytes;
  int k;

  Rows(int rows, int length, const std::function<T(int row, int p)>& value)
      : values(static_cast<size_t>(rows) * length), bytes(rows), k(length) {
    for (int r = 0; r < rows; ++r) {
      for (int p = 0; p < k; ++p) values[static_cast<size_t>(r) * k + p] = value(r, p);
      bytes[r].resize(k * sizeof(T) + shift(r));
      std::memcpy(bytes[r].data() + shift(r), row(r), k * sizeof(T));
    }
  }
  static size_t shift(int r) { return r % 7 * (sizeof(T) == 1 ? 1 : sizeof(T)); }
  const T* row(int r) const { return values.data() + static_cast<size_t>(r) * k; }
  const void* source(int r, int p) const { return bytes[r].data() + shift(r) + p * sizeof(T); }
};

// The product of A and B by one row of the table, summed over blocks of `depth`. A is packed in
// pieces of random length. Returns the sums of existing rows and columns, contiguous.
template <class Sum, class T, class U>
std::vector<Sum> product(const Gemm& g, const Rows<T>& a, int rows, const Rows<U>& b, int columns,
                         int depth) {
  const int k = (a.k + g.kr - 1) / g.kr * g.kr;
  depth = (depth + g.kr - 1) / g.kr * g.kr;
  Fenced right(static_cast<size_t>(k) * g.nr * g.b_bytes), sums(sizeof(Sum) * g.mr * g.nr);
  Fenced left(static_cast<size_t>(depth) * g.mr * g.a_bytes + 64);
  std::memset(right.at(), 0, static_cast<size_t>(k) * g.nr * g.b_bytes);
  g.pack_b(right.at(), b.values.data(), b.k, columns, b.k);
  CHECK(right.stands());

  const int64_t zeros[8] = {};
  const void* at[64];
  for (int k0 = 0; k0 < k; k0 += depth) {
    const int k1 = std::min(k0 + depth, k);
    for (int p = k0; p < k1;) {
      const int end = p < a.k ? std::min({a.k, k1, p + 1 + below(70)}) : k1;
      for (int i = 0; i < rows; ++i) at[i] = p < a.k ? a.source(i, p) : zeros;
      g.pack_a(left.at(), p - k0, at, rows, end - p);
      p = end;
    }
    CHECK(left.stands());
    g.accumulate(sums.at(), left.at(), right.at(static_cast<size_t>(k0) * g.nr * g.b_bytes), rows,
                 k1 - k0, k0 > 0, right.at(), 3);
    CHECK(sums.stands());
  }
  std::vector<Sum> made;
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) {
      Sum sum;
      std::memcpy(&sum, sums.at((i * g.nr + j) * sizeof sum), sizeof sum);
      made.push_back(sum);
    }
  }
  return made;
}

void check_codes(const Gemm& g, const Rows<int8_t>& a, int rows, const Rows<int8_t>& b, int columns,
                 int depth) {
  const auto made = product<int32_t>(g, a, rows, b, columns, depth);
  int wrong = 0;
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) {
      int64_t expected = 0, column_sum = 0;
      for (int p = 0; p < a.k; ++p) {
        expected += a.row(i)[p] * b.row(j)[p];
        column_sum += b.row(j)[p];
      }
      wrong += made[i * columns + j] - g.zero_point * column_sum != expected;
    }
  }
  INFO(std::string(g.name));
  CAPTURE(rows);
  CAPTURE(columns);
  CAPTURE(a.k);
  CHECK(wrong == 0);
}

int8_t value(int, int) { return static_cast<int8_t>(below(255) - 127); }

float fraction() { return std::uniform_real_distribution<float>(-1, 1)(random()); }

void check_halves(const Gemm& g, int rows, int columns, int k, int depth) {
  const Rows<uint16_t> a(rows, k, [](int, int) { return f32_to_bf16(fraction()); });
  const Rows<float> b(columns, k, [](int, int) { return fraction(); });
  const auto made = product<float>(g, a, rows, b, columns, depth);
  INFO(std::string(g.name));
  CAPTURE(rows);
  CAPTURE(columns);
  CAPTURE(k);
  double worst = 0;
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) {
      double expected = 0;
      for (int p = 0; p < k; ++p) {
        expected +=
            static_cast<double>(bf16_to_f32(a.row(i)[p])) * bf16_to_f32(f32_to_bf16(b.row(j)[p]));
      }
      worst = std::max(worst, std::fabs(made[i * columns + j] - expected));
    }
  }
  CHECK(worst <= 1.2e-7 * (k + 8));
}

}  // namespace

TEST_CASE("gemm: code products are exact at every height, width and depth") {
  for (const Gemm* g : usable(gemm_i8_table())) {
    for (int rows = 1; rows <= g->mr; ++rows) {
      const int k = 1 + below(200);
      const Rows<int8_t> a(rows, k, value), b(g->nr, k, value);
      check_codes(*g, a, rows, b, g->nr, 64);
    }
    for (int columns = 1; columns <= g->nr; ++columns) {
      const int k = 1 + below(90), rows = 1 + below(g->mr);
      const Rows<int8_t> a(rows, k, value), b(columns, k, value);
      check_codes(*g, a, rows, b, columns, 1000);
    }
    for (int k = 1; k <= 70; ++k) {
      const Rows<int8_t> a(g->mr, k, value), b(g->nr, k, value);
      check_codes(*g, a, g->mr, b, g->nr, 16);
    }
  }
}

TEST_CASE("gemm: code products neither saturate nor wrap") {
  const int k = 23040;
  for (const Gemm* g : usable(gemm_i8_table())) {
    for (const int left : {127, -127}) {
      for (const int right : {127, -127}) {
        const Rows<int8_t> a(2, k, [&](int r, int) { return r ? -left : left; });
        const Rows<int8_t> b(2, k, [&](int c, int p) { return c && p % 2 ? -right : right; });
        check_codes(*g, a, 2, b, 2, 2048);
      }
    }
  }
}

TEST_CASE("gemm: bf16 products at every height, width and depth") {
  for (const Gemm* g : usable(gemm_bf16_table())) {
    for (int rows = 1; rows <= g->mr; ++rows) check_halves(*g, rows, g->nr, 1 + below(200), 64);
    for (int columns = 1; columns <= g->nr; ++columns) {
      check_halves(*g, 1 + below(g->mr), columns, 1 + below(90), 1000);
    }
    for (int k = 1; k <= 70; ++k) check_halves(*g, g->mr, g->nr, k, 16);
    check_halves(*g, 3, 5, 11520, 512);
  }
}

TEST_CASE("gemm: bf16 rounds weights to nearest even and keeps what is not finite") {
  const float cases[] = {1.00390625f, 1.01171875f,    -1.00390625f,          3.3895314e38f,
                         INFINITY,    -INFINITY,      std::nanf("0x7fffff"), 0.0f,
                         -0.0f,       1.17549435e-38f};
  for (const Gemm* g : usable(gemm_bf16_table())) {
    INFO(std::string(g->name));
    for (const float x : cases) {
      CAPTURE(x);
      const Rows<uint16_t> one(1, 1, [](int, int) { return f32_to_bf16(1); });
      const Rows<float> weight(1, 1, [&](int, int) { return x; });
      const float y = product<float>(*g, one, 1, weight, 1, 64)[0];
      if (std::isnan(x)) {
        CHECK(std::isnan(y));
      } else {
        CHECK(y == bf16_to_f32(f32_to_bf16(x)));
      }
    }
  }
}

TEST_CASE("gemm: int8 layers give the same bits on every instruction set") {
  const int rows = 61, in = 1100, out = 77;
  std::vector<float> x(rows * in), w(out * in), filter(static_cast<size_t>(out) * 44 * 9);
  for (auto* values : {&x, &w, &filter}) std::generate(values->begin(), values->end(), fraction);
  std::vector<float> expected;
  for (const Gemm* g : gemm_i8_table()) {
    if (!supports(detect_features(), g->isa)) continue;
    INFO(std::string(g->name));
    const auto backend = make_table_backend(g->isa, 2);
    TestArena arena;
    std::vector<float> y(rows * out + 25 * 61 * out);
    const LinearWeight linear = backend->pack_linear(
        {.name = "layer", .parts = {{"part", host(w, {out, in})}}}, Precision::int8);
    backend->linear(arena, {y.data(), {1, rows, 1, out}, out},
                    Tensor{x.data(), {1, rows, 1, in}, in}, linear, {});
    const ConvWeight conv =
        backend->pack_conv3x3("layer", host(filter, {out, 44, 3, 3}), {}, Precision::int8, false);
    backend->conv3x3(arena, {y.data() + rows * out, {1, 61, 25, out}, out},
                     {x.data(), {1, 61, 25, 44}, 44}, conv, {}, {});
    if (expected.empty()) expected = y;
    CHECK(std::memcmp(y.data(), expected.data(), y.size() * sizeof(float)) == 0);
  }
}

TEST_CASE("gemm: what is too large for the caches is stored as what is not") {
  if (!supports(detect_features(), Isa::amx)) {
    MESSAGE("skipped: no AMX here");
    return;
  }
  constexpr int rows = 8400, in = 512, out = 1000;
  const auto backend = make_table_backend(Isa::amx, 3);
  std::vector<float> x(static_cast<size_t>(rows) * in), w(static_cast<size_t>(out) * in);
  for (auto* values : {&x, &w}) std::generate(values->begin(), values->end(), fraction);
  for (const Precision precision : {Precision::bf16, Precision::int8}) {
    const LinearWeight linear =
        backend->pack_linear({.name = "layer", .parts = {{"part", host(w, {out, in})}}}, precision);
    for (const int ld : {out, 1024}) {  // rows anywhere, and rows at cache lines
      const PersistentTensor whole = backend->allocate({1, rows, 1, ld}, DType::bf16);
      const PersistentTensor parts = backend->allocate({1, rows, 1, ld}, DType::bf16);
      const PersistentTensor residual = backend->allocate({1, rows, 1, ld}, DType::bf16);
      const size_t count = whole.tensor.shape.count();
      std::generate_n(residual.tensor.row<uint16_t>(0), count,
                      [] { return f32_to_bf16(fraction()); });
      const auto add = [&](const Tensor& to, size_t first, int some) {
        TestArena arena;
        backend->linear(arena, to.slice(first, some).cols(0, out),
                        Tensor{x.data(), {1, rows, 1, in}, in}.slice(first, some), linear,
                        {.residual = residual.tensor.slice(first, some).cols(0, out)});
      };
      add(whole.tensor, 0, rows);
      for (const int first : {0, rows / 2}) add(parts.tensor, first, rows / 2);
      CHECK(std::memcmp(whole.tensor.data, parts.tensor.data, 2 * count) == 0);
    }
  }
}
