#include "tests/server/client.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "kernels/spelling.h"
#include "tests/support/program.h"
#include "tools/server/http/message.h"

namespace yent::test {

Json Answer::json() const { return parse_json(body, "the answer"); }

std::string Answer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

Socket::Socket(int port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  const timeval patience{.tv_sec = 60, .tv_usec = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

void Socket::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void Socket::send(const std::string& bytes) const {
  size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t sent = ::send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server has answered and closed
    at += static_cast<size_t>(sent);
  }
}

bool Socket::read_more() {
  char bytes[16384];
  const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  buffer_.append(bytes, static_cast<size_t>(got));
  return true;
}

std::string Socket::read_until(const std::string& text) {
  size_t at = 0;
  while ((at = buffer_.find(text)) == std::string::npos) {
    if (!read_more()) return std::move(buffer_);
  }
  const std::string read = buffer_.substr(0, at + text.size());
  buffer_.erase(0, at + text.size());
  return read;
}

std::string Socket::read_all() {
  while (read_more()) {
  }
  return std::move(buffer_);
}

Answer Socket::answer(bool has_body) {
  Answer answer;
  const std::string head = read_until("\r\n\r\n");
  if (!head.starts_with("HTTP/1.1 ")) return answer;
  answer.status = std::stoi(head.substr(9, 3));
  for (size_t at = head.find("\r\n") + 2; at + 2 < head.size();) {
    const size_t end = head.find("\r\n", at), colon = head.find(':', at);
    if (colon == std::string::npos || colon > end) break;
    answer.headers[lower_case(head.substr(at, colon - at))] =
        std::string(server::trimmed(head.substr(colon + 1, end - colon - 1)));
    at = end + 2;
  }
  if (!has_body) return answer;
  if (answer.header("transfer-encoding") == "chunked") {
    while (true) {
      const size_t size = std::stoul("0" + read_until("\r\n"), nullptr, 16);
      if (size == 0) break;
      while (buffer_.size() < size + 2 && read_more()) {
      }
      answer.body += buffer_.substr(0, size);
      buffer_.erase(0, size + 2);
    }
    return answer;
  }
  const std::string length = answer.header("content-length");
  const size_t size = length.empty() ? 0 : std::stoul(length);
  while (buffer_.size() < size && read_more()) {
  }
  answer.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return answer;
}

std::string request_text(const std::string& method, const std::string& target,
                         const std::string& body, const Headers& headers) {
  std::string request = method + " " + target + " HTTP/1.1\r\nConnection: close\r\n";
  bool has_host = false, has_type = false;
  for (const std::string& header : headers) {
    request += header + "\r\n";
    has_host |= header.starts_with("Host:");
    has_type |= header.starts_with("Content-Type:");
  }
  if (!has_host) request += "Host: localhost\r\n";
  if (!body.empty() && !has_type) request += "Content-Type: application/json\r\n";
  if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return request + "\r\n" + body;
}

Answer ask(int port, const std::string& method, const std::string& target, const std::string& body,
           const Headers& headers) {
  Socket socket(port);
  socket.send(request_text(method, target, body, headers));
  return socket.answer(method != "HEAD");
}

std::vector<ReadEvent> events_of(const std::string& stream) {
  std::vector<ReadEvent> events;
  ReadEvent event;
  for (size_t at = 0; at < stream.size();) {
    const size_t end = std::min(stream.find('\n', at), stream.size());
    const std::string line = stream.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("id: ")) event.id = line.substr(4);
    if (line.starts_with("event: ")) event.name = line.substr(7);
    if (line.starts_with("data: ")) event.data = parse_json(line.substr(6), "an event");
    if (line.empty() && !event.name.empty()) events.push_back(std::exchange(event, {}));
  }
  return events;
}

TestServer::TestServer(const Change& change) : change_(change) { start(); }

TestServer::~TestServer() { stop(); }

void TestServer::start() {
  server::ServiceConfig config;
  config.shelf.model = kGolden + "toy_painter";
  config.shelf.voice = kGolden + "toy_voice.gguf";
  config.store = folder_.path() / "store";
  config.server.quiet = true;
  config.painter.threads = 1;
  if (change_) change_(config);
  service_ = std::make_unique<server::Service>(config);
  thread_ = std::thread([this] { service_->run(); });
  while (get("/ready").status != 200) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

void TestServer::stop() {
  if (!service_) return;
  service_->stop();
  thread_.join();
  service_.reset();
}

void TestServer::restart() {
  service_->abandon();
  thread_.join();
  service_.reset();
  start();
}

Json TestServer::finished(const std::string& id, const Headers& headers) const {
  const Answer stream = get("/events/" + id, headers);
  REQUIRE(stream.status == 200);
  return get("/jobs/" + id, headers).json();
}

void TestServer::wait_for(const std::string& metric, double value) const {
  // Long enough for a machine under sanitizers and other work.
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (true) {
    const std::string text = "\n" + get("/metrics").body;
    const size_t at = text.find("\n" + metric + " ");
    if (at != std::string::npos && std::stod(text.substr(at + metric.size() + 2)) >= value) return;
    if (std::chrono::steady_clock::now() > end) {
      throw std::runtime_error(metric + " did not come to " + std::to_string(value));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::string toy_paint(const std::string& more) {
  return R"({"kind":"paint","prompt":"a cat","steps":2,"seed":5)" + more + "}";
}

}  // namespace yent::test
