// A client that sends exactly what a test says, over a socket; and a server of the toy models.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "loaders/io/json.h"
#include "tests/support/temporary_folder.h"
#include "tools/server/service.h"

namespace yent::test {

struct Answer {
  int status = 0;  // 0: the connection was closed without an answer
  std::map<std::string, std::string> headers = {};  // names in lower case
  std::string body = {};

  Json json() const;
  std::string header(const std::string& name) const;
};

// A connection to a port of this machine.
class Socket {
 public:
  explicit Socket(int port);
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(); }

  void send(const std::string& bytes) const;
  // Until the text has been read, or the end. Returns all that was read since the last call.
  std::string read_until(const std::string& text);
  std::string read_all();
  // The next answer: its head, and a body of its length or of chunks.
  Answer answer(bool has_body = true);
  void close();

 private:
  bool read_more();

  int fd_ = -1;
  std::string buffer_;
};

using Headers = std::vector<std::string>;  // "Name: value"

// A request as it is sent; with a body, of JSON where the headers do not say otherwise.
std::string request_text(const std::string& method, const std::string& target,
                         const std::string& body = {}, const Headers& headers = {});

// One request on a connection of its own.
Answer ask(int port, const std::string& method, const std::string& target,
           const std::string& body = {}, const Headers& headers = {});

// The events of a whole stream: names, and data as JSON.
struct ReadEvent {
  std::string id, name;
  Json data;
};
std::vector<ReadEvent> events_of(const std::string& stream);

// A server in this process, with the toy painter and the toy voice on one core.
class TestServer {
 public:
  using Change = std::function<void(server::ServiceConfig&)>;
  explicit TestServer(const Change& change = {});
  ~TestServer();

  int port() const { return service_->port(); }
  Answer get(const std::string& target, const Headers& headers = {}) const {
    return ask(port(), "GET", target, "", headers);
  }
  Answer post(const std::string& target, const std::string& body,
              const Headers& headers = {}) const {
    return ask(port(), "POST", target, body, headers);
  }
  Answer remove(const std::string& target, const Headers& headers = {}) const {
    return ask(port(), "DELETE", target, "", headers);
  }
  // The job, when it is over.
  Json finished(const std::string& id, const Headers& headers = {}) const;
  // Waits until the number that /metrics has under this name is `value` at least; throws after two
  // minutes.
  void wait_for(const std::string& metric, double value) const;

  // Ends as at SIGTERM; or at once; and begins again on the same store.
  void stop();
  void restart();

 private:
  void start();

  TemporaryFolder folder_;
  Change change_;
  std::unique_ptr<server::Service> service_;
  std::thread thread_;
};

// A painting of the toy model in JSON, with more fields.
std::string toy_paint(const std::string& more = "");

}  // namespace yent::test
