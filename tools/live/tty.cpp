#include "tools/live/tty.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace yent {
namespace {

constexpr size_t kMostBytes = 256;

// What a signal handler needs, one process wide. The bytes are written before their count.
struct Exit {
  std::atomic<int> fd = -1;
  std::atomic<bool> hushed = false, left = false, stopped = false;
  termios found = {};  // the settings before
  char bytes[2][kMostBytes] = {};
  std::atomic<int> which = 0;
  std::atomic<size_t> size[2] = {};
};
Exit at_exit;

// A terminal that reads slowly gets a second. Safe in a signal handler.
void write_patiently(int fd, const char* bytes, size_t size) {
  for (int waits = 0; size > 0 && waits < 20;) {
    const ssize_t count = ::write(fd, bytes, size);
    if (count > 0) {
      bytes += count, size -= static_cast<size_t>(count);
    } else if (errno == EAGAIN) {
      pollfd ready{fd, POLLOUT, 0};
      ::poll(&ready, 1, 50);
      ++waits;
    } else if (errno != EINTR) {
      return;  // it is gone
    }
  }
}

}  // namespace

void leave_terminal() {
  const int fd = at_exit.fd;
  if (fd < 0 || at_exit.left.exchange(true)) return;
  // Another thread that is about to write has written by then.
  ::poll(nullptr, 0, 5);
  const int which = at_exit.which, error = errno;
  write_patiently(fd, at_exit.bytes[which], at_exit.size[which]);
  if (at_exit.hushed) ::tcsetattr(fd, TCSANOW, &at_exit.found);
  errno = error;
}

void draw_again() {
  at_exit.stopped = true;
  at_exit.left = false;
}

std::unique_ptr<Tty> Tty::open() {
  const int fd = ::open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return nullptr;
  return std::unique_ptr<Tty>(new Tty(fd));
}

Tty::Tty(int fd) : fd_(fd) {
  at_exit.left = false;
  at_exit.hushed = false;
  at_exit.size[at_exit.which] = 0;
  at_exit.fd = fd;
}

Tty::~Tty() {
  at_exit.fd = -1;
  if (at_exit.hushed && foreground()) {
    ::tcsetattr(fd_, discards_ ? TCSAFLUSH : TCSANOW, &at_exit.found);
  }
  ::close(fd_);
}

bool Tty::foreground() const { return ::tcgetpgrp(fd_) == ::getpgrp(); }

Tty::Size Tty::size() const {
  winsize size = {};
  if (::ioctl(fd_, TIOCGWINSZ, &size) != 0) return {};
  return {size.ws_col, size.ws_row, size.ws_xpixel, size.ws_ypixel};
}

bool Tty::write(std::string_view bytes, Limit limit) {
  using Clock = std::chrono::steady_clock;
  auto end = Clock::now() + limit;
  while (!bytes.empty()) {
    if (at_exit.left) return false;
    const ssize_t count = ::write(fd_, bytes.data(), std::min<size_t>(bytes.size(), 4096));
    if (count > 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
      end = Clock::now() + limit;
      continue;
    }
    if (count < 0 && errno != EAGAIN && errno != EINTR) return false;
    const auto left = std::chrono::duration_cast<Limit>(end - Clock::now());
    if (left.count() <= 0) return false;
    pollfd ready{fd_, POLLOUT, 0};
    ::poll(&ready, 1, static_cast<int>(std::min<int64_t>(left.count(), 50)));
  }
  return true;
}

std::string Tty::read(Limit limit) {
  pollfd ready{fd_, POLLIN, 0};
  if (::poll(&ready, 1, static_cast<int>(limit.count())) <= 0) return {};
  char bytes[1024];
  const ssize_t count = ::read(fd_, bytes, sizeof bytes);
  return {bytes, static_cast<size_t>(std::max<ssize_t>(count, 0))};
}

void Tty::hush(bool listens) {
  if (!foreground()) return;
  if (!at_exit.hushed) {
    if (::tcgetattr(fd_, &at_exit.found) != 0) return;
    at_exit.hushed = true;
  }
  termios quiet = at_exit.found;
  quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  if (listens) quiet.c_lflag &= ~static_cast<tcflag_t>(ICANON);
  ::tcsetattr(fd_, TCSANOW, &quiet);
}

void Tty::on_exit(std::string_view bytes) {
  const int other = 1 - at_exit.which;
  const size_t size = std::min(bytes.size(), kMostBytes);
  std::memcpy(at_exit.bytes[other], bytes.data(), size);
  at_exit.size[other] = size;
  at_exit.which = other;
}

bool Tty::was_stopped() { return at_exit.stopped.exchange(false); }

}  // namespace yent
