// Jobs over a socket: what is painted, told, cancelled, kept and taken up again.
#include <doctest/doctest.h>

#include <set>

#include "engine/pipeline/assets.h"
#include "engine/pipeline/named_policy.h"
#include "kernels/devices.h"
#include "loaders/io/base64.h"
#include "tests/server/client.h"
#include "tests/support/program.h"

using namespace yent;
using namespace yent::test;

namespace {

// One that does not end by itself while a test looks on.
const std::string kLong = R"({"kind":"paint","prompt":"a cat","steps":200,"count":8,"seed":1})";

std::string id_of(const Answer& accepted) {
  REQUIRE(accepted.status == 202);
  return *accepted.json()["id"].text();
}

Image picture_of(const std::string& png) {
  return decode_image(std::span(reinterpret_cast<const uint8_t*>(png.data()), png.size()), "png");
}

}  // namespace

TEST_CASE("server: /react answers with words and a picture that can be fetched") {
  const TestServer server;
  const Answer answer =
      server.post("/react", R"({"input":"who are you","steps":1,"seed":7,"b64":true})");
  REQUIRE(answer.status == 200);
  const Json json = answer.json();
  CHECK_FALSE(json["yent_words"].text()->empty());
  CHECK(json["prompt"].text()->starts_with(*json["yent_words"].text()));
  CHECK(*json["artist_id"].text() == "A");
  CHECK(json["dissonance"].number().has_value());
  CHECK(json["roast"].text() != nullptr);
  const Answer image = server.get(*json["image_url"].text());
  CHECK(image.status == 200);
  CHECK(image.header("content-type") == "image/png");
  CHECK(image.header("cache-control") == "private, max-age=3600");
  CHECK(from_base64(*json["image_b64"].text()) == image.body);
  CHECK(picture_of(image.body).width > 0);
  // The second Yent answers the second time, and remembers the first.
  const Json again = server.post("/react", R"({"input":"who are you","steps":1})").json();
  CHECK(*again["artist_id"].text() == "B");
  CHECK(*again["dissonance"].number() < *json["dissonance"].number());
}

TEST_CASE("server: Yent hears the end of what does not fit his memory") {
  const TestServer server;
  std::string said;
  for (int i = 0; i < 900; ++i) said += "\xF0\xAA\x9A\xB2";  // a character of four tokens
  Json body = Json::object();
  body["input"] = said;
  body["paint"] = false;
  const Answer answer = server.post("/react", body.dump());
  INFO(answer.body);
  CHECK(answer.status == 200);
}

TEST_CASE("server: a job's events tell all of it, once, and go on from any of them") {
  const TestServer server;
  const Answer accepted = server.post(
      "/jobs", R"({"input":"my heart is broken","steps":3,"seed":5,"count":2,"filter":"ascii"})");
  const std::string id = id_of(accepted);
  CHECK(accepted.header("location") == "/jobs/" + id);
  const Answer stream = server.get("/events/" + id);
  CHECK(stream.header("content-type") == "text/event-stream");
  const std::vector<ReadEvent> events = events_of(stream.body);
  std::multiset<std::string> names;
  for (const ReadEvent& event : events) names.insert(event.name);
  CHECK(names.count("reaction") == 1);
  CHECK(names.count("picture") == 2);
  CHECK(names.count("roast") == 1);
  REQUIRE(events.back().name == "done");
  const Json& done = events.back().data;
  CHECK(done["pictures"].size() == 2);
  CHECK(done["pictures"][1]["seed"] == Json(6));
  CHECK(done == server.get("/jobs/" + id).json());
  // From an event in the middle, the rest; from the last, nothing.
  const auto middle = events.begin() + static_cast<long>(events.size()) - 2;
  const auto rest = events_of(server.get("/events/" + id, {"Last-Event-ID: " + middle->id}).body);
  REQUIRE(rest.size() == 1);
  CHECK(rest[0].id == events.back().id);
  CHECK(server.get("/events/" + id, {"Last-Event-ID: " + events.back().id}).status == 204);
  // Pictures in characters, small, and listed.
  const std::string url = *done["pictures"][0]["url"].text();
  const Json cells = server.get(url + "/cells?columns=20").json();
  CHECK(cells["columns"] == Json(20));
  CHECK(cells["text"].size() == static_cast<size_t>(*cells["rows"].integer()));
  CHECK(from_base64(*cells["ink"].text())->size() ==
        static_cast<size_t>(20 * 3 * *cells["rows"].integer()));
  CHECK(server.get(url + "/thumb").status == 200);
  CHECK(server.get("/gallery").json()["pictures"].size() == 2);
  CHECK(server.get("/gallery?limit=1").json()["more"].boolean() == true);
  CHECK(server.get("/jobs").json()["jobs"].size() == 1);
  // Forgotten, with all that belongs to it.
  CHECK(server.remove("/jobs/" + id).status == 204);
  CHECK(server.get("/jobs/" + id).status == 404);
  CHECK(server.get(url).status == 404);
  CHECK(server.get("/gallery").json()["pictures"].empty());
}

TEST_CASE("server: a picture's characters can be kept as a picture, as text and as a page") {
  const TestServer server;
  const Json job = server.finished(id_of(server.post("/jobs", toy_paint())));
  const std::string cells = *job["pictures"][0]["cells_url"].text();
  const Answer text = server.get(cells + ".txt?columns=20&charset=.<%26");
  CHECK(text.status == 200);
  CHECK(text.header("content-disposition") == "attachment");
  CHECK(text.header("content-type") == "text/plain; charset=utf-8");
  CHECK(text.body.find_first_not_of(".<&\n") == std::string::npos);
  CHECK(text.body.find('\n') == 20);
  const Answer png = server.get(cells + ".png?columns=20");
  CHECK(png.header("content-type") == "image/png");
  CHECK(picture_of(png.body).width == 20 * 8);
  const Answer html = server.get(cells + ".html?columns=20&charset=.<%26");
  CHECK(html.header("content-disposition") == "attachment");
  CHECK(html.body.find("&lt;") != std::string::npos);
  CHECK(html.body.find("<<") == std::string::npos);
  CHECK(server.get(cells + ".gif").status == 404);
  CHECK(server.get(cells + ".txt", {"Cookie: yent=" + std::string(32, 'a')}).status == 404);
}

TEST_CASE("server: a job that was stopped is told as that, and one that was over stays") {
  TestServer server;
  const std::string id = id_of(server.post("/jobs", kLong));
  CHECK(server.post("/jobs/" + id + "/stop", "").json()["state"] == Json("cancelled"));
  CHECK(events_of(server.get("/events/" + id).body).back().name == "cancelled");
  const std::string over = id_of(server.post("/jobs", toy_paint()));
  server.finished(over);
  const Answer stopped = server.post("/jobs/" + over + "/stop", "");
  CHECK(stopped.json()["state"] == Json("done"));
  CHECK(stopped.json()["pictures"].size() == 1);
  CHECK(server.post("/jobs/none/stop", "").status == 404);
  for (int i = 0; i < 2; ++i) {
    const Json jobs = server.get("/jobs").json()["jobs"];
    REQUIRE(jobs.size() == 2);
    CHECK(jobs[0]["state"] == Json("done"));
    CHECK(jobs[1]["state"] == Json("cancelled"));
    server.restart();
  }
}

TEST_CASE("server: jobs say when they will be done, once a step was measured") {
  const TestServer server;
  CHECK(server.post("/jobs", toy_paint()).json()["eta_s"].is_null());
  server.finished(id_of(server.post("/jobs", toy_paint())));
  for (const std::string& job : {kLong, kLong, std::string(R"({"input":"hello","steps":200})")}) {
    CHECK(*server.post("/jobs", job).json()["eta_s"].number() > 0);
  }
  // Of one moment: each step that is measured changes all of them.
  const Json jobs = server.get("/jobs").json()["jobs"];
  const auto eta = [&](int i) { return *jobs[i]["eta_s"].number(); };
  CHECK(eta(2) > 0);
  CHECK(eta(1) > eta(2));
  CHECK(eta(0) > eta(1));
  server.remove("/visitor");
  CHECK(server.get("/jobs").json()["jobs"].empty());
}

TEST_CASE("server: a step comes with a picture and with characters, where they are wanted") {
  const TestServer server;
  Socket reader(server.port());
  const std::string id = id_of(server.post("/jobs", kLong));
  reader.send("GET /events/" + id + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  reader.read_until("\"cells\":{");
  const std::string event = reader.read_until("\n\n");
  CHECK(event.find("\"ink\":\"") != std::string::npos);
  CHECK(server.remove("/jobs/" + id).status == 204);
  CHECK(reader.read_until("event: cancelled").ends_with("event: cancelled"));
}

TEST_CASE("server: the same seed gives the same picture as the library") {
  const TestServer server;
  const Json job = server.finished(id_of(server.post("/jobs", toy_paint())));
  REQUIRE(*job["state"].text() == "done");
  const Image got = picture_of(server.get(*job["pictures"][0]["url"].text()).body);
  const auto backends = make_backends("cpu", "", 1, 1);
  Pipeline pipeline({.model = kGolden + "toy_painter",
                     .policy = named_policy("", "auto", *backends.front()),
                     .tokenizer = {.fallback = [] { return shipped("clip"); }}},
                    {backends.front().get()});
  PaintRequest request{.prompt = "a cat",
                       .negative = "extra fingers, blurry, watermark",
                       .spec = {.steps = 2},
                       .seed = 5};
  CHECK(got.rgb == pipeline.paint_one(request).image.rgb);
}

TEST_CASE("server: what nobody waits for is not painted") {
  const TestServer server;
  {
    Socket impatient(server.port());
    impatient.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(impatient.answer().status == 200);
    impatient.send(
        request_text("POST", "/react", R"({"input":"who are you","steps":200,"count":8})"));
    server.wait_for("yent_work_total{of=\"steps\"}", 1);
  }
  server.wait_for("yent_jobs_total{end=\"cancelled\"}", 1);
  // Jobs of POST /jobs go on without readers, until they are deleted.
  const std::string running = id_of(server.post("/jobs", kLong));
  const std::string waiting = id_of(server.post("/jobs", kLong));
  CHECK(*server.get("/jobs/" + waiting).json()["state"].text() == "queued");
  CHECK(*server.get("/jobs/" + waiting).json()["place"].integer() >= 1);
  CHECK(server.remove("/jobs/" + waiting).status == 204);
  CHECK(server.remove("/jobs/" + running).status == 204);
  CHECK(*server.finished(running)["state"].text() == "cancelled");
  server.wait_for("yent_jobs_total{end=\"cancelled\"}", 3);
}

// Sixteen at once, so that some leave in the moment between a step and its writing.
TEST_CASE("server: a reader may leave his stream at any moment") {
  const TestServer server;
  const std::string id = id_of(server.post(
      "/jobs",
      R"({"kind":"paint","prompt":"a cat","steps":200,"count":8,"seed":1,"previews":false})"));
  server.wait_for("yent_work_total{of=\"steps\"}", 1);
  for (int k = 0; k < 100; ++k) {
    std::vector<std::unique_ptr<Socket>> readers;
    for (int i = 0; i < 16; ++i) {
      readers.push_back(std::make_unique<Socket>(server.port()));
      readers.back()->send("GET /events/" + id + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    for (const auto& reader : readers) reader->read_until("event: step");
    for (const auto& reader : readers) reader->close();
  }
  CHECK(server.get("/jobs/" + id).status == 200);
  server.remove("/jobs/" + id);
}

TEST_CASE("server: the line has an end, and says when to come again") {
  const TestServer server([](server::ServiceConfig& config) {
    config.server.jobs = {.queued = 3, .queued_of_client = 2};
  });
  std::vector<std::string> ids;
  int refused = 0;
  for (int i = 0; i < 6; ++i) {
    const Answer answer = server.post("/jobs", kLong);
    if (answer.status == 202) {
      ids.push_back(id_of(answer));
    } else {
      ++refused;
      CHECK(answer.status == 429);
      CHECK(std::stoi(answer.header("retry-after")) >= 1);
    }
  }
  CHECK(ids.size() == 3);  // one is painted, two wait
  CHECK(refused == 3);
  for (const std::string& id : ids) server.remove("/jobs/" + id);
}

TEST_CASE("server: what waits for one client has a limit in bytes") {
  const TestServer server(
      [](server::ServiceConfig& config) { config.server.jobs.bytes_of_client = 6000; });
  const std::string picture = to_base64(text_of(kGolden + "toy_input.png"));
  const std::string with =
      kLong.substr(0, kLong.size() - 1) + R"(,"init_image":")" + picture + "\"}";
  std::vector<std::string> ids;
  Answer answer = server.post("/jobs", with);
  while (answer.status == 202 && ids.size() < 20) {
    ids.push_back(id_of(answer));
    answer = server.post("/jobs", with);
  }
  CHECK(answer.status == 429);
  CHECK(answer.json()["error"]["message"].text()->find("6000") != std::string::npos);
  CHECK_FALSE(answer.header("retry-after").empty());
  // Another client's are his own, and one that is over holds nothing.
  const Headers other = {"Cookie: yent=" + std::string(32, 'b')};
  CHECK(server.post("/jobs", toy_paint(), other).status == 202);
  for (const std::string& id : ids) server.remove("/jobs/" + id);
  CHECK(server.post("/jobs", with).status == 202);
  server.remove("/visitor");
}

TEST_CASE("server: a picture that cannot be painted fails its job, and nothing else") {
  const TestServer server;
  const Json failed = server.finished(id_of(server.post("/jobs", toy_paint(R"(,"clip_skip":9)"))));
  CHECK(*failed["state"].text() == "failed");
  CHECK_FALSE(failed["error"]["message"].text()->empty());
  CHECK(*server.finished(id_of(server.post("/jobs", toy_paint())))["state"].text() == "done");
}

TEST_CASE("server: stored jobs are taken up by the next server, with the same picture") {
  TestServer server;
  const std::string long_one = id_of(server.post("/jobs", kLong));
  server.wait_for("yent_work_total{of=\"steps\"}", 1);
  const std::string id = id_of(server.post("/jobs", toy_paint()));
  // Events of one start are not taken for those of another, however soon that comes.
  const auto start = [&] {
    Socket reader(server.port());
    reader.send("GET /events/" + long_one + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    reader.read_until("id: ");
    return reader.read_until(".");
  };
  const std::string before = start();
  server.restart();
  CHECK(start() != before);
  server.remove("/jobs/" + long_one);
  const Json job = server.finished(id);
  CHECK(*job["state"].text() == "done");
  CHECK(job["pictures"].size() == 1);
  const Json other = server.finished(id_of(server.post("/jobs", toy_paint())));
  const auto png = [&](const Json& of) {
    return server.get(*of["pictures"][0]["url"].text()).body;
  };
  CHECK(png(job) == png(other));
  server.restart();
  CHECK(server.get("/jobs/" + id).json() == job);
  CHECK(events_of(server.get("/events/" + id).body).back().name == "done");
}
