// Where jobs are in line, and when they will be done.
#include <algorithm>
#include <cmath>

#include "tools/server/jobs/jobs.h"

namespace yent::server {
namespace {

std::optional<double> sum(std::optional<double> a, std::optional<double> b) {
  return a && b ? std::optional(*a + *b) : std::nullopt;
}

}  // namespace

// Pictures that are not finished.
int Jobs::left(const Job& job) {
  const int behind = job.pictures.empty() ? 0 : job.pictures.back().index + 1;
  return job.spec.painting.count - std::max(job.pictures_before, behind);
}

// First those that only the painter has to do with, then those that come to him from the voice, if
// nobody else comes.
std::vector<Jobs::Forecast> Jobs::forecast() const {
  std::vector<Forecast> all;
  std::optional<double> painted = 0;  // when the painter is free
  const auto paint = [&](const Job& job) {
    return painted = sum(painted, pace_.painting(job.spec.painting, left(job)));
  };
  if (painted_) {
    painted = pace_.rest_of_painting(left(*painted_));
    all.push_back({painted_, 0, painted});
  }
  int place = 0;
  for (const Pointer& job : painting_.in_order()) all.push_back({job, ++place, paint(*job)});
  const auto speak = [&](const Pointer& job, int at, double answered, double spoken) {
    const bool paints = job->spec.kind == JobKind::react && job->spec.paints;
    if (!paints) return all.push_back({job, at, spoken});
    if (painted) painted = std::max(*painted, answered);
    all.push_back({job, at, paint(*job)});
  };
  double spoken = 0;  // when the voice is free
  if (spoken_) {
    spoken = pace_.rest_of_speaking();
    if (spoken_->state == JobState::reacting) speak(spoken_, 0, pace_.rest_of_answer(), spoken);
  }
  place = 0;
  for (const Pointer& job : speaking_.in_order()) {
    const double answered = spoken + pace_.answer();
    spoken += pace_.speaking();
    speak(job, ++place, answered, spoken);
  }
  return all;
}

std::optional<int> Jobs::place(const Job& job) const {
  for (const Forecast& one : forecast()) {
    if (&*one.job == &job && one.place > 0) return one.place;
  }
  return std::nullopt;
}

std::optional<double> Jobs::eta(const Job& job) const {
  for (const Forecast& one : forecast()) {
    if (&*one.job == &job) return one.seconds;
  }
  return std::nullopt;
}

Json Jobs::json(const Job& job) const {
  Json json = job_json(job);
  if (is_over(job.state)) return json;
  for (const Forecast& one : forecast()) {
    if (&*one.job != &job) continue;
    if (one.place > 0) json["place"] = one.place;
    if (one.seconds) json["eta_s"] = std::round(*one.seconds * 100) / 100;
  }
  return json;
}

// To each that waits, if its place has changed.
void Jobs::tell_places() {
  for (const Forecast& one : forecast()) {
    // A listener hears at once, and may cancel others.
    if (one.place == 0 || one.place == one.job->told_place || is_over(one.job->state)) continue;
    one.job->told_place = one.place;
    one.job->log.add("queued",
                     fmt::format(R"({{"place":{},"eta_s":{}}})", one.place,
                                 one.seconds ? fmt::format("{:.2f}", *one.seconds) : "null"));
  }
}

}  // namespace yent::server
