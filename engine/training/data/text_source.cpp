#include "engine/training/data/text_source.h"

#include <random>

#include "engine/core/random.h"
#include "engine/training/seeds.h"
#include "kernels/error.h"
#include "loaders/io/utf8.h"

namespace yent::training {
namespace {

constexpr int times = 128;
constexpr size_t validation_sequences = 64;
constexpr uint64_t validation_seed = 0x76616c69;

Sequence masked(const uint8_t* ids, int time, const TextSource::Options& options,
                std::mt19937_64& generator) {
  Sequence s;
  s.ids.resize(2);
  for (int i = 0; i < options.length; ++i) {
    const bool mask = draw_unit(generator) * times < time + 1 && i >= options.context;
    s.ids[0].push_back(mask ? 0 : ids[i]);
    s.ids[1].push_back(time);
    s.positions.push_back(i);
    s.targets.push_back(ids[i]);
    s.weights.push_back(mask ? 1.0f : 0.0f);
  }
  return s;
}

}  // namespace

std::vector<uint8_t> character_ids(std::string_view utf8) {
  std::vector<uint8_t> ids;
  for (const char32_t c : decode_utf8(utf8)) {
    ids.push_back(static_cast<uint8_t>(std::min<char32_t>(c, 127)));
  }
  return ids;
}

TextSource::TextSource(std::vector<uint8_t> ids, const Options& options, const std::string& where)
    : ids_(std::move(ids)), options_(options), training_end_(ids_.size() / 10 * 9) {
  const auto length = static_cast<size_t>(options.length);
  if (ids_.size() < length) {
    throw file_error("{}: it has {} characters, expected at least {}", where, ids_.size(), length);
  }
  if (training_end_ < length) training_end_ = ids_.size();
}

std::vector<Sequence> TextSource::training(uint64_t seed, int64_t step) const {
  std::mt19937_64 generator(mix(seed, static_cast<uint64_t>(step)));
  std::vector<Sequence> sequences;
  for (int i = 0; i < options_.batch; ++i) {
    const size_t at = draw_index(generator, training_end_ - options_.length + 1);
    const auto time = static_cast<int>(draw_index(generator, times));
    sequences.push_back(masked(ids_.data() + at, time, options_, generator));
  }
  return sequences;
}

std::vector<Sequence> TextSource::validation() const {
  const size_t held_out = ids_.size() - training_end_;
  if (held_out < static_cast<size_t>(options_.length)) return {};
  std::mt19937_64 generator(validation_seed);
  std::vector<Sequence> sequences;
  for (size_t i = 0; i < validation_sequences; ++i) {
    const size_t at = training_end_ + i * (held_out - options_.length) / validation_sequences;
    const auto time = static_cast<int>((2 * i + 1) * times / (2 * validation_sequences));
    sequences.push_back(masked(ids_.data() + at, time, options_, generator));
  }
  return sequences;
}

}  // namespace yent::training
