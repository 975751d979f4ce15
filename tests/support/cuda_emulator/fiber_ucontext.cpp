// Slow and portable: every switch is also a system call.
#include <ucontext.h>

#include <cstdint>
#include <new>

#include "tests/support/cuda_emulator/fiber.h"

namespace yent::cuda::emulator {
namespace {

ucontext_t* context_of(Fiber& fiber) {
  if (!fiber.context) fiber.context = new ucontext_t;  // of the system's own thread, once
  return static_cast<ucontext_t*>(fiber.context);
}

}  // namespace

void prepare(Fiber& fiber, void* stack, size_t bytes, void (*entry)()) {
  const auto room = (sizeof(ucontext_t) + 63) / 64 * 64;
  const auto end = (reinterpret_cast<uintptr_t>(stack) + bytes) / 64 * 64;
  auto* context = new (reinterpret_cast<void*>(end - room)) ucontext_t;
  getcontext(context);
  context->uc_stack.ss_sp = stack;
  context->uc_stack.ss_size = end - room - reinterpret_cast<uintptr_t>(stack);
  context->uc_link = nullptr;
  makecontext(context, entry, 0);
  fiber.context = context;
}

void switch_fiber(Fiber& from, Fiber& to) { swapcontext(context_of(from), context_of(to)); }

}  // namespace yent::cuda::emulator
