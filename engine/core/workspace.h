// Activations: handles whose lifetimes are the memory plan.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/cancel.h"
#include "kernels/backend.h"

namespace yent {

// An activation. Copies share it; the memory is free for others when the last copy dies, so
// `h = norm(c, h)` is what lets go of the old h.
class Activation {
 public:
  Activation() = default;
  Activation(Tensor tensor, std::shared_ptr<void> hold) : tensor_(tensor), hold_(std::move(hold)) {}

  operator Tensor() const { return tensor_; }      // NOLINT: an Activation is read as a tensor
  operator ConcatView() const { return tensor_; }  // NOLINT: or as a ConcatView of one
  const Tensor* operator->() const { return &tensor_; }
  Activation view(int n, int h, int w) const { return {tensor_.view(n, h, w), hold_}; }
  Activation cols(int begin, int count) const { return {tensor_.cols(begin, count), hold_}; }
  // Whether this is the last copy: what reads it may then write onto it.
  bool last() const { return hold_.use_count() == 1; }

 private:
  Tensor tensor_;
  std::shared_ptr<void> hold_;
};

// Where every request of a forward begins in one shared buffer.
struct Plan {
  struct Request {
    size_t bytes = 0;
    size_t born = 0, dead = 0;  // in takes and gives since the start
    size_t offset = 0;
  };
  std::vector<Request> requests;
  size_t bytes = 0;        // of the buffer
  size_t lower_bound = 0;  // most bytes alive at once: no plan can need less
};

// Fixes the offsets: largest request first, each at the lowest place that nobody alive at the
// same time covers.
void place(Plan& plan);

// The memory of one forward at a time. Not for two threads at once.
class Workspace : public Arena {
 public:
  enum class Mode {
    planned,   // a dry run per key, then every run at the planned addresses
    poisoned,  // planned, and dead memory is overwritten with NaN
    fresh,     // every request is its own allocation, full of NaN
  };

  explicit Workspace(Backend& backend, Mode mode = Mode::planned);

  // Plain f32 rows, or the form given.
  Activation make(Shape shape);
  Activation make(const Layout& layout);

  // Runs a forward. Under one key it must make the same requests in the same order; the first
  // time, it is run dry to learn them. Results that outlive the forward go to a PersistentTensor.
  void run(const std::string& key, const std::function<void()>& forward);

  // The plan of a key that has run.
  const Plan& plan(const std::string& key) const { return plans_.at(key); }

  // From now on every request for memory, so every op, throws once the token is cancelled. Null:
  // nothing can be cancelled. The token must outlive its use here.
  void watch(const CancelToken* token) { cancel_ = token; }

  // Gives the buffer and the plans back.
  void clear();
  // The next forwards may make other requests, under keys that have run.
  void forget_plans() { plans_.clear(); }

  Block take(size_t bytes) override;
  void give(const Block& block) override;
  bool measuring() const override { return measuring_; }

 private:
  Backend& backend_;
  Mode mode_;
  bool measuring_ = false;
  std::map<std::string, Plan> plans_;
  const CancelToken* cancel_ = nullptr;
  Plan* current_ = nullptr;
  size_t next_ = 0, clock_ = 0;
  PersistentTensor buffer_;
  std::map<int, PersistentTensor> fresh_;
};

// A workspace that a token can cancel, for the length of a scope.
class WatchScope {
 public:
  WatchScope(Workspace& ws, const CancelToken* token) : ws_(ws) { ws_.watch(token); }
  WatchScope(const WatchScope&) = delete;
  WatchScope& operator=(const WatchScope&) = delete;
  ~WatchScope() { ws_.watch(nullptr); }

 private:
  Workspace& ws_;
};

}  // namespace yent
