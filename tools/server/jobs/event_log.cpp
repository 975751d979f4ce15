#include "tools/server/jobs/event_log.h"

#include <fmt/core.h>

#include <algorithm>

#include "tools/command_line/number.h"

namespace yent::server {
namespace {

bool only_latest_counts(const std::string& name) { return name == "step" || name == "queued"; }

}  // namespace

std::string event_id(const EventPlace& place) {
  return fmt::format("{}.{}", place.start, place.number);
}

EventPlace event_place(std::string_view id) {
  const size_t dot = id.find('.');
  if (dot == id.npos) return {};
  const auto start = natural_number(id.substr(0, dot)), number = natural_number(id.substr(dot + 1));
  if (!start || !number) return {};
  return {*start, *number};
}

std::string event_lines(const Event& event, uint64_t start) {
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event_id({start, event.number}), event.name,
                     *event.data);
}

void EventLog::add(std::string name, std::string data) {
  if (only_latest_counts(name)) {
    std::erase_if(events_, [&](const Event& event) { return event.name == name; });
  }
  events_.push_back(
      {++last_, std::move(name), std::make_shared<const std::string>(std::move(data))});
  const Event event = events_.back();
  // A listener may go while it hears, and take others along.
  const auto listeners = listeners_;
  std::vector<Hear> all(listeners->begin(), listeners->end());
  for (const Hear& hear : all) hear(event);
}

std::vector<Event> EventLog::after(const EventPlace& place) const {
  const uint64_t number = place.start == start_ ? place.number : 0;
  std::vector<Event> left;
  std::ranges::copy_if(events_, std::back_inserter(left),
                       [&](const Event& event) { return event.number > number; });
  return left;
}

std::shared_ptr<EventLog::Listener> EventLog::listen(Hear hear) {
  return std::make_shared<Listener>(listeners_, std::move(hear));
}

}  // namespace yent::server
