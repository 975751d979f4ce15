#include "engine/core/workspace.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "kernels/error.h"

namespace yent {
namespace {

constexpr size_t kAlign = 64;
constexpr size_t kMaxPlans = 64;

size_t aligned(size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

std::byte* aligned_start(const PersistentTensor& memory) {
  const auto address = reinterpret_cast<uintptr_t>(memory.tensor.data);
  return static_cast<std::byte*>(memory.tensor.data) + (aligned(address) - address);
}

// Room for `bytes` at an aligned address, in place of `old`.
PersistentTensor allocate_bytes(Backend& backend, size_t bytes, PersistentTensor old = {}) {
  const size_t had = old ? old.tensor.shape.count() : 0;
  // Not a sum: without /proc, as many bytes are available as there are numbers.
  if (bytes > had && bytes - had > backend.available_bytes()) {
    throw run_error("working memory of {} bytes is needed, {} are available", bytes,
                    backend.available_bytes() + had);
  }
  return backend.working_memory(bytes + kAlign, std::move(old));
}

void poison(std::byte* data, size_t bytes) {
  if (data) std::memset(data, 0xff, bytes);
}

}  // namespace

void place(Plan& plan) {
  std::vector<size_t> by_size(plan.requests.size());
  std::iota(by_size.begin(), by_size.end(), size_t{0});
  std::stable_sort(by_size.begin(), by_size.end(), [&](size_t a, size_t b) {
    return plan.requests[a].bytes > plan.requests[b].bytes;
  });
  std::vector<const Plan::Request*> placed;  // by offset
  plan.bytes = 0;
  for (const size_t i : by_size) {
    Plan::Request& r = plan.requests[i];
    r.offset = 0;
    for (const Plan::Request* other : placed) {
      const bool together = r.born < other->dead && other->born < r.dead;
      if (!together || other->offset + other->bytes <= r.offset) continue;
      if (r.offset + r.bytes <= other->offset) break;
      r.offset = other->offset + other->bytes;
    }
    const auto behind = std::upper_bound(
        placed.begin(), placed.end(), r.offset,
        [](size_t offset, const Plan::Request* other) { return offset < other->offset; });
    placed.insert(behind, &r);
    plan.bytes = std::max(plan.bytes, r.offset + r.bytes);
  }
}

Workspace::Workspace(Backend& backend, Mode mode) : backend_(backend), mode_(mode) {}

Activation Workspace::make(Shape shape) {
  return make({{nullptr, shape, shape.c, DType::f32}, shape.count() * sizeof(float)});
}

Activation Workspace::make(const Layout& layout) {
  const Block block = take(layout.bytes);
  auto hold = std::shared_ptr<void>(nullptr, [this, block](void*) { give(block); });
  Tensor tensor = layout.tensor;
  tensor.data = block.data;
  return {tensor, std::move(hold)};
}

void Workspace::run(const std::string& key, const std::function<void()>& forward) {
  ENSURE(!current_, "workspace: {} runs inside another forward", key);
  if (mode_ == Mode::fresh) {
    forward();
    return;
  }
  const bool known = plans_.contains(key);
  if (!known && plans_.size() >= kMaxPlans) plans_.clear();  // e.g. a server of many sizes
  Plan& plan = plans_[key];
  current_ = &plan;
  next_ = clock_ = 0;
  struct Done {
    Workspace* self;
    const std::string& key;
    ~Done() {
      if (self->measuring_) self->plans_.erase(key);  // the dry run threw
      self->measuring_ = false;
      self->current_ = nullptr;
    }
  } done{this, key};
  if (!known) {
    measuring_ = true;
    forward();
    for (const Plan::Request& r : plan.requests) {
      ENSURE(r.dead > 0, "workspace: {} keeps an activation of {} bytes", key, r.bytes);
    }
    measuring_ = false;
    place(plan);
    std::map<size_t, ptrdiff_t> change;
    for (const Plan::Request& r : plan.requests) {
      change[r.born] += static_cast<ptrdiff_t>(r.bytes);
      change[r.dead] -= static_cast<ptrdiff_t>(r.bytes);
    }
    ptrdiff_t alive = 0;
    for (const auto& [time, bytes] : change) {
      plan.lower_bound = std::max(plan.lower_bound, static_cast<size_t>(alive += bytes));
    }
  }
  const size_t have = buffer_ ? buffer_.tensor.shape.count() - kAlign : 0;
  if (plan.bytes > have) {
    buffer_ = allocate_bytes(backend_, plan.bytes, std::exchange(buffer_, {}));
  }
  if (mode_ == Mode::poisoned) poison(aligned_start(buffer_), plan.bytes);
  backend_.replay(key, [&] {
    next_ = clock_ = 0;
    forward();
  });
  ENSURE(next_ == plan.requests.size(), "workspace: {} made {} requests, planned {}", key, next_,
         plan.requests.size());
}

void Workspace::clear() {
  plans_.clear();
  buffer_ = {};
}

Arena::Block Workspace::take(size_t bytes) {
  CancelToken::check(cancel_);
  bytes = aligned(bytes);
  if (mode_ == Mode::fresh) {
    const PersistentTensor memory = allocate_bytes(backend_, bytes);
    const int id = static_cast<int>(next_++);
    fresh_[id] = memory;
    poison(aligned_start(memory), bytes);
    return {aligned_start(memory), bytes, id};
  }
  ENSURE(current_, "workspace: memory is asked for outside a forward");
  const size_t i = next_++;
  ++clock_;
  if (measuring_) {
    current_->requests.push_back({.bytes = bytes, .born = clock_});
    return {nullptr, bytes, static_cast<int>(i)};
  }
  ENSURE(i < current_->requests.size() && current_->requests[i].bytes == bytes,
         "workspace: request {} is {} bytes, not as planned", i, bytes);
  return {aligned_start(buffer_) + current_->requests[i].offset, bytes, static_cast<int>(i)};
}

void Workspace::give(const Block& block) {
  if (mode_ == Mode::fresh) {
    fresh_.erase(block.id);
    return;
  }
  ++clock_;
  if (measuring_) {
    current_->requests[block.id].dead = clock_;
  } else if (mode_ == Mode::poisoned) {
    poison(block.data, block.bytes);
  }
}

}  // namespace yent
