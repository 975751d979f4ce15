#include "engine/pipeline/language/token_sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "engine/core/random.h"
#include "kernels/error.h"
#include "kernels/portable_math.h"

namespace yent {
namespace {

constexpr size_t kRemembered = 64;

}  // namespace

void TokenSampler::accept(int32_t token) {
  recent_.push_back(token);
  if (recent_.size() > kRemembered) recent_.pop_front();
}

std::vector<float> TokenSampler::penalized(std::span<const float> logits) const {
  std::vector<float> changed(logits.begin(), logits.end());
  if (options_.repeat_penalty == 1) return changed;
  for (const int32_t id : std::set<int32_t>(recent_.begin(), recent_.end())) {
    float& l = changed.at(id);
    l = l > 0 ? l / options_.repeat_penalty : l * options_.repeat_penalty;
  }
  return changed;
}

int32_t TokenSampler::sample(std::span<const float> logits, std::mt19937_64& generator) const {
  for (const float l : logits) {
    if (std::isnan(l)) throw run_error("the language model's logits are not numbers");
  }
  const std::vector<float> l = penalized(logits);
  if (options_.temperature <= 0) {
    return static_cast<int32_t>(std::max_element(l.begin(), l.end()) - l.begin());
  }
  std::vector<int32_t> ids(l.size());
  std::iota(ids.begin(), ids.end(), 0);
  const size_t most =
      options_.top_k > 0 ? std::min<size_t>(options_.top_k, ids.size()) : ids.size();
  std::partial_sort(ids.begin(), ids.begin() + static_cast<ptrdiff_t>(most), ids.end(),
                    [&](int32_t a, int32_t b) { return l[a] != l[b] ? l[a] > l[b] : a < b; });
  ids.resize(most);

  const auto weights = [&](double temperature) {
    std::vector<float> w(ids.size());
    for (size_t i = 0; i < w.size(); ++i) {
      const double distance = static_cast<double>(l[ids[i]]) - l[ids[0]];
      w[i] = static_cast<float>(portable::exp(distance / temperature));
    }
    return w;
  };
  if (options_.top_p < 1 || options_.min_p > 0) {
    const std::vector<float> w = weights(1);
    const float total = std::accumulate(w.begin(), w.end(), 0.0f);
    size_t kept = 0;
    for (float sum = 0; kept < w.size(); ++kept) {
      if (kept > 0 && (sum >= options_.top_p * total || w[kept] < options_.min_p)) break;
      sum += w[kept];
    }
    ids.resize(kept);
  }

  const std::vector<float> w = weights(options_.temperature);
  const float total = std::accumulate(w.begin(), w.end(), 0.0f);
  const auto drawn = static_cast<float>(draw_unit(generator) * total);
  float sum = 0;
  for (size_t i = 0; i < w.size(); ++i) {
    if (drawn <= (sum += w[i])) return ids[i];
  }
  return ids[0];
}

}  // namespace yent
