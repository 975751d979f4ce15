#include "tools/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace yent {
namespace {

std::atomic<CancelToken*> interrupted = nullptr;
static_assert(std::atomic<CancelToken*>::is_always_lock_free);  // a signal handler may use it

void on_interrupt(int) {
  CancelToken* token = interrupted.load();
  if (!token || token->cancelled()) ::_exit(130);
  token->cancel();
}

}  // namespace

void handle_interrupts() {
  struct sigaction interrupt = {};
  interrupt.sa_handler = on_interrupt;
  ::sigaction(SIGINT, &interrupt, nullptr);
}

CancelOnInterrupt::CancelOnInterrupt(CancelToken& token) { interrupted = &token; }

CancelOnInterrupt::~CancelOnInterrupt() { interrupted = nullptr; }

}  // namespace yent
