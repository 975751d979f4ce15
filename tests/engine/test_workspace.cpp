#include <doctest/doctest.h>

#include <cstdint>
#include <random>

#include "engine/core/workspace.h"
#include "kernels/decorate.h"
#include "kernels/error.h"
#include "kernels/ref/ref_backend.h"

using namespace yent;

namespace {

// Whether two requests that are alive together share a byte.
bool overlaps(const Plan& plan) {
  for (size_t i = 0; i < plan.requests.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const auto &a = plan.requests[i], &b = plan.requests[j];
      const bool together = a.born < b.dead && b.born < a.dead;
      if (together && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes) return true;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("workspace: no plan lets living requests share memory") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Plan plan;
    const int count = 1 + static_cast<int>(random() % 40);
    for (int i = 0; i < count; ++i) {
      const size_t born = random() % 60, life = 1 + random() % 30;
      plan.requests.push_back({.bytes = 64 * (random() % 9), .born = born, .dead = born + life});
    }
    place(plan);
    REQUIRE_FALSE(overlaps(plan));
    for (const auto& r : plan.requests) REQUIRE(r.offset + r.bytes <= plan.bytes);
  }
}

TEST_CASE("workspace: a chain needs only its two widest neighbours") {
  auto backend = make_ref_backend();
  Workspace ws(*backend);
  ws.run("chain", [&] {
    Activation h = ws.make({1, 1, 1, 1024});
    for (int i = 0; i < 10; ++i) h = ws.make({1, 1, 1, 1024});
  });
  CHECK(ws.plan("chain").requests.size() == 11);
  CHECK(ws.plan("chain").bytes == 2 * 4096);
  CHECK(ws.plan("chain").lower_bound == 2 * 4096);
}

TEST_CASE("workspace: a forward runs dry once and then at fixed, aligned addresses") {
  auto backend = make_ref_backend();
  Workspace ws(*backend);
  int dry = 0, wet = 0;
  void* address = nullptr;
  for (int run = 0; run < 3; ++run) {
    ws.run("twice", [&] {
      Activation a = ws.make({1, 3, 5, 7});
      Activation b = ws.make({1, 3, 5, 7});
      if (ws.measuring()) {
        ++dry;
        CHECK(a->data == nullptr);
        return;
      }
      if (wet++ > 0) CHECK(b->data == address);
      address = b->data;
      CHECK(reinterpret_cast<uintptr_t>(b->data) % 64 == 0);
      CHECK(b->data != a->data);
    });
  }
  CHECK(dry == 1);
  CHECK(wet == 3);
}

TEST_CASE("workspace: copies share an activation, the last one frees it") {
  auto backend = make_ref_backend();
  Workspace ws(*backend);
  ws.run("copies", [&] {
    Activation a = ws.make({1, 1, 1, 16});
    Activation b = a;
    a = {};
    Activation c = ws.make({1, 1, 1, 16});  // b still holds the first
    b = {};
    Activation d = ws.make({1, 1, 1, 16});  // takes its place
    if (!ws.measuring()) CHECK(d->data != c->data);
  });
  CHECK(ws.plan("copies").bytes == 2 * 64);
}

TEST_CASE("workspace: dead memory is poisoned where asked") {
  auto backend = make_ref_backend();
  Workspace ws(*backend, Workspace::Mode::poisoned);
  ws.run("poison", [&] {
    Activation a = ws.make({1, 1, 1, 4});
    if (ws.measuring()) return;
    const float* values = a->row<float>(0);
    CHECK(values[0] != values[0]);  // handed out as NaN
    *a->row<float>(0) = 1;
    a = {};
    CHECK(values[0] != values[0]);
  });
}

TEST_CASE("workspace: a dry run that throws leaves no plan behind") {
  auto backend = make_ref_backend();
  Workspace ws(*backend);
  const auto forward = [&](bool fail) {
    Activation a = ws.make({1, 1, 1, 16});
    if (fail) throw std::runtime_error("no");
    Activation b = ws.make({1, 1, 1, 16});
  };
  CHECK_THROWS(ws.run("key", [&] { forward(true); }));
  ws.run("key", [&] { forward(false); });
  CHECK(ws.plan("key").requests.size() == 2);
}

TEST_CASE("workspace: more than the device has is refused before it is taken") {
  struct Small : Decorator {
    using Decorator::Decorator;
    size_t available_bytes() const override { return 5000; }
  };
  auto backend = make_ref_backend();
  Small small(*backend);
  Workspace ws(small);
  ws.run("fits", [&] { ws.make({1, 1, 1, 1024}); });
  int runs = 0;
  const auto forward = [&] {
    ++runs;
    const Activation a = ws.make({1, 1, 1, 1024}), b = ws.make({1, 1, 1, 3072});
  };
  // The workspace can give back the two pages that it has.
  CHECK_THROWS_WITH_AS(ws.run("large", forward),
                       "working memory of 16384 bytes is needed, 13192 are available", Error);
  CHECK(runs == 1);  // dry
  ws.run("fits", [&] { ws.make({1, 1, 1, 1024}); });
}
