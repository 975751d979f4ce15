// The expected numbers were printed by tools/golden/seeded.py.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "bench/synthesize/seeded_weights.h"

namespace {

std::vector<float> seeded(std::string_view name, const std::vector<int64_t>& dims, uint64_t seed) {
  int64_t count = 1;
  for (int64_t d : dims) count *= d;
  std::vector<float> out(static_cast<size_t>(count));
  yent::seeded_values(name, dims, seed, out.data());
  return out;
}

double deviation(const std::vector<float>& values) {
  double sum = 0, squares = 0;
  for (float x : values) sum += x, squares += static_cast<double>(x) * x;
  const double mean = sum / values.size();
  return std::sqrt(squares / values.size() - mean * mean);
}

}  // namespace

TEST_CASE("seeded: numpy draws the same bits") {
  const auto conv = seeded("conv_in.weight", {5, 4, 3, 3}, 0);
  CHECK(conv[0] == 0x1.0c5956p-2f);
  CHECK(conv[1] == -0x1.08123cp-6f);
  CHECK(conv[2] == -0x1.325078p-4f);
  CHECK(conv[179] == 0x1.274dcap-2f);

  const auto closing = seeded("down_blocks.0.resnets.0.conv2.weight", {7, 7, 3, 3}, 1);
  CHECK(closing[0] == -0x1.44065ap-5f);
  CHECK(closing[440] == 0x1.8ce1p-4f);

  const auto query = seeded("mid_block.attentions.0.to_q.weight", {9, 11}, ~0ull);
  CHECK(query[0] == 0x1.9e2f8ap-2f);
  CHECK(query[98] == -0x1.f2c05ep-2f);

  const auto embedding = seeded("text_model.embeddings.token_embedding.weight", {49408, 8}, 0);
  CHECK(embedding[0] == -0x1.ba6bbp-4f);
  CHECK(embedding[395263] == -0x1.114954p-2f);

  CHECK(seeded("blk.3.attn_output.weight", {6, 10}, 7)[59] == 0x1.649384p-3f);

  const auto weight = seeded("norm1.weight", {33}, 0);
  CHECK(weight[0] == 0x1.e8ccacp-1f);
  CHECK(weight[32] == 0x1.129028p+0f);
  const auto bias = seeded("norm1.bias", {33}, 0);
  CHECK(bias[0] == -0x1.1a36fp-5f);
  CHECK(bias[32] == -0x1.c4d066p-7f);
}

TEST_CASE("seeded: name, seed and shape each matter as they should") {
  const auto base = seeded("a.weight", {64, 100}, 3);
  CHECK(base == seeded("a.weight", {64, 10, 10, 1}, 3));  // only fan-in and place count
  CHECK(base != seeded("b.weight", {64, 100}, 3));
  CHECK(base != seeded("a.weight", {64, 100}, 4));
  CHECK(deviation(base) == doctest::Approx(0.1).epsilon(0.02));
  CHECK(deviation(seeded("x.fc2.weight", {64, 100}, 3)) == doctest::Approx(0.05).epsilon(0.02));
  CHECK(deviation(seeded("x.to_k.weight", {64, 100}, 3)) == doctest::Approx(0.16).epsilon(0.02));
  // One more row leaves the rows before it as they were.
  const auto taller = seeded("a.weight", {65, 100}, 3);
  CHECK(std::equal(base.begin(), base.end(), taller.begin()));
}
