#include <numeric>

#include "tools/ascii_art/database/database.h"
#include "tools/ascii_art/database/near_index.h"

namespace yent::art {
namespace {

// Numbers that belong together (union-find).
class Groups {
 public:
  explicit Groups(size_t count) : parent_(count) { std::iota(parent_.begin(), parent_.end(), 0); }

  size_t find(size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(size_t a, size_t b) { parent_[find(b)] = find(a); }

 private:
  std::vector<size_t> parent_;
};

// Bits that look random (the finalizer of SplitMix64).
uint64_t mixed(uint64_t x) {
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
  x = (x ^ x >> 27) * 0x94D049BB133111EB;
  return x ^ x >> 31;
}

}  // namespace

std::vector<bool> held_out(const std::vector<Piece>& pieces, int one_in) {
  Groups groups(pieces.size());
  NearIndex index;
  for (size_t i = 0; i < pieces.size(); ++i) {
    index.visit(pieces[i].outline, [&](int64_t other) {
      groups.join(static_cast<size_t>(other), i);
      return true;
    });
    index.add(pieces[i].outline, static_cast<int64_t>(i));
  }
  // A group goes where its least hash says, so the order of the pieces does not matter.
  std::vector<uint64_t> least(pieces.size(), ~uint64_t{0});
  for (size_t i = 0; i < pieces.size(); ++i) {
    uint64_t& hash = least[groups.find(i)];
    hash = std::min(hash, pieces[i].outline.hash);
  }
  std::vector<bool> out(pieces.size());
  for (size_t i = 0; i < pieces.size(); ++i) {
    out[i] = mixed(least[groups.find(i)]) % static_cast<uint64_t>(one_in) == 0;
  }
  return out;
}

}  // namespace yent::art
