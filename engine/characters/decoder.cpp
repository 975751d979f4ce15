#include "engine/characters/decoder.h"

#include <algorithm>
#include <random>

#include "engine/characters/text.h"
#include "engine/core/random.h"
#include "kernels/error.h"
#include "kernels/portable_math.h"

namespace yent::character_diffusion {
namespace {

constexpr int kNeverMasked = 16;  // places at the beginning, in training

// The probabilities of one place, not yet divided by their sum.
struct Odds {
  std::vector<double> weights;
  double sum = 0;
  int32_t likeliest = 0;
  Guess guess = {};
};

Odds odds_of(int place, std::span<const float> logits, const Decoding& d) {
  Odds odds{.weights = std::vector<double>(logits.size())};
  const auto first = logits.begin() + (d.nul ? 0 : kMask + 1);
  const auto most = std::max_element(first, logits.end());
  odds.likeliest = static_cast<int32_t>(most - logits.begin());
  double moment = 0;
  for (size_t i = first - logits.begin(); i < logits.size(); ++i) {
    const double z = (static_cast<double>(logits[i]) - *most) / d.temperature;
    const double weight = portable::exp(z);
    odds.weights[i] = weight;
    odds.sum += weight;
    moment += weight * z;
  }
  odds.guess = {place, 1 / odds.sum, portable::log(odds.sum) - moment / odds.sum};
  return odds;
}

int32_t draw_from(const Odds& odds, std::mt19937_64& generator) {
  double left = draw_unit(generator) * odds.sum;
  for (size_t i = 0; i < odds.weights.size(); ++i) {
    left -= odds.weights[i];
    if (left < 0 && odds.weights[i] > 0) return static_cast<int32_t>(i);
  }
  return odds.likeliest;  // rounding has left a crumb
}

int time_of(const Row& row, int step, const Decoding& d, int steps) {
  if (d.time == TimeOrder::rising) return std::min(step, steps - 1);
  const int length = static_cast<int>(row.ids.size());
  const int maskable = std::max(length - kNeverMasked, 1);
  return std::clamp((row.count_masked() * steps + maskable - 1) / maskable - 1, 0, steps - 1);
}

// One row's share of a step.
void reveal(Row& row, std::span<const float> logits, int vocabulary, const Decoding& d, bool all,
            std::mt19937_64& generator) {
  std::vector<Odds> odds;
  std::vector<Guess> guesses;
  for (size_t i = 0; i < row.ids.size(); ++i) {
    if (!row.masked[i]) continue;
    odds.push_back(odds_of(static_cast<int>(i), logits.subspan(i * vocabulary, vocabulary), d));
    guesses.push_back(odds.back().guess);
  }
  const std::vector<int> places = accepted(d.rule, guesses, static_cast<int>(row.ids.size()));
  auto next = places.begin();
  for (const Odds& o : odds) {
    const int place = o.guess.place;
    const bool taken = next != places.end() && *next == place;
    if (taken) ++next;
    if (!taken && !all) continue;
    row.ids[place] = d.draw ? draw_from(o, generator) : o.likeliest;
    row.masked[place] = 0;
  }
}

}  // namespace

Row Row::beginning(std::span<const int32_t> known, int length, uint64_t seed) {
  ENSURE(known.size() <= static_cast<size_t>(length), "characters: {} of {} are known",
         known.size(), length);
  Row row{.ids = {known.begin(), known.end()}, .masked = {}, .seed = seed};
  row.masked.assign(known.size(), 0);
  row.ids.resize(length, kMask);
  row.masked.resize(length, 1);
  return row;
}

int Row::count_masked() const {
  return static_cast<int>(std::count(masked.begin(), masked.end(), 1));
}

uint64_t seed_of(uint64_t seed, uint64_t part) {
  std::seed_seq parts{seed, seed >> 32, part, part >> 32};
  uint32_t mixed[2];
  parts.generate(mixed, mixed + 2);
  return uint64_t{mixed[0]} << 32 | mixed[1];
}

std::vector<int> decode(Model& model, std::vector<Row>& rows, const Decoding& d,
                        const std::function<void()>& on_step) {
  std::vector<int> evaluations(rows.size());
  std::vector<std::mt19937_64> generators;
  for (const Row& row : rows) generators.emplace_back(row.seed);
  for (int step = 0;; ++step) {
    std::vector<size_t> active;
    std::vector<int32_t> ids, times;
    for (size_t r = 0; r < rows.size(); ++r) {
      if (rows[r].count_masked() == 0) continue;
      active.push_back(r);
      ids.insert(ids.end(), rows[r].ids.begin(), rows[r].ids.end());
      times.push_back(time_of(rows[r], step, d, model.steps()));
    }
    if (active.empty()) return evaluations;
    CancelToken::check(d.cancel);
    const int length = static_cast<int>(rows[active.front()].ids.size());
    const std::vector<float> logits = model.logits(ids, times, length);
    const size_t of_row = static_cast<size_t>(length) * model.vocabulary();
    for (size_t i = 0; i < active.size(); ++i) {
      const size_t r = active[i];
      reveal(rows[r], std::span(logits).subspan(i * of_row, of_row), model.vocabulary(), d,
             d.most_steps > 0 && step + 1 == d.most_steps, generators[r]);
      ++evaluations[r];
    }
    on_step();
  }
}

}  // namespace yent::character_diffusion
