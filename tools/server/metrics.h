// What /metrics tells, in Prometheus' format.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "tools/server/http/http_server.h"
#include "tools/server/jobs/jobs.h"

namespace yent::server {

class Metrics {
 public:
  Metrics();
  ~Metrics();

  // `route` is the pattern of the path, of which there are few.
  void count_request(const std::string& route, const std::string& method, int status,
                     std::chrono::microseconds took);
  // All of it as text. For the network thread, as are the others.
  std::string text(const Jobs& jobs, const HttpStatistics& http);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace yent::server
