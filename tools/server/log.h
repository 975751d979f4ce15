// One line a request, on standard error. It is written by a thread of its own: a reader who does
// not read must not stop the server. Lines that are too many are counted and left out.
#pragma once

#include <chrono>
#include <string>

#include "tools/server/workers/work_thread.h"

namespace yent::server {

struct LogLine {
  std::string peer, caller, method, path;
  int status = 0;
  size_t bytes = 0;
  std::chrono::microseconds took{};
  bool gone = false;
};

class Log {
 public:
  explicit Log(bool as_json) : as_json_(as_json) {}

  void request(const LogLine& line);
  // A sentence about the server itself.
  void say(const std::string& sentence);

 private:
  void print(std::string line);

  bool as_json_;
  size_t left_out_ = 0;
  WorkThread thread_;
};

}  // namespace yent::server
