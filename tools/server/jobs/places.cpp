// Where jobs are in line, and how long they will take.
#include <algorithm>
#include <cmath>

#include "tools/server/jobs/jobs.h"

namespace yent::server {

std::optional<int> Jobs::place(const Job& job) const {
  for (const FairQueue<Job>* line : {&speaking_, &painting_}) {
    const auto all = line->in_order();
    const auto at =
        std::ranges::find_if(all, [&](const Pointer& other) { return &*other == &job; });
    if (at != all.end()) return static_cast<int>(at - all.begin()) + 1;
  }
  return std::nullopt;
}

// The work that a painting still is: pixels times steps.
double Jobs::units(const Job& job) const {
  if (!job.spec.paints) return 0;
  const PaintSpec& spec = job.spec.painting.spec;
  const double pixels = spec.width > 0 && spec.height > 0
                            ? static_cast<double>(spec.width) * spec.height
                            : 512.0 * 512;
  const double steps =
      spec.steps * (job.spec.painting.count - static_cast<int>(job.pictures.size()));
  return pixels * std::max(0.0, steps - job.step);
}

std::optional<double> Jobs::eta(const Job& job) const {
  if (seconds_per_unit_ == 0 || is_over(job.state)) return std::nullopt;
  double ahead = units(job);
  if (&job != &*painted_) {
    if (painted_) ahead += units(*painted_);
    for (const Pointer& other : painting_.in_order()) {
      if (&*other == &job) break;
      ahead += units(*other);
    }
  }
  return ahead * seconds_per_unit_;
}

Json Jobs::json(const Job& job) const {
  Json json = job_json(job);
  if (const auto at = place(job)) json["place"] = *at;
  if (const auto seconds = eta(job)) json["eta_s"] = std::round(*seconds * 100) / 100;
  return json;
}

// To each that waits, if its place has changed.
void Jobs::tell_places() {
  for (const FairQueue<Job>* line : {&speaking_, &painting_}) {
    int place = 0;
    double ahead = painted_ ? units(*painted_) : 0;
    for (const Pointer& job : line->in_order()) {
      ahead += units(*job);
      if (++place == job->told_place) continue;
      job->told_place = place;
      const bool known = seconds_per_unit_ > 0 && line == &painting_;
      job->log.add("queued",
                   fmt::format(R"({{"place":{},"eta_s":{}}})", place,
                               known ? fmt::format("{:.2f}", ahead * seconds_per_unit_) : "null"));
    }
  }
}

}  // namespace yent::server
