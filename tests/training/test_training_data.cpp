// What networks are trained on: masked text, drawings, batches.
#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "engine/training/data/art_source.h"
#include "engine/training/data/mirror.h"
#include "engine/training/data/text_source.h"
#include "tests/support/hostile.h"

using namespace yent;
using namespace yent::training;

namespace {

std::vector<uint8_t> counting(size_t count) {
  std::vector<uint8_t> ids;
  for (size_t i = 0; i < count; ++i) ids.push_back(static_cast<uint8_t>(1 + i % 120));
  return ids;
}

art::Drawing drawn(const std::string& text) { return art::drawing_of(text); }

}  // namespace

TEST_CASE("training data: text becomes ids as the tokenizer has them") {
  CHECK(character_ids("A\n\x7f") == std::vector<uint8_t>{65, 10, 127});
  CHECK(character_ids("\u00e9\u20ac") == std::vector<uint8_t>{127, 127});
  CHECK(test::refusal([] { TextSource(counting(9), {.length = 10}, "short.txt"); }) ==
        "short.txt: it has 9 characters, expected at least 10");
}

TEST_CASE("training data: a share of each piece of text is masked, never its beginning") {
  const TextSource source(counting(5000), {.batch = 50, .length = 64, .context = 16}, "text");
  std::vector<double> masked(128), places(128);
  for (int64_t step = 0; step < 40; ++step) {
    for (const Sequence& s : source.training(1, step)) {
      const int32_t time = s.ids[1].front();
      for (size_t i = 0; i < s.rows(); ++i) {
        const bool hidden = s.weights[i] > 0;
        CHECK(s.ids[0][i] == (hidden ? 0 : s.targets[i]));
        CHECK(s.ids[1][i] == time);
        CHECK(s.positions[i] == static_cast<int32_t>(i));
        if (i < 16) CHECK(!hidden);
        if (i > 0) CHECK(s.targets[i] == s.targets[i - 1] % 120 + 1);  // a piece of the text
        if (i >= 16) masked[time] += hidden, places[time] += 1;
      }
    }
  }
  double squares = 0;
  for (size_t t = 0; t < 128; ++t) {
    const double share = double(t + 1) / 128;
    if (places[t] == 0) continue;
    if (t == 127) CHECK(masked[t] == places[t]);
    squares += std::pow(masked[t] - share * places[t], 2) / (share * (1.004 - share) * places[t]);
  }
  CHECK(squares / 128 < 1.6);  // chi squared of 127 degrees: 1 +- 0.125
  CHECK(source.training(1, 3).front().ids == source.training(1, 3).front().ids);
  CHECK(source.training(1, 3).front().ids != source.training(2, 3).front().ids);
}

TEST_CASE("training data: the last tenth of a text is held out") {
  std::vector<uint8_t> ids(4500, 'a');
  ids.resize(5000, 'b');
  const TextSource source(ids, {.batch = 60, .length = 50, .context = 0}, "text");
  for (const Sequence& s : source.training(7, 0)) {
    CHECK(std::set(s.targets.begin(), s.targets.end()) == std::set<int32_t>{'a'});
  }
  CHECK(source.validation().size() == 64);
  for (const Sequence& s : source.validation()) {
    CHECK(std::set(s.targets.begin(), s.targets.end()) == std::set<int32_t>{'b'});
  }
}

TEST_CASE("training data: batches keep the order, and their weights sum up to one") {
  std::vector<Sequence> sequences;
  for (const size_t rows : {5, 3, 9, 2, 2}) {
    Sequence s;
    s.ids = {std::vector<int32_t>(rows, static_cast<int32_t>(rows))};
    s.positions.resize(rows);
    s.targets.resize(rows);
    s.weights.assign(rows, 0.5f);
    sequences.push_back(s);
  }
  const auto batches = make_batches(sequences, 8);
  REQUIRE(batches.size() == 3);
  CHECK(batches[0].rows() == 8);
  CHECK(batches[1].rows() == 9);  // longer than a batch may be: alone
  CHECK(batches[2].segments.size() == 2);
  CHECK(batches[2].segments[1].begin == 2);
  double sum = 0;
  for (const Batch& batch : batches) {
    for (const float weight : batch.weights) sum += weight;
  }
  CHECK(sum == doctest::Approx(1));
}

TEST_CASE("training data: a mirror turns what leans, and spares words") {
  art::Drawing d = drawn("/-(b<\n\u250c\u2500\u258c\n");
  const art::Drawing before = d;
  REQUIRE(mirror(d));
  CHECK(d.rows[0] == U">d)-\\");
  CHECK(d.rows[1] == U"  \u2590\u2500\u2510");
  REQUIRE(mirror(d));
  CHECK(d.rows == before.rows);
  art::Drawing word = drawn("| OPEN |\n");
  CHECK_FALSE(mirror(word));
  CHECK(word.rows == drawn("| OPEN |\n").rows);
  art::Drawing eighths = drawn("\u258a#\n");
  CHECK_FALSE(mirror(eighths));
}

TEST_CASE("training data: a drawing as a sequence in which each token predicts the next") {
  const Sequence s = art_sequence(drawn("ab\n c\n"), art::prompt_tokens("x"), {2, 2, 1});
  const std::vector<int32_t> tokens = {1, 6, 7, 8, 'x', 2, 'a', 'b', 3, ' ', 'c', 3};
  CHECK(s.ids[0] == tokens);
  CHECK(std::vector(s.targets.begin() + 5, s.targets.end()) ==
        std::vector<int32_t>{'a', 'b', 3, ' ', 'c', 3, 4});
  CHECK(s.weights == std::vector<float>{0, 0, 0, 0, 0, 1, 1, 1, 0.3f, 1, 1, 1});
  CHECK(s.ids[1][1] == 2);  // the width
  CHECK(s.ids[2][2] == 2);
  CHECK(s.ids[3][3] == 1);
}

TEST_CASE("training data: drawings vary, and what is held out is not trained on") {
  std::vector<ArtPiece> pieces = {{.text = "/a/\n", .style = 1, .title = "one", .tags = {"t"}},
                                  {.text = "EE\nEE\n", .style = 5, .title = "letters"},
                                  {.text = "XX\n", .title = "out", .held_out = true},
                                  {.text = std::string(200, '#') + "\n", .title = "wide"}};
  const ArtSource source(pieces, {.batch = 40, .block_size = 250}, "art.db");
  CHECK(source.trained_pieces() == 2);
  CHECK(source.held_out_pieces() == 1);
  CHECK(source.too_large() == 1);
  std::set<std::vector<int32_t>> seen;
  int hidden = 0, mirrored = 0, count = 0;
  for (int64_t step = 0; step < 20; ++step) {
    for (const Sequence& s : source.training(1, step)) {
      CHECK(s.rows() <= 250);
      CHECK(std::ranges::find(s.ids[0], 'X') == s.ids[0].end());
      const auto has = [&](int32_t token) {
        return std::ranges::find(s.ids[0], token) != s.ids[0].end();
      };
      if (has('\\')) ++mirrored;
      if (s.ids[1][1] == 0) ++hidden;
      ++count;
      seen.insert(s.ids[0]);
    }
  }
  CHECK(seen.size() > 100);
  CHECK(mirrored > count / 8);  // a half of one of two pieces
  CHECK(mirrored < count / 2);
  CHECK(std::abs(hidden - count / 10) < count / 20);
  REQUIRE(source.validation().size() == 1);
  CHECK(test::refusal([] { ArtSource({}, {}, "empty.db"); }).starts_with("empty.db: it has 0"));
}
