#include "engine/diffusion/word_attention.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

namespace yent {
namespace {

// For every head the same columns: in the j-th, the tokens of the j-th word are 1.
PersistentTensor indicators(Backend& backend, const CrossAttention& layer,
                            std::span<const WordTokens> words, int tokens) {
  const PersistentTensor out = backend.allocate({1, tokens, 1, layer.channels}, DType::f32);
  std::vector<float> values(out.tensor.shape.count());
  const int head_width = layer.channels / layer.heads;
  for (size_t word = 0; word < words.size(); ++word) {
    for (const int token : words[word].tokens) {
      float* row = &values[static_cast<size_t>(token) * layer.channels];
      for (int head = 0; head < layer.heads; ++head) row[head * head_width + word] = 1;
    }
  }
  backend.write(out, values.data());
  return out;
}

// What a sum and one more head are multiplied with.
PersistentTensor mean_weights(Backend& backend, int heads) {
  const PersistentTensor out = backend.allocate({1, 1, 1, 2}, DType::f32);
  backend.write(out, std::array{1.0f, 1 / static_cast<float>(heads)}.data());
  return out;
}

// The two neighbours of a target pixel's centre along one side, and the share of the second.
struct Between {
  int first, second;
  float share;

  Between(int target, int targets, int sources) {
    const float at = (static_cast<float>(target) + 0.5f) * static_cast<float>(sources) /
                         static_cast<float>(targets) -
                     0.5f;
    const float inside = std::clamp(at, 0.0f, static_cast<float>(sources - 1));
    first = static_cast<int>(inside);
    second = std::min(first + 1, sources - 1);
    share = inside - static_cast<float>(first);
  }

  float mix(float a, float b) const { return a + share * (b - a); }
};

}  // namespace

WordAttention::WordAttention(Backend& backend, const std::vector<CrossAttention>& layers,
                             std::span<const WordTokens> words, Conditioning& conditioning) {
  for (const CrossAttention& layer : layers) {
    words = words.first(std::min<size_t>(words.size(), layer.channels / layer.heads));
  }
  for (const WordTokens& word : words) words_.push_back(word.word);
  std::map<std::pair<int, int>, PersistentTensor> known_indicators;
  std::map<int, PersistentTensor> known_weights;
  for (size_t i = 0; i < layers.size(); ++i) {
    const CrossAttention& layer = layers[i];
    BlockText& text = conditioning.texts[i];
    PersistentTensor& indicator = known_indicators[{layer.channels, layer.heads}];
    if (!indicator) indicator = indicators(backend, layer, words, text.kv.tensor.shape.h);
    PersistentTensor& weights = known_weights[layer.heads];
    if (!weights) weights = mean_weights(backend, layer.heads);
    text.shares = {.indicators = indicator, .weights = weights, .sums = sums(backend, layer)};
  }
}

PersistentTensor WordAttention::sums(Backend& backend, const CrossAttention& layer) {
  for (const Level& level : levels_) {
    if (level.height == layer.height && level.width == layer.width) return level.sums;
  }
  const Shape shape{1, layer.height * layer.width, 1, static_cast<int>(words_.size())};
  levels_.push_back({layer.height, layer.width, backend.allocate(shape, DType::f32)});
  return levels_.back().sums;
}

std::vector<WordMap> WordAttention::read(Backend& backend) const {
  std::vector<WordMap> maps;
  int width = 0, height = 0;
  for (const Level& level : levels_) {
    width = std::max(width, level.width);
    height = std::max(height, level.height);
  }
  for (const std::string& word : words_) {
    maps.push_back({word, width, height, std::vector<float>(static_cast<size_t>(width) * height)});
  }
  for (const Level& level : levels_) {
    std::vector<float> sums(level.sums.tensor.shape.count());
    backend.read(sums.data(), level.sums);
    for (size_t word = 0; word < maps.size(); ++word) {
      const auto at = [&](int x, int y) {
        return sums[(static_cast<size_t>(y) * level.width + x) * maps.size() + word];
      };
      for (int y = 0; y < height; ++y) {
        const Between rows(y, height, level.height);
        for (int x = 0; x < width; ++x) {
          const Between columns(x, width, level.width);
          maps[word].values[static_cast<size_t>(y) * width + x] += rows.mix(
              columns.mix(at(columns.first, rows.first), at(columns.second, rows.first)),
              columns.mix(at(columns.first, rows.second), at(columns.second, rows.second)));
        }
      }
    }
  }
  return maps;
}

}  // namespace yent
