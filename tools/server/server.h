// The server: what its routes have in common, and how a request finds its route.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tools/server/access/access.h"
#include "tools/server/http/http_server.h"
#include "tools/server/jobs/jobs.h"
#include "tools/server/limits.h"
#include "tools/server/log.h"
#include "tools/server/metrics.h"
#include "tools/server/routes/route.h"
#include "tools/server/shelf.h"

namespace yent::server {

struct ServerConfig {
  AccessConfig access = {};
  RequestLimits limits = {};
  JobLimits jobs = {};
  std::string node;        // in front of ids, where several servers share the work
  std::string public_url;  // in front of addresses of pictures; empty: paths alone
  bool log_json = false, log_prompts = false, quiet = false;
};

// What /health tells of the models.
struct Models {
  std::string voice_a, voice_b, painter;
};

// All of it belongs to the network thread. The loop, the shelf and the store must outlive it.
class Server : public HttpApplication {
 public:
  Server(Loop& loop, const Shelf& shelf, Store& store, ServerConfig config);
  ~Server() override;

  Loop& loop;
  const Shelf& shelf;
  Store& store;
  const ServerConfig config;
  Access access;
  Jobs jobs;
  Log log;
  Metrics metrics;
  Models models;
  const HttpServer* http = nullptr;  // for its numbers

  const RouteTable& routes() const { return *routes_; }

  // Does it on a side thread, then the rest on the network thread, unless it has thrown: then the
  // call fails.
  void aside(const std::shared_ptr<Call>& call, std::function<void()> work,
             std::function<void()> then);

  // A line with what was said, where the options ask for that.
  void log_words(const Job& job);

  // What a handler throws, as the answer.
  static void guarded(const std::shared_ptr<Call>& call, const std::function<void()>& work);

  // HttpApplication.
  Admission admit(const Request& request) override;
  void handle(std::shared_ptr<Exchange> exchange) override;
  Response malformed(const Request& request, int status, const std::string& sentence) override;
  void decorate(const Request& request, Response& response) override;
  void finished(const Request& request, int status, size_t bytes, bool gone,
                std::chrono::microseconds took) override;

 private:
  std::optional<Response> preflight(const Request& request) const;
  void read_body(const std::shared_ptr<Call>& call);

  std::unique_ptr<RouteTable> routes_;
  WorkThread side_;
};

// The error of a store that does not do what it should.
HttpError store_error(const Error& error);

// Throws the store's error as the answer.
template <class T>
T value_of(Outcome<T> outcome) {
  if (outcome.error) throw store_error(*outcome.error);
  return std::move(*outcome.value);
}

}  // namespace yent::server
