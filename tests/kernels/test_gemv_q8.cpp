// The gemv_q8 rows that multiply integers, with inputs of any magnitude.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/cpu/isa_table.h"

using namespace yent;

namespace {

// Those that this processor runs and whose inputs are of this size.
std::vector<const GemvQ8*> rows_of(size_t input_bytes) {
  std::vector<const GemvQ8*> rows;
  for (const GemvQ8* row : gemv_q8_table()) {
    const bool fits = row->packed_input_bytes == static_cast<int>(input_bytes);
    if (fits && supports(detect_features(), row->isa)) rows.push_back(row);
  }
  return rows;
}

std::vector<const GemvQ8*> integer_rows() { return rows_of(sizeof(Q8Inputs)); }

double input(const Q8Inputs& block, int i) {
  const double digits = (block.digits[2][i] * q8_radix + block.digits[1][i]) * q8_radix;
  return (digits + block.digits[0][i]) * static_cast<double>(block.scale);
}

}  // namespace

TEST_CASE("gemv_q8: integer inputs are the floats to 23 bits of the block's greatest") {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (const GemvQ8* row : integer_rows()) {
    CAPTURE(row->name);
    for (const float size : {1e-25f, 1e-3f, 1.0f, 3e4f, 1e35f}) {
      CAPTURE(size);
      for (int round = 0; round < 200; ++round) {
        std::vector<float> x(3 * 32);
        for (float& v : x) v = size * normal(random);
        if (round == 1) x[5] = 50 * size;  // one large value: the others get few levels
        std::vector<Q8Inputs> made(3);
        row->pack_input(made.data(), x.data(), 96);
        double wrong = 0;
        for (int b = 0; b < 3; ++b) {
          double absmax = 0;
          int sums[3] = {};
          for (int i = 0; i < 32; ++i) {
            absmax = std::max(absmax, std::fabs(static_cast<double>(x[b * 32 + i])));
            for (int d = 0; d < 3; ++d) sums[d] += made[b].digits[d][i];
          }
          for (int i = 0; i < 32; ++i) {
            wrong = std::max(wrong, std::fabs(input(made[b], i) - x[b * 32 + i]) / absmax);
          }
          for (int d = 0; d < 3; ++d) {
            REQUIRE(made[b].correction[d] == -row->panel.zero_point * sums[d]);
          }
        }
        REQUIRE(wrong <= 1.0 / (1 << 22));
      }
    }
  }
}

TEST_CASE("gemv_q8: pairs of inputs are the floats to 15 bits of the block's greatest") {
  constexpr int place[] = {0, 2, 1, 3};
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  for (const GemvQ8* row : rows_of(sizeof(PairInputs))) {
    CAPTURE(row->name);
    for (const float size : {1e-25f, 1.0f, 1e35f}) {
      for (int round = 0; round < 200; ++round) {
        std::vector<float> x(96);
        for (float& v : x) v = size * normal(random);
        x[70] = round == 1 ? std::numeric_limits<float>::infinity() : 0;
        if (round == 2) std::fill_n(x.begin(), 32, 0.0f);
        std::vector<PairInputs> made(3);
        row->pack_input(made.data(), x.data(), 96);
        for (int b = 0; b < 3; ++b) {
          double absmax = 0, sums[2] = {};
          for (int i = 0; i < 32; ++i) absmax = std::max(absmax, std::abs(double{x[b * 32 + i]}));
          if (std::isinf(absmax)) {
            CHECK(std::isnan(made[b].scale));
            continue;
          }
          for (int i = 0; i < 32; ++i) {
            const int value = made[b].values[i / 4 * 4 + place[i % 4]];
            REQUIRE(std::abs(value * double{made[b].scale} - x[b * 32 + i]) <= absmax / 65000);
            sums[i / 16] += value;
          }
          REQUIRE(made[b].correction == -row->panel.zero_point * (sums[0] + sums[1]));
          for (int half = 0; half < 2; ++half) {
            REQUIRE(std::abs(sums[half] * made[b].scale - made[b].sums[half]) <= absmax * 1e-5);
          }
        }
      }
    }
  }
}

TEST_CASE("gemv_q8: zeros stay zeros, and what is not finite makes NaN of its block alone") {
  for (const GemvQ8* row : integer_rows()) {
    CAPTURE(row->name);
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
          -std::numeric_limits<float>::infinity()}) {
      std::vector<float> x(96, 0.0f);
      x[40] = bad;
      x[64] = -1;
      std::vector<Q8Inputs> made(3);
      row->pack_input(made.data(), x.data(), 96);
      for (int i = 0; i < 32; ++i) {
        CHECK(input(made[0], i) == 0);
        CHECK(std::isnan(input(made[1], i)));
        CHECK(std::fabs(input(made[2], i) - x[64 + i]) <= 1e-6);
      }
    }
  }
}
