// HTTP as strangers speak it: over a socket, byte by byte.
#include <doctest/doctest.h>

#include "tests/server/client.h"
#include "tools/server/routes/table.h"

using namespace yent;
using namespace yent::test;

namespace {

// What the server says to these bytes, and whether it then closes.
Answer raw(const TestServer& server, const std::string& bytes) {
  Socket socket(server.port());
  socket.send(bytes);
  return socket.answer();
}

std::string code_of(const Answer& answer) {
  const Json json = answer.json();
  const std::string* code = json["error"]["code"].text();
  return code ? *code : "";
}

}  // namespace

TEST_CASE("server: health, unknown paths, other methods") {
  const TestServer server;
  const Answer health = server.get("/health");
  CHECK(health.status == 200);
  CHECK(health.json()["ready"].boolean() == true);
  CHECK(health.json()["model_a"].text()->find(" dim") != std::string::npos);
  CHECK(health.header("x-content-type-options") == "nosniff");
  CHECK(health.header("referrer-policy") == "no-referrer");
  const Answer missing = server.get("/nothing");
  CHECK(missing.status == 404);
  CHECK(code_of(missing) == "not_found");
  const Answer other = server.get("/react");
  CHECK(other.status == 405);
  CHECK(other.header("allow") == "POST");
  CHECK(server.get("/image/00000000000000000000000000000000").status == 404);
  const Answer head = ask(server.port(), "HEAD", "/health");
  CHECK(head.status == 200);
  CHECK(head.header("content-length") == health.header("content-length"));
}

TEST_CASE("server: a connection is used again, and requests may be sent ahead") {
  const TestServer server;
  Socket socket(server.port());
  const std::string request = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  socket.send(request + request);
  CHECK(socket.answer().status == 200);
  CHECK(socket.answer().status == 200);
  socket.send(request);
  CHECK(socket.answer().status == 200);
}

TEST_CASE("server: what is no HTTP is refused with a sentence") {
  const TestServer server;
  CHECK(raw(server, "hello\r\n\r\n").status == 400);
  CHECK(raw(server, "GET health HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 400);
  CHECK(raw(server, "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 400);
  CHECK(raw(server, "GET /health HTTP/1.1\r\n\r\n").status == 403);  // no host
  const std::string large(20'000, 'x');
  CHECK(raw(server, "GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + large + "\r\n\r\n").status ==
        431);
}

TEST_CASE("server: a body has one length, comes as it is, and is not too large") {
  const TestServer server;
  const std::string head =
      "POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  CHECK(raw(server, head + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
            .status == 400);
  CHECK(raw(server, head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}").status == 400);
  CHECK(raw(server, head + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}").status == 415);
  CHECK(raw(server, head + "Content-Length: 99999999999\r\n\r\n").status == 413);
  const Answer chunked =
      raw(server, head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
  CHECK(chunked.status == 400);  // input is missing: the body was read
  CHECK(chunked.json()["error"]["param"] == Json("input"));
  CHECK(server.post("/jobs", "{}", {"Content-Type: text/plain"}).status == 415);
  CHECK(raw(server, head + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}").status == 100);
}

TEST_CASE("server: fields that are wrong are named") {
  const TestServer server;
  const auto refused = [&](const std::string& body, const std::string& field) {
    CAPTURE(body);
    const Answer answer = server.post("/jobs", body);
    CHECK(answer.status == 400);
    CHECK(answer.json()["error"]["param"] == Json(field));
    CHECK(answer.json()["error"]["message"].text()->size() > 10);
  };
  CHECK(server.post("/jobs", "{").status == 400);
  CHECK(server.post("/jobs", "[]").status == 400);
  refused(R"({"input":"x","stepz":1})", "stepz");
  refused(R"({"input":"x","steps":0})", "steps");
  refused(R"({"input":"x","steps":"3"})", "steps");
  refused(R"({"input":"x","steps":1.5})", "steps");
  refused(R"({"input":"  "})", "input");
  refused(R"({"input":"x","prompt":"y"})", "prompt");
  refused(R"({"kind":"paint"})", "prompt");
  refused(R"({"kind":"draw","prompt":"y"})", "kind");
  refused(toy_paint(R"(,"width":100)"), "width");
  refused(toy_paint(R"(,"init_image":"http://example.org/a.png")"), "init_image");
  refused(toy_paint(R"(,"init_image":"aGVsbG8=")"), "init_image");
  refused(toy_paint(R"(,"bits":4,"policy":"fog")"), "policy");
  refused(toy_paint(R"(,"loras":[{"scale":1}])"), "loras[0].name");
  CHECK(server.post("/jobs", toy_paint(R"(,"sampler":"eulr")")).status == 400);
  CHECK(server.post("/jobs", toy_paint(R"(,"model":"../../etc/passwd")")).status == 400);
  const std::string large(5000, 'x');
  CHECK(server.post("/jobs", R"({"input":")" + large + R"("})").status == 413);
}

TEST_CASE("server: hosts and origins of strangers are refused") {
  const TestServer server([](server::ServiceConfig& config) {
    config.server.access.hosts = {"yent.example"};
    config.server.access.origins = {"https://friend.example"};
  });
  const auto status = [&](const Headers& headers) { return server.get("/health", headers).status; };
  CHECK(status({"Host: evil.example"}) == 403);  // its name may resolve to 127.0.0.1
  CHECK(status({"Host: localhost:80", "Host: localhost"}) == 403);
  CHECK(status({"Host: yent.example:8080"}) == 200);
  CHECK(status({"Host: 127.0.0.1"}) == 200);
  CHECK(status({"Host: [::1]:1"}) == 200);
  CHECK(status({"Origin: http://evil.example"}) == 403);
  CHECK(status({"Origin: null"}) == 403);
  CHECK(status({"Host: localhost:1", "Origin: http://localhost:1"}) == 200);
  const Answer friendly = server.get("/health", {"Origin: https://friend.example"});
  CHECK(friendly.header("access-control-allow-origin") == "https://friend.example");
  const Answer preflight =
      ask(server.port(), "OPTIONS", "/jobs", "", {"Origin: https://friend.example"});
  CHECK(preflight.status == 204);
  CHECK(preflight.header("access-control-allow-methods") == "GET, POST, DELETE");
}

TEST_CASE("server: every route is described, and nothing else") {
  const TestServer server;
  const Json description = server.get("/openapi.json").json();
  CHECK(*description["openapi"].text() == "3.1.0");
  size_t described = 0;
  for (const auto& [path, methods] : description["paths"].items()) described += methods.size();
  CHECK(described == server::all_routes({}).size());
  const Json& body = description["paths"]["/jobs"]["post"]["requestBody"];
  const Json& steps = body["content"]["application/json"]["schema"]["properties"]["steps"];
  CHECK(*steps["minimum"].number() == 1);
  CHECK(server.get("/options").json()["samplers"].size() > 5);
  CHECK(server.get("/metrics").body.find("yent_requests_total{") != std::string::npos);
}

TEST_CASE("server: errors have the shape of their API, those before any route, too") {
  const TestServer server;
  const auto errors = [&](const std::string& path) {
    const std::string head = " HTTP/1.1\r\nHost: localhost\r\n";
    const std::string json = "Content-Type: application/json\r\n";
    const std::string post = "POST " + path + head;
    return std::vector<Answer>{
        raw(server, "GET " + path + "/nothing" + head + "\r\n"),
        raw(server, "PATCH " + path + head + "\r\n"),
        raw(server, "GET " + path + " HTTP/1.1\r\nHost: example.org\r\n\r\n"),
        raw(server, post + json + "Content-Length: 999999999\r\n\r\n"),
        raw(server, post + json + "Content-Length: 2\r\nContent-Encoding: gzip\r\n\r\n{}"),
        raw(server, post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
        raw(server, post + json + "Content-Length: 1\r\n\r\n{"),
        raw(server, post + "X: " + std::string(20'000, 'x') + "\r\n\r\n"),
        raw(server, "GET " + path + "%zz" + head + "\r\n")};
  };
  for (const Answer& answer : errors("/v1/images/generations")) {
    CAPTURE(answer.body);
    CHECK(answer.status >= 400);
    CHECK(answer.json()["error"]["message"].text() != nullptr);
  }
  for (const Answer& answer : errors("/sdapi/v1/txt2img")) {
    CAPTURE(answer.body);
    CHECK(answer.status >= 400);
    CHECK(answer.json()["error"].text() != nullptr);
    CHECK(answer.json()["detail"].text() != nullptr);
  }
}
