#include "tests/support/cuda_emulator/hopper/async.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "tests/support/cuda_emulator/block.h"
#include "tests/support/cuda_emulator/checker.h"
#include "tests/support/cuda_emulator/counter.h"

namespace yent::cuda::emulator {
namespace {

int running() { return block().thread().number; }

void check(const char* wrong) {
  if (wrong) fault(wrong);
}

}  // namespace

Async& async() {
  static Async* const one = new Async;
  return *one;
}

void Async::begin(int threads) {
  threads_ = threads;
  active_ = false;
}

void Async::meet() {
  if (active_) clocks_.meet();
}

std::string Async::left() const {
  if (!active_) return "";
  for (const Barrier& b : barriers_) {
    if (!b.copies.empty()) return "the block ends while copies are in flight";
  }
  for (size_t w = 0; w < warps_.size(); ++w) {
    if (!warps_[w].products.empty()) return "a warp ends while its products are in flight";
    if (warps_[w].history != warps_[w / 4 * 4].history) {
      return "warps of a warpgroup made different products";
    }
  }
  return "";
}

// ---- Barriers

void Async::init_barrier(uint32_t at, int arrivals) {
  if (!active_) {
    active_ = true;
    clocks_.begin(threads_);
    history_.begin();
    barriers_.clear();
    barriers_.reserve(Clocks::kMaxBarriers);
    copies_.clear();
    warps_.assign(static_cast<size_t>(threads_ + 31) / 32, {});
  }
  if (at % 8 != 0 || at + 8 > block().shared_bytes()) fault("a barrier at no place for one");
  for (const Barrier& b : barriers_) {
    if (b.at == at) fault("a barrier is initialized twice");
  }
  if (barriers_.size() == Clocks::kMaxBarriers || arrivals < 1) fault("a barrier too many");
  Barrier b = {};
  b.at = at;
  b.arrivals = b.pending = arrivals;
  b.owner = running();
  b.initialized = clocks_.now(b.owner);
  b.ended.clear(static_cast<size_t>(threads_) + Clocks::kMaxBarriers);
  b.arrived = b.ended;
  barriers_.push_back(b);
}

void Async::fence() {
  if (active_) clocks_.fence(running());
}

Async::Barrier& Async::barrier_at(uint32_t at) {
  const auto b = std::find_if(barriers_.begin(), barriers_.end(),
                              [&](const Barrier& one) { return one.at == at; });
  if (!active_ || b == barriers_.end()) fault("a barrier that was not initialized");
  if (clocks_.of(running()).events[b->owner] < b->initialized) {
    fault("a barrier whose initialization by another thread this one does not know of");
  }
  return *b;
}

void Async::arrive(uint32_t at, int bytes) {
  Barrier& b = barrier_at(at);
  if (b.pending == 0) fault("an arrival too many at a barrier");
  b.arrived.add(clocks_.of(running()));
  clocks_.step(running());
  b.bytes += bytes;
  --b.pending;
  progress(b);
}

void Async::wait(uint32_t at, uint32_t parity) {
  Barrier& b = barrier_at(at);
  if (parity > 1) fault("a parity that is neither 0 nor 1");
  const auto ended = [&] { return ((b.phase + 1) & 1) == parity; };
  while (!ended()) {
    b.waiting.push_back(running());
    progress(b);
    if (!ended()) block().park();
  }
  clocks_.of(running()).add(b.ended);
}

// Copies take as long as they can: until a thread waits for nothing else.
void Async::progress(Barrier& b) {
  if (b.pending > 0) return;
  if (b.bytes != 0 && b.waiting.empty()) return;
  while (b.bytes > 0 && !b.copies.empty()) {
    const uint32_t number = b.copies.front();
    Copy& copy = copies_[number];
    b.copies.erase(b.copies.begin());
    land(copy);
    history_.copy(number).landed = true;
    b.bytes -= row_bytes(copy.map) * box_rows(copy.map);
  }
  if (b.bytes < 0) fault("copies bring more bytes than a phase of the barrier was told");
  if (b.bytes == 0) end_phase(b);
}

void Async::end_phase(Barrier& b) {
  if (!b.copies.empty()) fault("a phase of a barrier ends while copies to it are in flight");
  b.ended.add(b.arrived);
  b.arrived.clear(b.ended.events.size());
  b.ended.events[clocks_.place_of(static_cast<int>(&b - barriers_.data()))] = ++b.phase;
  b.pending = b.arrivals;
  for (const int thread : std::exchange(b.waiting, {})) block().unpark(thread);
}

// ---- Copies

void Async::copy(uint32_t to, const TensorCopy& copy, uint32_t barrier) {
  check(wrong_with(*copy.map));
  Barrier& b = barrier_at(barrier);
  const int thread = running();
  const Known& known = clocks_.of(thread);
  if (known.fenced[b.owner] < b.initialized) {
    fault("a copy to a barrier that is initialized without a fence between the proxies");
  }
  const bool swizzled = copy.map->swizzle_bytes == 128;
  const auto bytes = static_cast<uint32_t>(row_bytes(*copy.map) * box_rows(*copy.map));
  if (to % (swizzled ? 1024 : 128) != 0) fault("a bulk copy to an address that is not aligned");
  if (to + size_t{bytes} > block().shared_bytes()) fault("a bulk copy to outside of shared memory");
  for (const Barrier& one : barriers_) {
    if (one.at + 8 > to && one.at < to + bytes) fault("a bulk copy to where a barrier lies");
  }
  const int place = clocks_.place_of(static_cast<int>(&b - barriers_.data()));
  const uint32_t number = history_.add_copy({place, b.phase, false, swizzled});
  for (uint32_t at = to; at < to + bytes; at += 16) check(history_.copy_to(at, number, known));
  std::memset(block().shared() + to, 0xff, bytes);
  for_each_row(copy, [&](int, const BoxRow& row) {
    const auto inside = static_cast<size_t>(row.end - row.begin) * copy.map->element_bytes;
    if (!row.from) return;
    check_access(row.from, inside, Access::read, thread);
    count_bulk(row.from, inside, Access::read);
  });
  copies_.push_back({*copy.map, copy, to});
  b.copies.push_back(number);
  progress(b);
}

void Async::land(Copy& copy) {
  const fake::TensorMap& map = copy.map;
  copy.what.map = &map;
  const int bytes = row_bytes(map);
  std::byte* to = block().shared() + copy.to;
  for_each_row(copy.what, [&](int row, const BoxRow& from) {
    std::byte values[512] = {};
    const int skipped = from.begin * map.element_bytes;
    if (from.from) {
      std::memcpy(values + skipped, from.from,
                  static_cast<size_t>(from.end) * map.element_bytes - skipped);
    }
    for (int byte = 0; byte < bytes; byte += 16) {
      const int place = map.swizzle_bytes ? swizzled_place(row, byte) : row * bytes + byte;
      std::memcpy(to + place, values + byte, 16);
    }
  });
}

// ---- Products

Async::Warp& Async::warp() {
  if (!active_) fault("a product before there is a barrier, which the emulator has not");
  if (threads_ / 32 > kMaxProductWarps) fault("a product in a block of more than 16 warps");
  return warps_[running() / 32];
}

size_t Async::take_sums(Warp& w, const Operands* lanes, int width) {
  for (size_t i = 0; i < w.sums.size(); ++i) {
    if (w.sums[i].lanes[0] != lanes[0].d) continue;
    if (w.sums[i].width != width) fault("products of different widths add to the same sums");
    return i;
  }
  if (!w.fenced) fault("a product without wgmma.fence since its sums were touched");
  Sums s = {{}, width, 0, std::vector<float>(static_cast<size_t>(16) * width)};
  for (int lane = 0; lane < 32; ++lane) s.lanes[lane] = static_cast<float*>(lanes[lane].d);
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < width; ++column) {
      const Holder h = holder_of(row, column);
      s.values[static_cast<size_t>(row) * width + column] = s.lanes[h.thread][h.i];
    }
  }
  for (float* lane : s.lanes) std::memset(lane, 0xff, sizeof(float) * width / 2);
  w.sums.push_back(std::move(s));
  return w.sums.size() - 1;
}

// Products that are done with their sums give them back.
void Async::give_sums(Warp& w) {
  for (const Sums& s : w.sums) {
    if (s.products > 0) return;
  }
  for (const Sums& s : w.sums) {
    for (int row = 0; row < 16; ++row) {
      for (int column = 0; column < s.width; ++column) {
        const Holder h = holder_of(row, column);
        s.lanes[h.thread][h.i] = s.values[static_cast<size_t>(row) * s.width + column];
      }
    }
  }
  w.sums.clear();
  w.fenced = false;
}

void Async::read_matrix(const Descriptor& d, int rows, Reader& product) {
  check(wrong_with(d, rows, block().shared_bytes()));
  for (int row = 0; row < rows; ++row) {
    for (int half = 0; half < 2; ++half) {
      check(history_.product_from(piece_address(d, row, half), product));
    }
  }
}

void Async::multiply(const Operands* lanes) {
  Warp& w = warp();
  ProductOperands given;
  std::memcpy(&given, lanes[0].a, sizeof(given));
  for (int lane = 1; lane < 32; ++lane) {
    ProductOperands other;
    std::memcpy(&other, lanes[lane].a, sizeof(other));
    if (other.a != given.a || other.b != given.b) fault("lanes give different matrices to wgmma");
  }
  w.history = (w.history ^ given.a ^ given.b << 7) * 0x100000001b3u + given.width;
  Product p = {decode_descriptor(given.a), decode_descriptor(given.b), 0, w.groups, ++w.issued};
  const int first = running() / 32 * 32;
  Reader reader = {first / 32, p.number, &clocks_.of(first)};
  read_matrix(p.a, 64, reader);
  read_matrix(p.b, given.width, reader);
  p.sums = take_sums(w, lanes, given.width);
  ++w.sums[p.sums].products;
  // A quarter of what the warpgroup multiplies and reads.
  count_products(int64_t{16} * given.width * 16, int64_t{64 + given.width} * 32 / 4);
  w.products.push_back(p);
}

void Async::wait_products(int pending) {
  Warp& w = warp();
  const int first = running() / 32 * 32;
  while (!w.products.empty() && w.products.front().group < w.groups - pending) {
    const Product& p = w.products.front();
    Sums& s = w.sums[p.sums];
    multiply_rows(block().shared(), p.a, p.b, first / 32 % 4, s.width, s.values.data());
    --s.products;
    w.done = p.number;
    w.products.pop_front();
  }
  ProductWait wait = {w.done, {}};
  for (int lane = 0; lane < 32; ++lane) {
    wait.events[lane] = clocks_.now(first + lane);
    clocks_.step(first + lane);
  }
  history_.add_wait(first / 32, wait);
  give_sums(w);
}

// ---- Plain accesses

void Async::touch_shared(uint32_t at, size_t bytes, bool write, int thread) {
  if (!active_) return;
  for (const Barrier& b : barriers_) {
    if (at + bytes > b.at && at < b.at + 8) fault("a plain access to a barrier");
  }
  for (uint32_t piece = at / 16; piece <= (at + bytes - 1) / 16; ++piece) {
    check(history_.plain(piece * 16, write, thread, clocks_.of(thread)));
  }
}

void Async::touch_stack(const void* where, size_t bytes, int thread) {
  if (!active_) return;
  const auto* at = static_cast<const std::byte*>(where);
  for (const Sums& s : warps_[thread / 32].sums) {
    const auto* sums = reinterpret_cast<const std::byte*>(s.lanes[thread % 32]);
    if (at + bytes > sums && at < sums + sizeof(float) * s.width / 2) {
      fault("sums of a product in flight are touched");
    }
  }
}

}  // namespace yent::cuda::emulator
