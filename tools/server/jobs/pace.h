// How long speaking and painting take on this machine, as measured: nothing is assumed before.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "tools/server/jobs/job_spec.h"

namespace yent::server {

// The latest times of one thing. Their median: a pause of the machine is no pace.
class RecentTimes {
 public:
  void add(double seconds);
  std::optional<double> median() const;

 private:
  std::deque<double> times_;
};

// For the network thread. It is told what happens when it happens.
class Pace {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;
  explicit Pace(Clock clock = std::chrono::steady_clock::now) : clock_(std::move(clock)) {}

  // A reaction: it begins, the answer is there, and with the roast it ends.
  void speaking_begins();
  void answer_is_there();
  void speaking_ends(bool whole);

  // A painting: it begins, its pictures say how large they are and how many calls of the model they
  // need, each call is done, each picture is there, and it ends.
  void painting_begins(const PaintWish& wish);
  void picture_begins(int calls, int width, int height);
  double call_is_done();  // how long it took
  void picture_is_there();
  void painting_ends();

  // Seconds that a painting of this number of pictures will take; that the one at work will still
  // take, with the pictures that are not finished. Nothing before the first measured call.
  std::optional<double> painting(const PaintWish& wish, int pictures) const;
  std::optional<double> rest_of_painting(int pictures) const;
  // Seconds until an answer that is begun now; until the voice is free again.
  double answer() const { return answers_.median().value_or(0); }
  double speaking() const { return speeches_.median().value_or(0); }
  double rest_of_answer() const;
  double rest_of_speaking() const;

 private:
  // What was measured of paintings of one kind.
  struct Measured {
    RecentTimes before, call, after;  // until the first call ends, less a call; a call; behind it
    double calls_per_step = 1;
    double pixels = 0;
  };
  // What the time of a call depends on, as far as a wish says it.
  static std::string kind_of(const PaintWish& wish);
  static double steps_of(const PaintWish& wish);
  // Of this kind, or else of the kind that was painted last, and how much larger this one is.
  const Measured* measured(const PaintWish& wish, double& scale) const;
  double since(std::chrono::steady_clock::time_point then) const;

  Clock clock_;
  RecentTimes answers_, speeches_;
  std::map<std::string, Measured> kinds_;
  std::string latest_;  // kind

  // Of what is at work.
  std::chrono::steady_clock::time_point spoke_ = {}, mark_ = {};
  bool speaks_ = false, paints_ = false;
  std::string kind_;
  PaintWish wish_ = {};
  int calls_ = 0, done_ = 0;  // of the present picture
  bool first_ = true;         // its first call comes with what is before all calls
};

}  // namespace yent::server
