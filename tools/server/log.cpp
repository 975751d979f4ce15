#include "tools/server/log.h"

#include <fmt/core.h>

#include <array>
#include <cstdio>
#include <ctime>

#include "loaders/io/json.h"

namespace yent::server {
namespace {

constexpr size_t kMostWaiting = 10'000;

std::string now_text() {
  const auto now = std::chrono::system_clock::now();
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts = {};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  return fmt::format("{}.{:03}Z", std::string_view(text.data(), size), ms);
}

// What strangers send must not break the line or colour the terminal.
std::string plain(const std::string& text) {
  std::string quoted = Json(text).dump();
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

void Log::request(const LogLine& line) {
  const double ms = static_cast<double>(line.took.count()) / 1000;
  if (as_json_) {
    Json json = Json::object();
    json["time"] = now_text();
    json["peer"] = line.peer;
    json["caller"] = line.caller;
    json["method"] = line.method;
    json["path"] = line.path;
    json["status"] = line.status;
    json["bytes"] = line.bytes;
    json["ms"] = ms;
    if (line.gone) json["gone"] = true;
    return print(json.dump());
  }
  print(fmt::format("{} {} {} {} {} {} {} {:.1f} ms{}", now_text(), line.peer, line.caller,
                    plain(line.method), plain(line.path), line.status, line.bytes, ms,
                    line.gone ? " gone" : ""));
}

void Log::say(const std::string& sentence) {
  if (!as_json_) return print("yent-server: " + sentence);
  Json json = Json::object();
  json["time"] = now_text();
  json["message"] = sentence;
  print(json.dump());
}

void Log::print(std::string line) {
  if (thread_.waiting() > kMostWaiting) {
    ++left_out_;
    return;
  }
  if (left_out_ > 0) line = fmt::format("({} lines left out)\n", left_out_) + line;
  left_out_ = 0;
  thread_.post([line = std::move(line)] { std::fprintf(stderr, "%s\n", line.c_str()); });
}

}  // namespace yent::server
