// The network thread: an event loop with timers, to which other threads post their results.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace yent::server {

class Loop {
 public:
  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  // Runs in the calling thread, which is the network thread from then on, until stop().
  void run();

  // From any thread.
  void post(std::function<void()> call);
  void stop();

  // Calls once after that time, unless the timer is destroyed before. For the network thread.
  class Timer;
  std::shared_ptr<Timer> after(std::chrono::milliseconds time, std::function<void()> call);

  // Calls on the network thread at the first SIGTERM or SIGINT; the second ends the process.
  void on_termination(std::function<void()> call);

  // For the HTTP server.
  boost::asio::io_context& context();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace yent::server
