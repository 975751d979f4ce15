#include "tools/server/routes/event_stream.h"

#include <algorithm>

namespace yent::server {
namespace {

constexpr std::chrono::seconds kComment{15};

// Kept alive by its timer and by the exchange's callback.
class EventStream : public std::enable_shared_from_this<EventStream> {
 public:
  EventStream(std::shared_ptr<Call> call, std::shared_ptr<Job> job)
      : call_(std::move(call)), job_(std::move(job)) {}

  void begin() {
    Exchange& exchange = *call_->exchange;
    exchange.when_gone([self = shared_from_this()] { self->stop(); });
    exchange.begin_stream(event_stream_head());
    exchange.write("retry: 2000\n");
    listener_ = call_->server.jobs.listen(
        job_, place_of(*call_),
        [self = weak_from_this()](const Event& event) {
          if (const auto stream = self.lock()) stream->send(event);
        },
        call_->query.flag("previews", true));
    if (ended_) return stop();
    keep_alive();
  }

 private:
  void send(const Event& event) {
    if (ended_) return;
    call_->exchange->write(event_lines(event, job_->log.start()));
    if (!ends_stream(event.name)) return;
    ended_ = true;
    call_->exchange->end();
    // The listener is in use while it is called.
    call_->server.loop.post([self = shared_from_this()] { self->stop(); });
  }

  void keep_alive() {
    timer_ = call_->server.loop.after(kComment, [self = shared_from_this()] {
      self->call_->exchange->write(":\n");
      self->keep_alive();
    });
  }

  void stop() {
    ended_ = true;
    listener_.reset();
    const auto timer = std::move(timer_);  // it may be what keeps this object
  }

  std::shared_ptr<Call> call_;
  std::shared_ptr<Job> job_;
  std::shared_ptr<EventLog::Listener> listener_;
  std::shared_ptr<Loop::Timer> timer_;
  bool ended_ = false;
};

}  // namespace

bool ends_stream(const std::string& event) {
  return event == "done" || event == "failed" || event == "cancelled";
}

bool has_heard_end(const EventLog& log, const EventPlace& place) {
  if (place.start != log.start()) return false;
  return std::ranges::any_of(log.after({}), [&](const Event& event) {
    return ends_stream(event.name) && event.number <= place.number;
  });
}

EventPlace place_of(const Call& call) {
  const std::string_view header = call.request().header("last-event-id");
  return event_place(header.empty() ? call.query.text("after") : std::string(header));
}

Response event_stream_head() {
  // A proxy that gathers answers must not gather this one.
  return {.type = "text/event-stream",
          .headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}}};
}

void stream_events(const std::shared_ptr<Call>& call, const std::shared_ptr<Job>& job) {
  if (has_heard_end(job->log, place_of(*call)))
    return call->answer(Response::empty(204));  // readers come back after the end
  std::make_shared<EventStream>(call, job)->begin();
}

}  // namespace yent::server
