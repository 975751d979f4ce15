#include "tools/live/cast.h"

#include "loaders/io/json.h"

namespace yent {

Cast::Cast(int columns, int rows, std::string_view title) {
  using std::chrono::system_clock;
  Json header;
  header["version"] = 2;
  header["width"] = columns;
  header["height"] = rows;
  header["timestamp"] = system_clock::to_time_t(system_clock::now());
  header["title"] = title;
  lines_ = header.dump() + "\n";
}

void Cast::write(std::string_view text) {
  const std::lock_guard lock(mutex_);
  append(std::chrono::duration<double>(Clock::now() - start_).count(), text);
}

void Cast::write_at(double seconds, std::string_view text) {
  const std::lock_guard lock(mutex_);
  append(seconds, text);
}

void Cast::append(double seconds, std::string_view text) {
  if (text.empty()) return;
  std::string shown;
  for (const char c : text) {
    if (c == '\n' && !shown.ends_with('\r')) shown += '\r';
    shown += c;
  }
  lines_ += Json::array({seconds, "o", shown}).dump() + "\n";
}

std::string Cast::text() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

}  // namespace yent
