#include "tools/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "tools/live/tty.h"

namespace yent {
namespace {

std::atomic<CancelToken*> interrupted = nullptr;
static_assert(std::atomic<CancelToken*>::is_always_lock_free);  // a signal handler may use it

void on_interrupt(int) {
  CancelToken* token = interrupted.load();
  if (!token || token->cancelled()) {
    leave_terminal();
    ::_exit(130);
  }
  token->cancel();
}

// Ends the program as the signal does by itself.
void on_end(int signal) {
  leave_terminal();
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

// Ctrl-Z: the shell has the terminal until it lets the program go on.
void on_stop(int) {
  leave_terminal();
  ::raise(SIGSTOP);
  draw_again();
}

// What is ignored stays so: nohup.
void handle(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  ::sigaction(signal, nullptr, &action);
  if (action.sa_handler == SIG_IGN) return;
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

void handle_interrupts() {
  struct sigaction interrupt = {};
  interrupt.sa_handler = on_interrupt;
  ::sigaction(SIGINT, &interrupt, nullptr);
  for (const int signal : {SIGTERM, SIGHUP, SIGQUIT}) handle(signal, on_end);
  handle(SIGTSTP, on_stop);
}

CancelOnInterrupt::CancelOnInterrupt(CancelToken& token) { interrupted = &token; }

CancelOnInterrupt::~CancelOnInterrupt() { interrupted = nullptr; }

}  // namespace yent
