#include "tests/support/cuda_emulator/block.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

#include "tests/support/cuda_emulator/checker.h"
#include "tests/support/cuda_emulator/counter.h"
#include "tests/support/cuda_emulator/hopper/async.h"
#include "tests/support/cuda_emulator/warp_operations.h"

// The section of all variables in shared memory; the linker gives its ends these names. Weak: there
// may be none.
extern "C" std::byte __start_cuda_shared[] __attribute__((weak));
extern "C" std::byte __stop_cuda_shared[] __attribute__((weak));

namespace yent::cuda::emulator {
namespace {

constexpr size_t kStack = 64 << 10, kGuard = 4096;

std::byte* map(size_t bytes) {
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) throw std::runtime_error("no memory for the emulator");
  return static_cast<std::byte*>(data);
}

}  // namespace

Block* const the_block = new Block;  // for all of the program's life

Block::Block() : threads_(kMaxThreads) {
  stacks_ = map(kMaxThreads * kStack);
  // A stack that is too small is a crash, not another thread's values.
  for (int i = 0; i < kMaxThreads; ++i) mprotect(stacks_ + i * kStack, kGuard, PROT_NONE);
  shared_ = map(kMaxShared);
}

uint32_t Block::random(uint32_t below) {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  return static_cast<uint32_t>(uint64_t{random_} * below >> 32);
}

void Block::begin(int threads) {
  std::memset(shared_, 0xff, program_.shared_bytes);  // NaN in every type of number
  if (__start_cuda_shared) {
    std::memset(__start_cuda_shared, 0xff,
                static_cast<size_t>(__stop_cuda_shared - __start_cuda_shared));
  }
  warps_.resize(static_cast<size_t>(threads + 31) / 32);
  for (Warp& warp : warps_) warp.ready = warp.waiting = 0;
  const Dim size = position_.threads;
  for (int i = 0; i < threads; ++i) {
    Thread& t = threads_[i];
    const auto at = static_cast<unsigned>(i);
    t.index = {at % size.x, at / size.x % size.y, at / size.x / size.y};
    t.number = i;
    t.state = Thread::State::ready;
    t.copies.clear();
    t.arrived = 0;
    t.groups = 0;
    warps_[i / 32].ready |= 1u << i % 32;
    // The same place on all stacks would be the same line of the cache.
    prepare(t.fiber, stacks_ + i * kStack + kGuard, kStack - kGuard - i % 61 * 64, enter);
  }
  live_ = threads;
  at_block_ = 0;
  begin_checked_block();
  async().begin(threads);
}

std::string Block::run(const Program& program, const BlockPosition& position, Order order,
                       uint32_t seed) {
  program_ = program, position_ = position, order_ = order;
  random_ = seed * 2654435761u | 1;
  fault_.clear();
  begin(static_cast<int>(position.threads.count()));
  current_ = &threads_[0];
  current_ = next();
  runs_ = true;
  switch_fiber(outside_, current_->fiber);
  runs_ = false;
  count_barrier();
  if (fault_.empty()) fault_ = live_ > 0 ? deadlock() : async().left();
  return fault_;
}

bool Block::on_stack(const std::byte* at) const {
  return at >= stacks_ && at < stacks_ + kMaxThreads * kStack;
}

// The first code on every stack.
void Block::enter() {
  Block& b = block();
  b.program_.call(b.program_.kernel, b.program_.arguments);
  b.end_thread();
}

int Block::next_lane(uint32_t ready, int after) {
  const uint32_t behind = after == 31 ? 0 : ready >> (after + 1) << (after + 1);
  const uint32_t before = after == 0 ? 0 : ready << (32 - after) >> (32 - after);
  switch (order_) {
    case Order::up:
      return std::countr_zero(behind ? behind : ready);
    case Order::down:
      return 31 - std::countl_zero(before ? before : ready);
    case Order::random:
      break;
  }
  const uint32_t from = 0xffffffffu << random(32);
  return std::countr_zero(ready & from ? ready & from : ready);
}

// A warp goes on for as long as it can.
Thread* Block::next() {
  const int count = static_cast<int>(warps_.size()), own = current_->number / 32;
  if (warps_[own].ready) {
    return &threads_[own * 32 + next_lane(warps_[own].ready, current_->number % 32)];
  }
  const int first = order_ == Order::random ? static_cast<int>(random(count)) : own;
  for (int i = 0; i < count; ++i) {
    const int w = order_ == Order::down ? (first - i + count) % count : (first + i) % count;
    if (!warps_[w].ready) continue;
    return &threads_[w * 32 + next_lane(warps_[w].ready, order_ == Order::down ? 0 : 31)];
  }
  return nullptr;
}

void Block::resume(Thread* next) {
  Thread& last = *current_;
  if (next == &last) return;
  if (next) current_ = next;
  switch_fiber(last.fiber, next ? next->fiber : outside_);
}

void Block::give_way() { resume(next()); }

void Block::fault(std::string what) {
  fault_ = std::move(what);
  resume(nullptr);
  throw std::logic_error("a thread that ended ran again");
}

void Block::end_thread() {
  Thread& t = *current_;
  t.state = Thread::State::ended;
  warps_[t.number / 32].ready &= ~(1u << t.number % 32);
  --live_;
  if (live_ > 0 && at_block_ == live_) release_block();
  give_way();
}

void Block::release_block() {
  pass_barrier();
  async().meet();
  count_barrier();
  at_block_ = 0;
  for (size_t i = 0; i < warps_.size() * 32; ++i) {
    Thread& t = threads_[i];
    if (t.state != Thread::State::at_block) continue;
    t.state = Thread::State::ready;
    warps_[i / 32].ready |= 1u << i % 32;
  }
}

void Block::synchronize_block() {
  Thread& t = *current_;
  t.state = Thread::State::at_block;
  warps_[t.number / 32].ready &= ~(1u << t.number % 32);
  if (++at_block_ == live_) release_block();
  give_way();
}

void Block::park() {
  Thread& t = *current_;
  t.state = Thread::State::parked;
  warps_[t.number / 32].ready &= ~(1u << t.number % 32);
  give_way();
}

void Block::unpark(int thread) {
  if (threads_[thread].state != Thread::State::parked) return;
  threads_[thread].state = Thread::State::ready;
  warps_[thread / 32].ready |= 1u << thread % 32;
}

// A row of ldmatrix is read by the lane that gave its address.
void Block::check_operation(WarpOp op, const std::array<Operands, 32>& lanes, int first) {
  const int matrices = matrices_of(op);
  for (int m = 0; m < matrices; ++m) {
    unsigned addresses[8];
    for (int r = 0; r < 8; ++r) {
      addresses[r] = lanes[8 * m + r].b[0];
      check_access(shared_ + addresses[r], 16, Access::read, first + 8 * m + r);
    }
    check_banks(addresses);
  }
}

void Block::synchronize_warp(uint32_t mask, WarpOp op, const Operands& operands) {
  Thread& t = *current_;
  Warp& warp = warps_[t.number / 32];
  const uint32_t lane = 1u << t.number % 32;
  if (mask != 0xffffffff) fault("a warp operation of some lanes, which the emulator has not");
  if (position_.threads.count() % 32 != 0) fault("a warp operation in a block of parts of warps");
  if (!warp.waiting) warp.op = op;
  if (warp.op != op) {
    fault(fmt::format("lanes of a warp part: one comes to {}, others wait at {}", name_of(op),
                      name_of(warp.op)));
  }
  warp.operands[t.number % 32] = operands;
  warp.waiting |= lane;
  if (warp.waiting == 0xffffffff) {
    check_operation(op, warp.operands, t.number / 32 * 32);
    perform(op, warp.operands, shared_, program_.shared_bytes);
    warp.waiting = 0;
    warp.ready = 0xffffffff;
    for (int i = 0; i < 32; ++i) threads_[t.number / 32 * 32 + i].state = Thread::State::ready;
    return;
  }
  t.state = Thread::State::at_warp;
  warp.ready &= ~lane;
  give_way();
}

// Nobody can run.
std::string Block::deadlock() const {
  const auto count = [&](Thread::State state) {
    return std::count_if(threads_.begin(),
                         threads_.begin() + static_cast<ptrdiff_t>(position_.threads.count()),
                         [&](const Thread& t) { return t.state == state; });
  };
  const auto waits =
      std::find_if(warps_.begin(), warps_.end(), [](const Warp& w) { return w.waiting != 0; });
  return fmt::format(
      "threads wait for each other: {} at {}, {} at a barrier, {} for a phase of one; {} have "
      "ended",
      count(Thread::State::at_warp),
      waits == warps_.end() ? "a warp operation" : name_of(waits->op),
      count(Thread::State::at_block), count(Thread::State::parked), count(Thread::State::ended));
}

}  // namespace yent::cuda::emulator
