// The time of day.
#pragma once

#include <chrono>
#include <cstdint>

namespace yent::server {

// Seconds since 1970.
inline double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Microseconds since 1970: one server after the other has another start, however soon it comes.
inline uint64_t this_start() { return static_cast<uint64_t>(unix_time() * 1e6); }

}  // namespace yent::server
