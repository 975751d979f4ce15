#include "tools/server/http/loop.h"

#include <signal.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

namespace yent::server {

namespace asio = boost::asio;

struct Loop::Parts {
  // One thread runs it, others only post.
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard = asio::make_work_guard(context);
  asio::signal_set signals{context};
};

class Loop::Timer {
 public:
  explicit Timer(asio::io_context& context) : timer(context) {}
  asio::steady_timer timer;
};

Loop::Loop() : parts_(std::make_unique<Parts>()) {}
Loop::~Loop() = default;

void Loop::run() { parts_->context.run(); }

void Loop::post(std::function<void()> call) { asio::post(parts_->context, std::move(call)); }

void Loop::stop() { parts_->context.stop(); }

std::shared_ptr<Loop::Timer> Loop::after(std::chrono::milliseconds time,
                                         std::function<void()> call) {
  auto timer = std::make_shared<Timer>(parts_->context);
  timer->timer.expires_after(time);
  // The destructor of the timer cancels the wait.
  timer->timer.async_wait([call = std::move(call)](const boost::system::error_code& error) {
    if (!error) call();
  });
  return timer;
}

void Loop::on_termination(std::function<void()> call) {
  parts_->signals.add(SIGTERM);
  parts_->signals.add(SIGINT);
  parts_->signals.async_wait(
      [this, call = std::move(call)](const boost::system::error_code& error, int) {
        if (error) return;
        parts_->signals.async_wait([](const boost::system::error_code& again, int signal) {
          if (!again) ::_exit(128 + signal);
        });
        call();
      });
}

asio::io_context& Loop::context() { return parts_->context; }

}  // namespace yent::server
