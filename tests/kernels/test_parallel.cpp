// Threads: every task runs once, from any calling thread, and nothing is left running.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "kernels/cpu/runtime/parallel.h"
#include "kernels/cpu/runtime/rehearsal.h"

using namespace yent;

namespace {

// The tasks that were not run exactly once by a thread below `threads` that ran no other at that
// time.
int wrong_tasks(int threads, size_t tasks) {
  std::vector<std::atomic<int>> runs(tasks), busy(threads);
  std::atomic<int> wrong = 0;
  parallel_for(threads, tasks, [&](size_t task, int thread) {
    if (thread < 0 || thread >= threads || busy[thread]++ != 0) return void(++wrong);
    ++runs[task];
    --busy[thread];
  });
  for (const auto& count : runs) wrong += count != 1;
  return wrong;
}

double processor_seconds() {
  rusage used = {};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

TEST_CASE("parallel: every task is run once") {
  for (const int threads : {1, 2, 3, 8, 2, 5}) {
    for (const size_t tasks : {0, 1, 2, 3, 7, 1000}) {
      CAPTURE(threads);
      CAPTURE(tasks);
      CHECK(wrong_tasks(threads, tasks) == 0);
    }
  }
}

TEST_CASE("parallel: what the caller wrote is seen by tasks, and what they wrote by it") {
  std::vector<int> values(64);
  for (int round = 1; round <= 3000; ++round) {
    std::fill(values.begin(), values.end(), round);
    parallel_for(3, values.size(), [&](size_t task, int) { values[task] *= 2; });
    int wrong = 0;
    for (const int v : values) wrong += v != 2 * round;
    REQUIRE(wrong == 0);
  }
}

TEST_CASE("parallel: helpers that fell asleep are woken or done without") {
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(round % 3));
    CHECK(wrong_tasks(4, 50) == 0);
  }
}

TEST_CASE("parallel: what a task throws arrives when all have ended") {
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> ended = 0;
    std::string caught;
    try {
      parallel_for(4, 100, [&](size_t task, int) {
        ++ended;
        if (task == 40) throw std::runtime_error("task 40");
      });
    } catch (const std::runtime_error& error) {
      caught = error.what();
    }
    CHECK(caught == "task 40");
    CHECK(ended == 100);
    CHECK(wrong_tasks(4, 10) == 0);
  }
}

TEST_CASE("parallel: a call from within a task runs where it is") {
  std::atomic<int> runs = 0;
  parallel_for(3, 9, [&](size_t, int) {
    const auto self = std::this_thread::get_id();
    parallel_for(3, 5, [&](size_t, int thread) {
      runs += thread == 0 && std::this_thread::get_id() == self;
    });
  });
  CHECK(runs == 45);
  CHECK(wrong_tasks(3, 9) == 0);
}

TEST_CASE("parallel: many callers at once, each gone before the next") {
  std::atomic<int> wrong = 0;
  for (int round = 0; round < 5; ++round) {
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 4; ++caller) {
      callers.emplace_back([&] {
        for (int i = 0; i < 50; ++i) wrong += wrong_tasks(3, 17);
      });
    }
    for (std::thread& caller : callers) caller.join();
  }
  CHECK(wrong == 0);
}

TEST_CASE("parallel: nothing runs when there is nothing to do") {
  CHECK(wrong_tasks(4, 100) == 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const double before = processor_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK(processor_seconds() - before < 0.02);
}

TEST_CASE("parallel: a rehearsal runs every task here and counts the time of the longest thread") {
  const auto self = std::this_thread::get_id();
  const auto work = [](double ms) {
    timespec time = {};
    const auto now = [&] {
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
      return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
    };
    for (const double end = now() + ms; now() < end;) {
    }
  };
  const Rehearsal rehearsal;
  int here = 0;
  // Eight tasks of 5 ms and one of 17: the first two threads get four each, the third the long one.
  parallel_for(3, 9, [&](size_t task, int thread) {
    here += std::this_thread::get_id() == self && thread == 0;
    parallel_for(3, 2, [&](size_t, int inner) { CHECK(inner == 0); });
    work(task == 2 ? 17 : 5);
  });
  const double imagined = rehearsal.now();
  CHECK(here == 9);
  CHECK(imagined >= 20);
  CHECK(imagined < 40);  // 57 on one thread
  CHECK_THROWS_AS(parallel_for(3, 4, [](size_t, int) { throw std::runtime_error("a task"); }),
                  std::runtime_error);
  parallel_for(3, 4, [&](size_t, int) { CHECK(std::this_thread::get_id() == self); });
}
