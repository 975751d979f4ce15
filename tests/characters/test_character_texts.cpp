// Texts from a model: tokens, blocks, masked places, draws, times, and the game of life.
#include <doctest/doctest.h>

#include <algorithm>

#include "engine/characters/blocks.h"
#include "engine/characters/life.h"
#include "engine/characters/text.h"
#include "kernels/error.h"
#include "tests/characters/markov.h"

using namespace yent;
using namespace yent::character_diffusion;

namespace {

// Sure of the letter whose number is the place, plus how many ids it sees; keeps the times.
class CountingModel : public Model {
 public:
  int vocabulary() const override { return 128; }
  int steps() const override { return 10; }
  std::vector<float> logits(std::span<const int32_t> ids, std::span<const int32_t> times,
                            int length) override {
    std::vector<float> all(ids.size() * 128);
    for (size_t i = 0; i < ids.size(); ++i) all[i * 128 + letter(i % length)] = 2;
    seen.emplace_back(times.begin(), times.end());
    lengths.push_back(length);
    return all;
  }
  static int letter(size_t place) { return 'a' + static_cast<int>(place % 26); }

  std::vector<std::vector<int32_t>> seen;
  std::vector<int> lengths;
};

const Rule kTwo{.kind = RuleKind::topk, .k = 2};

}  // namespace

TEST_CASE("characters: a text and its ids") {
  CHECK(ids_of("Az\n\x7f") == std::vector<int32_t>{65, 122, 10, 127});
  CHECK(ids_of("é✓") == std::vector<int32_t>{127, 127});
  CHECK(text_of(ids_of("to be")) == "to be");
  CHECK(text_of(std::vector<int32_t>{0, 7, 127}) == std::string("\0\x07\x7f", 3));
  CHECK(escaped(std::string("a\0b\x1b[2J\n\t\x7f", 10)) == "a\\x00b\\x1b[2J\n\t\\x7f");
}

TEST_CASE("characters: blocks continue each other") {
  CountingModel model;
  std::string text;
  std::vector<int> known;
  write_blocks(model, {.count = 3, .length = 20, .context = 4, .beginning = {65, 66}},
               {.rule = kTwo}, {.done = [&](const Block& b) {
                 text += text_of(std::span(b.row.ids).subspan(b.known));
                 known.push_back(b.known);
                 CHECK(b.evaluations == (b.number == 0 ? 9 : 8));
               }});
  CHECK(text.size() == 20 + 2 * 16);
  CHECK(text.substr(0, 6) == "ABcdef");
  CHECK(known == std::vector<int>{0, 4, 4});
}

TEST_CASE("characters: the time rises with the steps or falls with the masks") {
  const auto times = [](TimeOrder order) {
    CountingModel model;
    std::vector<Row> rows{Row::beginning({}, 24, 0)};
    decode(model, rows, {.rule = {.kind = RuleKind::topk, .k = 2}, .time = order});
    std::vector<int32_t> all;
    for (const auto& t : model.seen) all.push_back(t[0]);
    return all;
  };
  CHECK(times(TimeOrder::rising) == std::vector<int32_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9});
  const std::vector<int32_t> falling = times(TimeOrder::falling);
  CHECK(std::is_sorted(falling.rbegin(), falling.rend()));
  CHECK(falling.front() == 9);
  CHECK(falling.back() == 2);  // two of the eight places that training masks
}

TEST_CASE("characters: the last of a limited number of steps reveals all") {
  CountingModel model;
  std::vector<Row> rows{Row::beginning({}, 24, 0)};
  CHECK(decode(model, rows, {.rule = {.kind = RuleKind::topk, .k = 1}, .most_steps = 5})[0] == 5);
  CHECK(rows[0].count_masked() == 0);
}

TEST_CASE("characters: masked places are filled in windows over a text of any length") {
  for (const int size : {5, 20, 21, 90}) {
    CountingModel model;
    Row row{.ids = std::vector<int32_t>(size, 'X'), .masked = std::vector<uint8_t>(size, 0)};
    for (int i = 1; i < size; i += 3) row.masked[i] = 1, row.ids[i] = 0;
    const int steps = fill(model, row, 20, {.rule = kTwo});
    CAPTURE(size);
    CHECK(row.count_masked() == 0);
    CHECK(steps == static_cast<int>(model.seen.size()));
    for (int i = 0; i < size; ++i) CHECK((row.ids[i] == 'X') == (i % 3 != 1));
    for (const int length : model.lengths) CHECK(length == std::min(size, 20));
  }
}

TEST_CASE("characters: draws follow the seed and the probabilities") {
  yent::character_diffusion::test::MarkovModel model(3, 1, 5);
  const auto drawn = [&](uint64_t seed, double temperature) {
    std::vector<Row> rows{Row::beginning({}, 12, seed), Row::beginning({}, 12, seed + 1)};
    decode(model, rows, {.rule = kTwo, .temperature = temperature, .draw = true, .nul = false});
    return std::pair(rows[0].ids, rows[1].ids);
  };
  CHECK(drawn(1, 1) == drawn(1, 1));
  CHECK(drawn(1, 1).second == drawn(2, 1).first);  // a row is what it is alone
  CHECK(drawn(1, 1) != drawn(2, 1));
  // How often a state is drawn, against its posterior.
  const std::vector<double> p = model.posterior(std::vector<int32_t>(1, 0));
  std::vector<int> counts(4);
  constexpr int tries = 4000;
  for (int seed = 0; seed < tries; ++seed) {
    std::vector<Row> rows{Row::beginning({}, 1, seed_of(3, seed))};
    decode(model, rows, {.draw = true});
    ++counts[rows[0].ids[0]];
  }
  CHECK(counts[0] == 0);
  for (int s = 0; s < 3; ++s) {
    CHECK(std::abs(counts[s + 1] / double{tries} - p[s]) < 4 * std::sqrt(p[s] / tries));
  }
}

TEST_CASE("characters: temperature changes confidences, and the mask may be forbidden") {
  class Flat : public CountingModel {
    std::vector<float> logits(std::span<const int32_t> ids, std::span<const int32_t>,
                              int) override {
      std::vector<float> all(ids.size() * 128);
      for (size_t i = 0; i < ids.size(); ++i) all[i * 128] = 9;  // the mask
      return all;
    }
  } model;
  const auto steps = [&](double temperature, bool nul) {
    std::vector<Row> rows{Row::beginning({}, 8, 0)};
    const int count =
        decode(model, rows, {.rule = {.tau = 0.9}, .temperature = temperature, .nul = nul})[0];
    return std::pair(count, rows[0].ids[0]);
  };
  CHECK(steps(1, true) == std::pair(1, 0));  // a revealed 0 is no mask any more
  CHECK(steps(5, true) == std::pair(8, 0));
  CHECK(steps(1, false) == std::pair(8, 1));
}

TEST_CASE("characters: the game of life evolves, and writes what lives") {
  CountingModel model;
  std::vector<int32_t> text(2000, '.');
  Life life(text, 5);
  CHECK(life.ids() == std::vector<int32_t>(Life::kCells, '.'));
  const auto living = std::count(life.alive().begin(), life.alive().end(), 1);
  CHECK(std::abs(living - Life::kCells / 2) < 100);
  CHECK(Life(text, 5).alive() == life.alive());
  CHECK(Life(text, 6).alive() != life.alive());
  CHECK(Life(ids_of("short"), 1).ids()[5] == ' ');
  // Conway's rule, counted from the cells before.
  const std::vector<uint8_t> before = life.alive();
  life.next(model, {.rule = {.tau = 0.001}});
  int wrong = 0, rewritten = 0;
  for (int i = 0; i < Life::kCells; ++i) {
    int neighbours = 0;
    for (int dy = -1; dy <= 1; ++dy) {
      for (int dx = -1; dx <= 1; ++dx) {
        const int y = (i / 32 + dy + 32) % 32, x = (i % 32 + dx + 32) % 32;
        if (dy != 0 || dx != 0) neighbours += before[y * 32 + x];
      }
    }
    const bool lives = neighbours == 3 || (before[i] == 1 && neighbours == 2);
    wrong += lives != (life.alive()[i] == 1);
    if (lives) {
      ++rewritten;
      CHECK(life.ids()[i] == CountingModel::letter(i % Life::kChunk));
    } else {
      CHECK(life.ids()[i] == '.');
    }
  }
  CHECK(wrong == 0);
  CHECK(rewritten > 100);
  CHECK(life.evaluations() == 4);  // a chunk each
}

TEST_CASE("characters: a cancelled run throws") {
  CountingModel model;
  CancelToken token;
  token.cancel();
  std::vector<Row> rows{Row::beginning({}, 8, 0)};
  CHECK_THROWS_AS(decode(model, rows, {.cancel = &token}), Error);
}
