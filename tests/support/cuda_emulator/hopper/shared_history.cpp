#include "tests/support/cuda_emulator/hopper/shared_history.h"

#include <algorithm>

namespace yent::cuda::emulator {

void SharedHistory::begin() {
  ++block_;
  copies_.clear();
  for (auto& waits : waits_) waits.clear();
}

uint32_t SharedHistory::add_copy(const CopyState& copy) {
  copies_.push_back(copy);
  return static_cast<uint32_t>(copies_.size() - 1);
}

SharedHistory::Piece& SharedHistory::piece(uint32_t at) {
  const size_t index = at / 16;
  if (index >= pieces_.size()) pieces_.resize(std::max(index + 1, 2 * pieces_.size()));
  Piece& p = pieces_[index];
  if (p.block != block_) {
    p = {};
    p.block = block_;
    p.copy = kNone;
  }
  return p;
}

bool SharedHistory::knows(const Known& known, uint32_t copy) const {
  const CopyState& c = copies_[copy];
  return c.landed && known.events[c.place] > c.phase;
}

// Whether all products that read the piece are known to be done: of each warp, one lane behind a
// wait that covers them.
bool SharedHistory::read_by_products(const Piece& p, const Known& known) const {
  for (int warp = 0; warp < kMaxProductWarps; ++warp) {
    if (p.products[warp] == 0) continue;
    const auto& waits = waits_[warp];
    const auto wait =
        std::lower_bound(waits.begin(), waits.end(), p.products[warp],
                         [](const ProductWait& w, uint32_t number) { return w.done < number; });
    if (wait == waits.end()) return false;
    bool known_to_one = false;
    for (int lane = 0; lane < 32; ++lane) {
      known_to_one |= known.events[32 * warp + lane] >= wait->events[lane];
    }
    if (!known_to_one) return false;
  }
  return true;
}

const char* SharedHistory::copy_to(uint32_t at, uint32_t copy, const Known& known) {
  Piece& p = piece(at);
  if (p.copy != kNone && !knows(known, p.copy)) {
    return "a copy to shared memory to which another copy is in flight";
  }
  if (!read_by_products(p, known)) {
    return "a copy to shared memory that a product may still read";
  }
  if ((p.written && known.fenced[p.writer] < p.written) ||
      (p.read && known.fenced[p.reader] < p.read)) {
    return "a copy to shared memory that a thread has touched, without a fence between the proxies";
  }
  p.copy = copy;
  p.written = p.read = 0;
  p.products = {};
  return nullptr;
}

const char* SharedHistory::product_from(uint32_t at, Reader& product) {
  Piece& p = piece(at);
  if (p.copy == kNone && !p.written) return "a product reads shared memory that was never written";
  if (p.copy != kNone && p.copy != product.known_copy) {
    const CopyState& c = copies_[p.copy];
    if (!c.landed) return "a product reads shared memory while a copy to it is in flight";
    if (!c.swizzled) return "a product reads with a swizzle what was copied without";
    for (int lane = 0; lane < 32; ++lane) {
      if (!knows(product.lanes[lane], p.copy)) {
        return "a product reads a copy that its warp has not waited for";
      }
    }
    product.known_copy = p.copy;
  }
  for (int lane = 0; p.written && lane < 32; ++lane) {
    if (product.lanes[lane].fenced[p.writer] < p.written) {
      return "a product reads what a thread has written, without a fence between the proxies";
    }
  }
  p.products[product.warp] = product.number;
  return nullptr;
}

const char* SharedHistory::plain(uint32_t at, bool write, int thread, const Known& known) {
  Piece& p = piece(at);
  if (p.copy != kNone && !knows(known, p.copy)) {
    return copies_[p.copy].landed ? "shared memory is touched, and the copy to it not waited for"
                                  : "shared memory is touched while a copy to it is in flight";
  }
  if (write && !read_by_products(p, known)) {
    return "shared memory is written that a product may still read";
  }
  (write ? p.written : p.read) = known.events[thread];
  (write ? p.writer : p.reader) = thread;
  return nullptr;
}

}  // namespace yent::cuda::emulator
