#include "tools/server/jobs/pace.h"

#include <algorithm>
#include <vector>

namespace yent::server {
namespace {

constexpr size_t kRecent = 15, kMostKinds = 64;

}  // namespace

void RecentTimes::add(double seconds) {
  times_.push_back(seconds);
  if (times_.size() > kRecent) times_.pop_front();
}

std::optional<double> RecentTimes::median() const {
  if (times_.empty()) return std::nullopt;
  std::vector<double> sorted(times_.begin(), times_.end());
  const auto middle = sorted.begin() + static_cast<long>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

double Pace::since(std::chrono::steady_clock::time_point then) const {
  return std::chrono::duration<double>(clock_() - then).count();
}

// ---- Speaking ---------------------------------------------------------------------------------

void Pace::speaking_begins() {
  spoke_ = clock_();
  speaks_ = true;
}

void Pace::answer_is_there() { answers_.add(since(spoke_)); }

void Pace::speaking_ends(bool whole) {
  if (whole) speeches_.add(since(spoke_));
  speaks_ = false;
}

double Pace::rest_of_answer() const {
  return speaks_ ? std::max(0.0, answer() - since(spoke_)) : answer();
}

double Pace::rest_of_speaking() const {
  return speaks_ ? std::max(0.0, speaking() - since(spoke_)) : 0;
}

// ---- Painting ---------------------------------------------------------------------------------

std::string Pace::kind_of(const PaintWish& wish) {
  const PaintSpec& spec = wish.spec;
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}x{} {}", wish.model, wish.policy, wish.bits,
                     wish.policy_text, spec.sampler, spec.width, spec.height, spec.guidance > 1);
}

// A picture to start from takes a part of the steps.
double Pace::steps_of(const PaintWish& wish) {
  const double part = wish.picture ? wish.spec.strength : 1;
  return std::max(1.0, wish.spec.steps * part);
}

void Pace::painting_begins(const PaintWish& wish) {
  wish_ = wish;
  wish_.picture = wish.picture ? std::make_shared<const std::string>() : nullptr;
  wish_.mask = nullptr;
  kind_ = kind_of(wish);
  mark_ = clock_();
  paints_ = first_ = true;
  calls_ = done_ = 0;
}

void Pace::picture_begins(int calls, int width, int height) {
  if (kinds_.size() >= kMostKinds && !kinds_.contains(kind_)) kinds_.clear();
  Measured& kind = kinds_[kind_];
  kind.pixels = static_cast<double>(width) * height;
  kind.calls_per_step = calls / steps_of(wish_);
  latest_ = kind_;
  calls_ = calls;
  done_ = 0;
}

double Pace::call_is_done() {
  const double took = since(mark_);
  mark_ = clock_();
  Measured& kind = kinds_[kind_];
  const auto usual = kind.call.median();
  if (!first_ || done_ > 0) {
    kind.call.add(took);
  } else if (usual) {
    kind.before.add(std::max(0.0, took - *usual));
  }
  ++done_;
  return took;
}

void Pace::picture_is_there() {
  kinds_[kind_].after.add(since(mark_));
  mark_ = clock_();
  done_ = 0;
  first_ = false;
}

void Pace::painting_ends() { paints_ = false; }

const Pace::Measured* Pace::measured(const PaintWish& wish, double& scale) const {
  scale = 1;
  const auto same = kinds_.find(kind_of(wish));
  if (same != kinds_.end() && same->second.call.median()) return &same->second;
  const auto other = kinds_.find(latest_);
  if (other == kinds_.end() || !other->second.call.median()) return nullptr;
  const double pixels = static_cast<double>(wish.spec.width) * wish.spec.height;
  if (pixels > 0) scale = pixels / other->second.pixels;
  return &other->second;
}

std::optional<double> Pace::painting(const PaintWish& wish, int pictures) const {
  double scale = 1;
  const Measured* kind = measured(wish, scale);
  if (!kind) return std::nullopt;
  const double calls = steps_of(wish) * kind->calls_per_step;
  const double one = calls * *kind->call.median() + kind->after.median().value_or(0);
  return kind->before.median().value_or(0) + scale * one * pictures;
}

std::optional<double> Pace::rest_of_painting(int pictures) const {
  if (!paints_) return std::nullopt;
  if (pictures <= 0) return 0;
  double scale = 1;
  const Measured* kind = measured(wish_, scale);
  if (!kind) return std::nullopt;
  const double call = *kind->call.median() * scale;
  const double after = kind->after.median().value_or(0) * scale;
  const double calls = calls_ > 0 ? calls_ : steps_of(wish_) * kind->calls_per_step;
  const double before = first_ && done_ == 0 ? kind->before.median().value_or(0) : 0;
  const double present = before + (calls - done_) * call + after;
  // What has passed of the present call is over; a call that lasts longer is nearly over.
  const double next = done_ < calls ? before + call : after;
  return present - std::min(since(mark_), next) + (pictures - 1) * (calls * call + after);
}

}  // namespace yent::server
