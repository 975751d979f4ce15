// Jobs of many clients in line: each client's in their order, and the clients take turns, so that
// nobody waits behind all of another's.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace yent::server {

// `T` has a string `client`.
template <class T>
class FairQueue {
 public:
  using Item = std::shared_ptr<T>;

  void push(Item item) {
    Line* line = find(item->client);
    if (!line) line = &lines_.emplace_back(Line{item->client});
    line->items.push_back(std::move(item));
    ++size_;
  }

  // The next one; null where nobody waits. Its client goes behind the others.
  Item pop() {
    if (lines_.empty()) return nullptr;
    Line line = std::move(lines_.front());
    lines_.pop_front();
    const Item item = line.items.front();
    line.items.pop_front();
    if (!line.items.empty()) lines_.push_back(std::move(line));
    --size_;
    return item;
  }

  bool remove(const T& item) {
    for (auto line = lines_.begin(); line != lines_.end(); ++line) {
      const auto at =
          std::ranges::find_if(line->items, [&](const Item& i) { return &*i == &item; });
      if (at == line->items.end()) continue;
      line->items.erase(at);
      if (line->items.empty()) lines_.erase(line);
      --size_;
      return true;
    }
    return false;
  }

  // All in the order in which they will be popped, if nobody comes.
  std::vector<Item> in_order() const {
    std::vector<Item> all;
    for (size_t round = 0; all.size() < size_; ++round) {
      for (const Line& line : lines_) {
        if (round < line.items.size()) all.push_back(line.items[round]);
      }
    }
    return all;
  }

  size_t size() const { return size_; }
  size_t size_of(const std::string& client) const {
    const auto line = std::ranges::find(lines_, client, &Line::client);
    return line == lines_.end() ? 0 : line->items.size();
  }

 private:
  struct Line {
    std::string client;
    std::deque<Item> items = {};
  };

  Line* find(const std::string& client) {
    const auto line = std::ranges::find(lines_, client, &Line::client);
    return line == lines_.end() ? nullptr : &*line;
  }

  std::deque<Line> lines_;
  size_t size_ = 0;
};

}  // namespace yent::server
