// One request that waits for its answer, and what a program gives the HTTP server to do.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tools/server/http/message.h"

namespace yent::server {

// All functions are for the network thread. Held in a shared_ptr; an exchange that is dropped
// without an answer gives 500. After the peer has gone, everything may still be called and does
// nothing.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const Request& request() const = 0;
  // The whole answer: once, now or later.
  virtual void answer(Response response) = 0;

  // An answer in pieces: its head, then pieces, then the end. A peer that does not read what is
  // sent is cut off.
  virtual void begin_stream(Response head) = 0;
  virtual void write(std::string piece) = 0;
  virtual void end() = 0;

  // Called once if the peer closes before the answer has ended.
  virtual void when_gone(std::function<void()> call) = 0;

  // The body, moved out of the request: a large one need not be there twice.
  virtual std::string take_body() = 0;
};

// What a request with this head may send.
struct Admission {
  size_t body_limit = 0;                 // bytes
  std::optional<Response> refusal = {};  // the answer; no body is read then
  std::chrono::milliseconds delay = {};  // before the refusal
};

// Called on the network thread.
class HttpApplication {
 public:
  virtual ~HttpApplication() = default;

  // Of a request without its body.
  virtual Admission admit(const Request& request) = 0;
  virtual void handle(std::shared_ptr<Exchange> exchange) = 0;
  // The answer to a request that is no HTTP or too large, of which there may be no more than the
  // beginning; and headers for every answer.
  virtual Response malformed(const Request& request, int status, const std::string& sentence) = 0;
  virtual void decorate(const Request& request, Response& response) = 0;
  // An exchange is over. `bytes` of the body were sent; `gone` if the peer did not wait for all.
  virtual void finished(const Request& request, int status, size_t bytes, bool gone,
                        std::chrono::microseconds took) = 0;
};

}  // namespace yent::server
