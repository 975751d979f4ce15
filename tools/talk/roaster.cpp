#include "tools/talk/roaster.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <random>

namespace yent {

Roaster::Roaster(Run& run, Speaker& speaker, const std::string& said, const ReactionSpec& spec)
    : run_(run), speaker_(speaker), thread_([this, said, spec] { work(said, spec); }) {}

Roaster::~Roaster() {
  cancel_.cancel();
  finish();
}

const std::string& Roaster::finish() {
  {
    const std::lock_guard lock(mutex_);
    in_a_hurry_ = true;
  }
  hurry_.notify_all();
  if (thread_.joinable()) thread_.join();
  return text_;
}

void Roaster::work(const std::string& said, const ReactionSpec& spec) {
  try {
    text_ = speaker_.roast(said, spec, &cancel_);
    const bool heard = !run_.options.json && !run_.options.quiet && !text_.empty();
    if (heard) type(speaker_.commentator() + ": " + text_);
  } catch (const std::exception& error) {
    if (!cancel_.cancelled()) run_.console.warn(fmt::format("no roast: {}", error.what()));
  }
}

// Word by word, as somebody types who thinks while typing; elsewhere than on a terminal at once.
void Roaster::type(const std::string& line) {
  std::minstd_rand pauses(1);
  const bool at_once = !run_.console.terminal().is_terminal;
  for (size_t at = 0; at < line.size();) {
    const size_t end = std::min(line.find(' ', at), line.size() - 1) + 1;
    run_.console.type(line.substr(at, end - at));
    at = end;
    std::unique_lock lock(mutex_);
    if (at_once || in_a_hurry_) continue;
    hurry_.wait_for(lock, std::chrono::milliseconds(30 + pauses() % 70),
                    [this] { return in_a_hurry_; });
  }
  run_.console.end_typing();
}

}  // namespace yent
