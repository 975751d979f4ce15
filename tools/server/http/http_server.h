// Takes connections and speaks HTTP/1.1 on them. All of it happens on the loop's thread: a
// connection costs memory, never a thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "tools/server/http/exchange.h"
#include "tools/server/http/loop.h"

namespace yent::server {

struct HttpLimits {
  size_t header_bytes = 16 << 10;
  size_t connections = 4096;
  size_t body_bytes = 256 << 20;         // of all bodies that are being read
  size_t unread_bytes = 1 << 20;         // of a stream whose peer does not read, before a piece
  std::chrono::seconds header_time{30};  // for a head to arrive, idle time included
  std::chrono::seconds body_time{60};    // for a body
  std::chrono::seconds write_time{30};   // without any progress
};

struct HttpStatistics {
  size_t connections = 0, streams = 0;
};

class HttpServer {
 public:
  // Listens. Throws a run error where the address cannot be had. The loop and the application must
  // outlive the loop's run.
  HttpServer(Loop& loop, HttpApplication& application, const std::string& host, int port,
             HttpLimits limits = {});
  ~HttpServer();

  int port() const;  // that it listens on: of port 0, the one that was free
  const HttpStatistics& statistics() const;

  void stop_listening();
  // Closes every connection that waits for a request; the others close after their answer.
  void close_idle();

  struct Parts;

 private:
  std::shared_ptr<Parts> parts_;
};

}  // namespace yent::server
