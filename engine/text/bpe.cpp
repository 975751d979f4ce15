#include "engine/text/bpe.h"

#include <queue>
#include <tuple>

namespace yent {

namespace {

// A join as it was when queued; stale once either side has changed.
struct Candidate {
  double cost;
  size_t left, right;          // indices of symbols
  size_t left_end, right_end;  // what they covered
  int32_t id;

  // priority_queue puts the greatest on top.
  bool operator<(const Candidate& other) const {
    return std::tie(other.cost, other.left) < std::tie(cost, left);
  }
};

constexpr size_t none = static_cast<size_t>(-1);

}  // namespace

std::vector<Symbol> join_symbols(std::vector<Symbol> symbols, const FindJoin& find) {
  // A doubly linked list: the symbol that was joined to its left neighbour becomes empty.
  std::vector<size_t> before(symbols.size()), after(symbols.size());
  for (size_t i = 0; i < symbols.size(); ++i) {
    before[i] = i == 0 ? none : i - 1;
    after[i] = i + 1 == symbols.size() ? none : i + 1;
  }
  std::priority_queue<Candidate> queue;
  const auto offer = [&](size_t left, size_t right) {
    if (left == none || right == none) return;
    if (const auto join = find(symbols[left], symbols[right])) {
      queue.push({join->cost, left, right, symbols[left].end, symbols[right].end, join->id});
    }
  };
  for (size_t i = 0; i + 1 < symbols.size(); ++i) offer(i, i + 1);

  while (!queue.empty()) {
    const Candidate c = queue.top();
    queue.pop();
    Symbol &left = symbols[c.left], &right = symbols[c.right];
    const bool stale = left.begin == left.end || left.end != c.left_end ||
                       right.begin == right.end || right.end != c.right_end;
    if (stale) continue;
    left.end = right.end;
    left.id = c.id;
    right.begin = right.end;
    after[c.left] = after[c.right];
    if (after[c.left] != none) before[after[c.left]] = c.left;
    offer(before[c.left], c.left);
    offer(c.left, after[c.left]);
  }
  std::erase_if(symbols, [](const Symbol& s) { return s.begin == s.end; });
  return symbols;
}

}  // namespace yent
