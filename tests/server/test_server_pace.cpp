// What the server says of the time that is left, against a machine whose times are known.
#include <doctest/doctest.h>

#include <cmath>

#include "tools/server/jobs/pace.h"

using namespace yent::server;

namespace {

// Its clock moves only when something is done on it.
class Machine {
 public:
  double before = 0.3, call = 0.05, after = 0.2;  // text, a call of 256x256, decoding of 256x256

  void wait(double seconds) {
    now_ += std::chrono::duration_cast<std::chrono::steady_clock::duration>(
        std::chrono::duration<double>(seconds));
  }
  double now() const { return std::chrono::duration<double>(now_.time_since_epoch()).count(); }

  // Paints, and calls `look` with the pictures that are left: before each call and behind the last.
  void paint(const PaintWish& wish, const std::function<void(int left)>& look = {}) {
    const int width = wish.spec.width ? wish.spec.width : 256;
    const double larger = width * width / 256.0 / 256;
    pace.painting_begins(wish);
    for (int picture = 0; picture < wish.count; ++picture) {
      for (int k = 0; k < wish.spec.steps; ++k) {
        if (look) look(wish.count - picture);
        wait(call * larger + (picture == 0 && k == 0 ? before : 0));
        if (k == 0) pace.picture_begins(wish.spec.steps, width, width);
        pace.call_is_done();
      }
      if (look) look(wish.count - picture);
      wait(after * larger);
      pace.picture_is_there();
    }
    pace.painting_ends();
  }

 private:
  std::chrono::steady_clock::time_point now_ = {};

 public:
  Pace pace{[this] { return now_; }};
};

PaintWish wish(int steps, int count = 1, int side = 0) {
  PaintWish wish;
  wish.spec.steps = steps;
  wish.spec.width = wish.spec.height = side;
  wish.count = count;
  return wish;
}

// The worst error of what was said while a picture was painted, as a part of the time that was
// left.
double worst_error(Machine& machine, const PaintWish& wish) {
  std::vector<std::pair<double, std::optional<double>>> said;
  machine.paint(wish, [&](int left) {
    said.emplace_back(machine.now(), machine.pace.rest_of_painting(left));
  });
  double worst = 0;
  for (const auto& [when, rest] : said) {
    REQUIRE(rest.has_value());
    worst = std::max(worst, std::abs(*rest / (machine.now() - when) - 1));
  }
  return worst;
}

}  // namespace

TEST_CASE("pace: nothing is said before a call was measured") {
  Machine machine;
  CHECK_FALSE(machine.pace.painting(wish(25), 1));
  CHECK_FALSE(machine.pace.rest_of_painting(1));
  int calls = 0;
  machine.paint(wish(4), [&](int left) {
    CHECK(machine.pace.rest_of_painting(left).has_value() == (calls++ > 1));
  });
}

TEST_CASE("pace: after two pictures the time that is left is known to a hundredth") {
  Machine machine;
  machine.paint(wish(25));
  machine.paint(wish(25));
  CHECK(worst_error(machine, wish(25)) < 0.01);
  CHECK(worst_error(machine, wish(60)) < 0.01);
  CHECK(worst_error(machine, wish(10, 3)) < 0.01);
  CHECK(*machine.pace.painting(wish(25), 1) == doctest::Approx(0.3 + 25 * 0.05 + 0.2));
  CHECK(*machine.pace.painting(wish(50, 4), 4) == doctest::Approx(0.3 + 4 * (50 * 0.05 + 0.2)));
  // Of a larger one that was never painted, by its pixels.
  CHECK(*machine.pace.painting(wish(25, 1, 512), 1) ==
        doctest::Approx(0.3 + 4 * (25 * 0.05 + 0.2)));
}

TEST_CASE("pace: a pause of the machine is no pace, and time that passes is over") {
  Machine machine;
  machine.paint(wish(25));
  machine.paint(wish(25), [&](int) {
    if (machine.pace.rest_of_painting(1) && machine.now() > 2.5 && machine.now() < 2.6) {
      machine.wait(30);
    }
  });
  CHECK(*machine.pace.painting(wish(25), 1) < 2);
  machine.pace.painting_begins(wish(25));
  const double at_first = *machine.pace.rest_of_painting(1);
  machine.wait(0.1);
  CHECK(at_first - *machine.pace.rest_of_painting(1) == doctest::Approx(0.1));
  machine.wait(60);
  CHECK(*machine.pace.rest_of_painting(1) > 1);  // 24 calls are still to come
  CHECK(*machine.pace.rest_of_painting(0) == 0);
}

TEST_CASE("pace: kinds of paintings are kept apart") {
  Machine machine;
  machine.paint(wish(25));
  machine.paint(wish(25));
  PaintWish slow = wish(25);
  slow.policy = "woodcut";
  machine.call = 0.5;
  machine.paint(slow);
  machine.paint(slow);
  CHECK(*machine.pace.painting(wish(25), 1) < 2);
  CHECK(*machine.pace.painting(slow, 1) > 12);
}

TEST_CASE("pace: an answer, and the roast behind it") {
  Machine machine;
  for (int i = 0; i < 3; ++i) {
    machine.pace.speaking_begins();
    machine.wait(0.4);
    machine.pace.answer_is_there();
    machine.wait(0.6);
    machine.pace.speaking_ends(true);
  }
  CHECK(machine.pace.answer() == doctest::Approx(0.4));
  CHECK(machine.pace.speaking() == doctest::Approx(1));
  machine.pace.speaking_begins();
  machine.wait(0.1);
  CHECK(machine.pace.rest_of_answer() == doctest::Approx(0.3));
  CHECK(machine.pace.rest_of_speaking() == doctest::Approx(0.9));
}
