#include "tests/live/pty.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <chrono>
#include <cstdlib>

namespace yent::test {
namespace {

void resize(int fd, unsigned short columns) {
  const winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 800, .ws_ypixel = 480};
  ::ioctl(fd, TIOCSWINSZ, &size);
}

PtySettings settings_of(int fd) {
  termios settings = {};
  ::tcgetattr(fd, &settings);
  return {(settings.c_lflag & ECHO) != 0, (settings.c_lflag & ICANON) != 0};
}

// Appends what comes within 50 ms; false if nothing does.
bool read_more(int fd, std::string& output) {
  pollfd ready{fd, POLLIN, 0};
  if (::poll(&ready, 1, 50) <= 0) return false;
  char bytes[65536];
  const ssize_t count = ::read(fd, bytes, sizeof bytes);
  if (count > 0) output.append(bytes, static_cast<size_t>(count));
  return count > 0;
}

int open_terminal(std::string& name) {
  const int fd = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (fd < 0 || ::grantpt(fd) != 0 || ::unlockpt(fd) != 0) return -1;
  name = ::ptsname(fd);
  resize(fd, 80);
  return fd;
}

// In the child: the terminal becomes that of a new session.
void enter(const std::string& name, const PtyCase& terminal) {
  ::setsid();
  const int fd = ::open(name.c_str(), O_RDWR);
  ::ioctl(fd, TIOCSCTTY, 0);
  for (int to = 0; to < 3; ++to) ::dup2(fd, to);
  // Ignored in a background job, and under nohup.
  for (const int signal : {SIGINT, SIGQUIT, SIGHUP}) ::signal(signal, SIG_DFL);
  ::setenv("TERM", "xterm-256color", 1);
  ::setenv("COLORTERM", "truecolor", 1);
  for (const char* unset : {"CI", "NO_COLOR", "TMUX", "STY"}) ::unsetenv(unset);
  for (const auto& [key, value] : terminal.environment) ::setenv(key.c_str(), value.c_str(), 1);
}

class Answerer {
 public:
  Answerer(int fd, const PtyCase& terminal) : fd_(fd), terminal_(terminal) {}

  void take(const std::string& output) {
    for (bool found = true; found;) {
      found = false;
      size_t first = output.npos;
      const std::pair<std::string, std::string>* next = nullptr;
      for (const auto& answer : terminal_.answers) {
        const size_t at = output.find(answer.first, read_);
        if (at < first) first = at, next = &answer;
      }
      if (!next) return;
      read_ = first + next->first.size();
      found = ::write(fd_, next->second.data(), next->second.size()) >= 0;
    }
  }

 private:
  int fd_;
  const PtyCase& terminal_;
  size_t read_ = 0;
};

}  // namespace

PtyRun run_in_pty(const Program& program, const Args& args, const PtyCase& terminal) {
  std::string name;
  const int fd = open_terminal(name);
  REQUIRE(fd >= 0);
  // Held open, so that its settings outlive the program.
  const int other = ::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  Program in_terminal;
  in_terminal.executable = program.executable;
  in_terminal.in_child = [&] { enter(name, terminal); };
  const pid_t child = in_terminal.start(args);
  PtyRun run;
  Answerer answerer(fd, terminal);
  bool signalled = terminal.signal == 0, ended = false;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (true) {
    if (!ended && std::chrono::steady_clock::now() > deadline) {
      FAIL_CHECK("no end in two minutes, output: ", run.output);
      ::kill(child, SIGKILL);
    }
    if (read_more(fd, run.output)) {
      answerer.take(run.output);
    } else if (ended) {
      break;
    }
    if (!signalled && run.output.find(terminal.signal_after) != std::string::npos) {
      signalled = true;
      if (terminal.columns_then) {
        resize(fd, static_cast<unsigned short>(terminal.columns_then));
      } else {
        ::kill(child, terminal.signal);
      }
      if (terminal.signal == SIGTSTP) {
        while (::waitpid(child, &run.status, WNOHANG | WUNTRACED) == 0) {
          if (terminal.reads_while_stopping) read_more(fd, run.output);
        }
        ended = !WIFSTOPPED(run.status);
        while (read_more(fd, run.output)) {
        }
        run.stopped = settings_of(other);
        ::kill(child, SIGCONT);
      }
      run.turned_at = run.output.size();
    }
    if (!ended) ended = ::waitpid(child, &run.status, WNOHANG) == child;
  }
  run.after = settings_of(other);
  ::close(other);
  ::close(fd);
  return run;
}

}  // namespace yent::test
