// What has happened to a job, in the form in which it is sent; and who listens.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace yent::server {

// Where a reader of events stands: behind event `number` of the job's start `start`.
struct EventPlace {
  uint64_t start = 0, number = 0;
};

// "3.17" and back; anything else is the very beginning.
std::string event_id(const EventPlace& place);
EventPlace event_place(std::string_view id);

struct Event {
  uint64_t number = 0;
  std::string name;
  std::shared_ptr<const std::string> data;  // one line of JSON
};

// The lines of a stream of server-sent events.
std::string event_lines(const Event& event, uint64_t start);

// A value on the network thread. Of events that tell how far a job is (step, queued) only the
// latest is kept: who comes late is not interested in the others, and they have pictures.
class EventLog {
 public:
  using Hear = std::function<void(const Event&)>;

  // Starts differ between runs of the server: an event that another run has sent is not taken for
  // one of this run.
  explicit EventLog(uint64_t start = 0) : start_(start) {}

  void add(std::string name, std::string data);
  // What this log still has behind the place, and with a place of another start all of it.
  std::vector<Event> after(const EventPlace& place) const;

  // Hears what is added from now on, until the listener is destroyed.
  class Listener;
  std::shared_ptr<Listener> listen(Hear hear);
  size_t listeners() const { return listeners_->size(); }

  uint64_t start() const { return start_; }

 private:
  using Listeners = std::list<Hear>;

  uint64_t start_, last_ = 0;
  std::vector<Event> events_;
  std::shared_ptr<Listeners> listeners_ = std::make_shared<Listeners>();
};

class EventLog::Listener {
 public:
  Listener(const std::shared_ptr<Listeners>& all, Hear hear)
      : all_(all), at_(all->insert(all->end(), std::move(hear))) {}
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() {
    if (const auto all = all_.lock()) all->erase(at_);
  }

 private:
  std::weak_ptr<Listeners> all_;
  Listeners::iterator at_;
};

}  // namespace yent::server
