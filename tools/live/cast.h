// A recording of a terminal as asciinema plays it
// (https://docs.asciinema.org/manual/asciicast/v2): a header, then what was written and when.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

namespace yent {

// Threads may share it.
class Cast {
 public:
  Cast(int columns, int rows, std::string_view title);

  // Written now. A newline also returns to the first column, as terminals have it.
  void write(std::string_view text);
  // The same at a time in seconds from the start, for frames that are not shown at their own speed.
  void write_at(double seconds, std::string_view text);
  // The file: one JSON value a line.
  std::string text() const;

 private:
  void append(double seconds, std::string_view text);

  using Clock = std::chrono::steady_clock;
  const Clock::time_point start_ = Clock::now();
  mutable std::mutex mutex_;
  std::string lines_;
};

}  // namespace yent
