// Where the words of a prompt draw attention: the layer against its formula, and whole painters.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/pipeline/pipeline.h"
#include "kernels/ref/ref_backend.h"
#include "tests/support/compare.h"
#include "tests/support/every_isa.h"
#include "tests/support/golden.h"

namespace yent {
namespace {

constexpr int kHeads = 3, kWidth = 10, kQueries = 37, kKeys = 21, kSets = 4;

PersistentTensor put(Backend& backend, const Shape& shape, const std::vector<float>& values) {
  const PersistentTensor tensor = backend.allocate(shape, DType::f32);
  backend.write(tensor, values.data());
  return tensor;
}

std::vector<float> waves(size_t count, float step) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = 2 * std::sin(step * static_cast<float>(i + 1));
  return values;
}

// Set j holds the keys j, j + 5, j + 10, ...; the last one none.
bool in_set(int key, int set) { return set + 1 < kSets && key % 5 == set; }

std::vector<float> expected_shares(const std::vector<float>& q, const std::vector<float>& k) {
  std::vector<double> shares(kQueries * kSets);
  for (int query = 0; query < kQueries; ++query) {
    for (int head = 0; head < kHeads; ++head) {
      double total = 0, of_set[kSets] = {};
      for (int key = 0; key < kKeys; ++key) {
        double dot = 0;
        for (int i = head * kWidth; i < (head + 1) * kWidth; ++i) {
          dot += double{q[query * kHeads * kWidth + i]} * k[key * kHeads * kWidth + i];
        }
        const double weight = std::exp(dot / std::sqrt(double{kWidth}));
        total += weight;
        for (int set = 0; set < kSets; ++set) of_set[set] += in_set(key, set) ? weight : 0;
      }
      for (int set = 0; set < kSets; ++set) {
        shares[query * kSets + set] += of_set[set] / total / kHeads;
      }
    }
  }
  return {shares.begin(), shares.end()};
}

void check_shares(Backend& backend) {
  const int channels = kHeads * kWidth;
  const std::vector<float> q = waves(kQueries * channels, 0.37f), k = waves(kKeys * channels, 0.9f);
  const PersistentTensor queries = put(backend, {1, kQueries, 1, channels}, q);
  const PersistentTensor keys = put(backend, {1, kKeys, 1, channels}, k);
  std::vector<float> ones(kKeys * channels);
  for (int key = 0; key < kKeys; ++key) {
    for (int c = 0; c < channels; ++c) ones[key * channels + c] = in_set(key, c % kWidth);
  }
  const AttentionShares shares{
      .indicators = put(backend, {1, kKeys, 1, channels}, ones),
      .weights = put(backend, {1, 1, 1, 2}, {1, 1.0f / kHeads}),
      .sums = put(backend, {1, kQueries, 1, kSets}, std::vector<float>(kQueries * kSets))};
  Workspace ws(backend, Workspace::Mode::poisoned);
  Ctx c{backend, ws};
  for (int call = 0; call < 2; ++call) {
    ws.run("shares", [&] { shares.add(c, queries, keys, kHeads); });
  }
  std::vector<float> sums(kQueries * kSets), expected = expected_shares(q, k);
  backend.read(sums.data(), shares.sums);
  for (float& share : expected) share *= 2;
  INFO(worst(sums, expected));
  CHECK(relative_error(sums, expected) < 1e-5);
  for (int query = 0; query < kQueries; ++query) CHECK(sums[query * kSets + kSets - 1] == 0);
}

Text2Image toy(Backend& backend, const std::string& precision) {
  Text2Image::Options options;
  options.networks.policy = Policy::parse("* " + precision, "test");
  return {DiffusionCheckpoint::open(golden_path("toy_painter"), false), backend, options};
}

}  // namespace

TEST_CASE("word_attention: shares are sums of the softmax's probabilities, on every row") {
  check_shares(*make_ref_backend());
  on_every_isa([](Backend& backend) { check_shares(backend); });
}

TEST_CASE("word_attention: all tokens together have every query's whole attention") {
  for (const char* precision : {"f32", "bf16", "int8"}) {
    CAPTURE(precision);
    const auto backend = make_cpu_backend({.threads = 2});
    Text2Image painter = toy(*backend, precision);
    std::vector<int> every(77);
    for (int i = 0; i < 77; ++i) every[i] = i;
    const std::vector<WordTokens> words{{"every", every}, {"end", {76}}};
    for (const double guidance : {1.0, 4.0}) {
      PaintSpec spec{.width = 26, .height = 34, .steps = 2, .guidance = guidance};
      spec.sampler = "ddim";
      painter.attend({.words = words});
      const PersistentTensor text = painter.encode({"a cat"}, {"a dog"}, spec);
      const auto made = painter.denoise(text, spec, {26, 34}, 5, {});
      REQUIRE(made.attention.size() == 2);
      CHECK(made.attention[0].word == "every");
      CHECK(made.attention[0].width == 13);
      CHECK(made.attention[0].height == 17);
      const float whole = made.attention[0].values[0];
      CHECK(whole == doctest::Approx(std::lround(whole)).epsilon(0.02));  // layers * calls
      for (const float value : made.attention[0].values) {
        CHECK(value == doctest::Approx(whole).epsilon(0.02));
      }
      for (const float value : made.attention[1].values) CHECK((value > 0 && value < whole));
    }
  }
}

TEST_CASE("word_attention: words are found in the prompt, and watching them changes no picture") {
  const auto backend = make_cpu_backend({.threads = 2});
  Text2Image painter = toy(*backend, "f32");
  const std::vector<std::string> words{"cat", "horse", "Dream"};
  const auto found = painter.find_words({"a cat and a (CAT:2), a catfish; dream"}, words);
  REQUIRE(found.size() == 2);
  CHECK(found[0].word == "cat");
  CHECK(found[1].word == "Dream");
  CHECK(found[0].tokens.size() % 2 == 0);  // twice, and not in the fish
  for (const int token : found[0].tokens) CHECK((token > 0 && token < found[1].tokens[0]));

  Pipeline pipeline({.model = golden_path("toy_painter")}, {backend.get()});
  PaintRequest request{.prompt = "a cat and a dream", .spec = {.steps = 2}, .seed = 3};
  const Painted plain = pipeline.paint_one(request);
  CHECK(plain.attention.empty());
  request.words = words;
  const Painted watched = pipeline.paint_one(request);
  CHECK(watched.image.rgb == plain.image.rgb);
  REQUIRE(watched.attention.size() == 2);
  CHECK(watched.attention[0].values != watched.attention[1].values);
  CHECK(pipeline.paint_one(request).attention[0].values == watched.attention[0].values);
}

}  // namespace yent
