// yent-server as a process: its command line, how it ends, and what a kill leaves behind.
#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "tests/server/client.h"
#include "tests/support/program.h"

using namespace yent;
using namespace yent::test;

namespace {

// A server with the toy models, and the port that it has found.
struct Running {
  const Program& program;
  pid_t child;
  int port = 0;

  explicit Running(const Program& p)
      : program(p),
        child(p.start({"--listen", "127.0.0.1:0", "--store", "store", "-q", "-t", "1", "-m",
                       kGolden + "toy_painter", "--llm", kGolden + "toy_voice.gguf"})) {
    const std::string front = "http://127.0.0.1:";
    while (port == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      const std::string said = text_of(program.here / "err");
      const size_t at = said.find(front);
      if (at != said.npos && said.ends_with('\n')) port = std::stoi(said.substr(at + front.size()));
    }
    while (ask(port, "GET", "/ready").status != 200) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  Outcome end(int signal) const {
    ::kill(child, signal);
    return program.finish(child);
  }
};

}  // namespace

TEST_CASE("yent-server: other addresses demand a key or a word, keys a private file") {
  if (Program::absent()) return;
  Program program;
  program.executable = YENT_SERVER;
  const auto said = [&](const Args& args, int code) {
    return check_refused_as_typed(program, args, code);
  };
  CHECK(said({"--listen", "0.0.0.0:0"}, 2).find("--no-auth") != std::string::npos);
  CHECK(said({"--listen", "here:there"}, 2).find("HOST:PORT") != std::string::npos);
  CHECK(said({"--cors", "example.org"}, 2).find("https://NAME") != std::string::npos);
  CHECK(said({"--trust-proxy", "10.0.0.0/99"}, 2).find("10.0.0.0/8") != std::string::npos);
  CHECK(said({"--node", "a b"}, 2).find("letters") != std::string::npos);
  CHECK(said({"--queue", "0"}, 2).find("--queue") != std::string::npos);
  said({"--store", "store", "--api-key-file", "absent"}, 3);
  CHECK(program.run({"--help"}).out.find("--api-key-file") != std::string::npos);
  CHECK(program.run({"--man"}).out.find(".SH") != std::string::npos);
}

TEST_CASE("yent-server: after a kill every stored job is finished, once, with its seed") {
  if (Program::absent()) return;
  Program program;
  program.executable = YENT_SERVER;
  std::vector<std::string> ids;
  {
    const Running server(program);
    for (int i = 0; i < 6; ++i) {
      const Answer accepted = ask(server.port, "POST", "/jobs", toy_paint(R"(,"count":2)"));
      REQUIRE(accepted.status == 202);
      ids.push_back(*accepted.json()["id"].text());
    }
    CHECK(server.end(SIGKILL).code == 256 + SIGKILL);
  }
  const Running server(program);
  std::string first;
  for (const std::string& id : ids) {
    ask(server.port, "GET", "/events/" + id);
    const Json job = ask(server.port, "GET", "/jobs/" + id).json();
    CHECK(*job["state"].text() == "done");
    REQUIRE(job["pictures"].size() == 2);
    const Answer png = ask(server.port, "GET", *job["pictures"][1]["url"].text());
    CHECK(png.status == 200);
    if (first.empty()) first = png.body;
    CHECK(png.body == first);
  }
  CHECK(ask(server.port, "GET", "/gallery").json()["pictures"].size() == 12);
  CHECK(server.end(SIGTERM).code == 0);
}
