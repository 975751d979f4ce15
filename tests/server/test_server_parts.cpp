// Parts of the server without a socket: texts, lines, fields, and the store.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>
#include <utility>

#include "kernels/error.h"
#include "loaders/io/base64.h"
#include "tests/support/program.h"
#include "tests/support/temporary_folder.h"
#include "tools/server/jobs/event_log.h"
#include "tools/server/jobs/fair_queue.h"
#include "tools/server/routes/event_stream.h"
#include "tools/server/routes/http_error.h"
#include "tools/server/routes/route.h"
#include "tools/server/store/disk_store.h"
#include "tools/server/store/store.h"
#include "tools/server/workers/there_and_back.h"

using namespace yent;
using namespace yent::test;
using namespace yent::server;

namespace {

struct Waiting {
  std::string client, name;
};

std::string order_of(FairQueue<Waiting>& line) {
  std::string names, popped;
  for (const auto& item : line.in_order()) names += item->name + " ";
  while (const auto item = line.pop()) popped += item->name + " ";
  CHECK(names == popped);
  return names;
}

StoreLimits small_store() { return {.picture_bytes = 1000, .days = 1}; }

PictureRecord picture(const std::string& id, double created) {
  return {
      .id = id, .job = "job-" + id, .client = "me", .width = 8, .height = 8, .created = created};
}

}  // namespace

TEST_CASE("server parts: who has heard the end of a job comes for nothing, others for the rest") {
  EventLog log(9);
  log.add("queued", "{}");
  CHECK_FALSE(has_heard_end(log, {9, 1}));  // it may be over, and only not told yet
  log.add("done", "{}");
  CHECK_FALSE(has_heard_end(log, {9, 1}));
  CHECK(has_heard_end(log, {9, 2}));
  CHECK_FALSE(has_heard_end(log, {8, 2}));
  log.add("roast", "{}");
  CHECK(has_heard_end(log, {9, 2}));
}

TEST_CASE("server parts: clients take turns") {
  FairQueue<Waiting> line;
  const auto push = [&](const char* client, const char* name) {
    line.push(std::make_shared<Waiting>(Waiting{client, name}));
  };
  for (const char* name : {"a1", "a2", "a3", "a4"}) push("a", name);
  push("b", "b1");
  push("c", "c1");
  push("b", "b2");
  CHECK(line.size() == 7);
  CHECK(line.size_of("b") == 2);
  CHECK(line.remove(*line.in_order()[1]));
  CHECK(order_of(line) == "a1 b2 c1 a2 a3 a4 ");
  CHECK(line.size() == 0);
}

TEST_CASE("server parts: of what repeats itself a log keeps the latest") {
  EventLog log(9);
  std::string heard;
  auto listener = log.listen([&](const Event& event) { heard += event.name + " "; });
  for (const char* name : {"queued", "queued", "word", "step", "step", "done"}) log.add(name, "{}");
  CHECK(heard == "queued queued word step step done ");
  listener.reset();
  log.add("late", "{}");
  CHECK(heard.ends_with("done "));
  std::string kept;
  for (const Event& event : log.after({})) kept += event.name + std::to_string(event.number) + " ";
  CHECK(kept == "queued2 word3 step5 done6 late7 ");
  CHECK(log.after({9, 5}).size() == 2);
  CHECK(log.after({8, 5}).size() == 5);  // of another start of the server
  CHECK(event_id(event_place("9.5")) == "9.5");
  for (const char* bad : {"", "9", "x.y", "9.", "-1.2"}) CHECK(event_place(bad).number == 0);
}

TEST_CASE("server parts: what another thread has worked with is let go on the network thread") {
  WorkThread worker;
  Loop loop;
  int elsewhere = 0, left = 2000;
  std::function<void()> next = [&] {
    if (left-- == 0) return loop.stop();
    const std::shared_ptr<void> held(nullptr, [&, network = std::this_thread::get_id()](void*) {
      elsewhere += std::this_thread::get_id() != network;
    });
    there_and_back(
        worker, loop, [held] {}, [held, &next] { next(); });
  };
  loop.post(next);
  loop.run();
  CHECK(elsewhere == 0);
}

// Counts how many of its kind end on another thread than the one that made the first.
struct Native {
  explicit Native(std::atomic<int>& strays) : strays(&strays) {}
  Native(const Native&) = default;
  Native(Native&& other) noexcept
      : strays(std::exchange(other.strays, nullptr)), home(other.home) {}
  ~Native() {
    if (strays && std::this_thread::get_id() != home) ++*strays;
  }

  std::atomic<int>* strays;
  std::thread::id home = std::this_thread::get_id();
};

TEST_CASE("server parts: who asks the store is let go on the network thread") {
  const TemporaryFolder folder;
  Loop loop;
  std::atomic<int> strays = 0;
  int answers = 0;
  {
    Store store(loop, std::make_unique<DiskStore>(folder / "store", StoreLimits{}));
    // What is captured by way of a reference to const is const: to move that is to copy it.
    const auto ask = [&](const Native& native) {
      store.ask(
          [native](DiskStore& disk) { return disk.unfinished().size(); },
          [native, &answers](const server::Outcome<size_t>& jobs) { answers += jobs.value == 0u; });
      store.ask([native](DiskStore&) { throw run_error("lost"); },
                [native, &answers](const server::Outcome<Done>& done) {
                  answers += done.error.has_value();
                });
    };
    ask(Native(strays));
    store.finish();
  }
  loop.post([&] { loop.stop(); });
  loop.run();
  CHECK(answers == 2);
  CHECK(strays == 0);
}

TEST_CASE("server parts: base64 and targets") {
  for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    CHECK(from_base64(to_base64(text)) == text);
  }
  CHECK(to_base64("foobar") == "Zm9vYmFy");
  CHECK(from_base64("data:image/png;base64,Zm9v\nYg==") == "foob");
  for (const char* bad : {"Z", "Zm9v*", "Zm==9v", "data:image/png,Zm9v", "Zg==="}) {
    CHECK_FALSE(from_base64(bad));
  }
  const auto target = parse_target("/a%20b/c?x=1+2&y=%C3%A4&z");
  REQUIRE(target);
  CHECK(target->path == "/a b/c");
  CHECK(target->query == Pairs{{"x", "1 2"}, {"y", "\xC3\xA4"}, {"z", ""}});
  for (const char* bad : {"", "a", "*", "/%", "/%0", "/%00", "/?a=%f"}) {
    CHECK_FALSE(parse_target(bad));
  }
}

TEST_CASE("server parts: paths and their values") {
  CHECK(match_path("/image/{id}/cells", "/image/7/cells") == std::vector<std::string>{"7"});
  CHECK(match_path("/", "/") == std::vector<std::string>{});
  for (const char* path : {"/image/7", "/image//cells", "/image/7/cells/", "/image/7/cell"}) {
    CHECK_FALSE(match_path("/image/{id}/cells", path));
  }
}

TEST_CASE("server parts: fields say what they take") {
  const std::vector<Field> fields{
      integer_field("steps", "").between(1, 9), text_field("name", "").up_to(3).require(),
      only_field("tiling", "pictures have edges here", {Json(false)}),
      objects_field("list", "", {number_field("scale", "").require()}).up_to(2)};
  const auto wrong = [&](const std::string& body) -> std::string {
    try {
      checked_body(body, fields);
      return "";
    } catch (const HttpError& error) {
      return error.what();
    }
  };
  CHECK(wrong(R"({"name":"a","steps":9,"tiling":false,"list":[{"scale":1}]})") == "");
  CHECK(wrong(R"({"name":"a","steps":null})") == "");
  CHECK(wrong("{}") == "name is missing");
  CHECK(wrong(R"({"name":"a","steps":10})") == "steps is 10, expected at most 9");
  CHECK(wrong(R"({"name":"abcd"})") == "name has 4 bytes, expected at most 3");
  CHECK(wrong(R"({"name":"a","stepz":1})") == "there is no field \"stepz\"; did you mean steps?");
  CHECK(wrong(R"({"name":"a","tiling":true})") == "tiling is true: pictures have edges here");
  CHECK(wrong(R"({"name":"a","list":[{}]})") == "list[0].scale is missing");
  CHECK(wrong(R"({"name":"a","list":[1]})") == "list[0] is 1, expected object");
  CHECK(wrong(R"({"name":"a","name":"b"})").starts_with("the body: "));
}

TEST_CASE("store: pictures are bounded by size and by age, and strays are removed") {
  const TemporaryFolder folder;
  const std::string png(400, 'x');
  {
    DiskStore store(folder / "store", small_store());
    for (int i = 0; i < 4; ++i) {
      store.add_picture(picture("p" + std::to_string(i), 1000.0 + i), png, "");
    }
    CHECK(store.picture_bytes() == 800);
    CHECK_FALSE(store.picture("p1", "me"));
    CHECK(store.file(*store.picture("p3", "me"), true) == png);
    CHECK_FALSE(store.picture("p3", "you"));
    CHECK_THROWS_WITH_AS(DiskStore(folder / "store", small_store()),
                         doctest::Contains("another server"), Error);
    put(folder / "store/pictures/stray.png", "left by a killed server");
    struct stat info = {};
    ::stat((folder / "store").c_str(), &info);
    CHECK((info.st_mode & 0777) == 0700);
  }
  DiskStore store(folder / "store", small_store());
  CHECK_FALSE(fs::exists(folder / "store/pictures/stray.png"));
  CHECK(store.picture_bytes() == 800);
  store.sweep(1000.0 + 2 * 86400);
  CHECK(store.picture_bytes() == 0);
  CHECK(fs::is_empty(folder / "store/pictures"));
}

TEST_CASE("store: of jobs that are over each client has so many; others are not touched") {
  const TemporaryFolder folder;
  DiskStore store(folder / "store", {.jobs_of_client = 3});
  for (int i = 0; i < 8; ++i) {
    const std::string id = "j" + std::to_string(i);
    store.add_job({.id = id, .client = i == 7 ? "you" : "me", .created = 1000, .request = "{}"});
    if (i > 1) store.finish_job(id, "{}");
  }
  store.sweep(1001);
  std::string left;
  for (const JobRecord& job : store.jobs("me", "", 100)) left += job.id + " ";
  CHECK(left == "j6 j5 j4 j1 j0 ");
  CHECK(store.jobs("you", "", 100).size() == 1);
}

TEST_CASE("store: a picture is stored once, a job is over once, and both survive") {
  const TemporaryFolder folder;
  const JobRecord job{.id = "j",
                      .client = "me",
                      .created = 5,
                      .seed = ~uint64_t{0},
                      .request = "{}",
                      .picture = std::string("\0\1", 2)};
  {
    DiskStore store(folder / "store", {});
    store.add_job(job);
    PictureRecord first = picture("p", 6);
    first.job = "j";
    PictureRecord again = picture("q", 7);
    again.job = "j";
    CHECK(store.add_picture(first, "one", "raw") == "p");
    CHECK(store.add_picture(again, "two", "") == "p");
    store.save_conversation("me", "{}", 1);
    store.save_answer("j", "{\"a\":1}");
  }
  DiskStore store(folder / "store", {});
  const auto left = store.unfinished();
  REQUIRE(left.size() == 1);
  CHECK(left[0].seed == ~uint64_t{0});
  CHECK(left[0].picture == job.picture);
  CHECK(left[0].answer == "{\"a\":1}");
  REQUIRE(left[0].pictures.size() == 1);
  CHECK(store.file(left[0].pictures[0], true) == "raw");
  CHECK(store.file(left[0].pictures[0], false) == "one");
  store.finish_job("j", "{\"state\":\"done\"}");
  CHECK(store.unfinished().empty());
  CHECK(store.job("j", "me")->document == "{\"state\":\"done\"}");
  CHECK(store.conversation("me") == "{}");
  store.forget_client("me");
  CHECK_FALSE(store.job("j", "me"));
  CHECK_FALSE(store.conversation("me"));
}
