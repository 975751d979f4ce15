#include "engine/characters/life.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "engine/characters/text.h"
#include "engine/core/random.h"

namespace yent::character_diffusion {

Life::Life(std::span<const int32_t> text, uint64_t seed)
    : ids_(text.begin(), text.begin() + std::min<size_t>(text.size(), kCells)),
      alive_(kCells),
      seed_(seed) {
  ids_.resize(kCells, ' ');
  std::mt19937_64 generator(seed);
  for (int i = 0; i < kCells; ++i) {
    alive_[i] = (ids_[i] + draw_index(generator, 256)) % 2;
  }
}

void Life::evolve() {
  const auto at = [&](int y, int x) {
    return alive_[(y + kSide) % kSide * kSide + (x + kSide) % kSide];
  };
  std::vector<uint8_t> next(kCells);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      int neighbours = -at(y, x);
      for (int dy = -1; dy <= 1; ++dy) {
        for (int dx = -1; dx <= 1; ++dx) neighbours += at(y + dy, x + dx);
      }
      next[y * kSide + x] = neighbours == 3 || (neighbours == 2 && at(y, x));
    }
  }
  alive_ = std::move(next);
}

void Life::next(Model& model, const Decoding& decoding) {
  evolve();
  std::vector<Row> chunks;
  for (int begin = 0; begin < kCells; begin += kChunk) {
    Row& row = chunks.emplace_back();
    for (int i = begin; i < begin + kChunk; ++i) {
      row.ids.push_back(alive_[i] ? kMask : ids_[i]);
      row.masked.push_back(alive_[i]);
    }
    row.seed = seed_of(seed_, static_cast<uint64_t>(generation_) * kCells + begin);
  }
  ++generation_;
  for (const int count : decode(model, chunks, decoding)) evaluations_ += count;
  auto to = ids_.begin();
  for (const Row& row : chunks) to = std::copy(row.ids.begin(), row.ids.end(), to);
}

}  // namespace yent::character_diffusion
