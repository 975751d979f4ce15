// The calling convention of x86-64 keeps six registers and the stack pointer over a call: a switch
// is these and nothing else. It ends with a jump, because the processor guesses the targets of
// returns from the calls that it saw.
#include <cstdint>

#include "tests/support/cuda_emulator/fiber.h"

extern "C" void yent_switch_stack(void** from, void* to);

asm(R"(
.text
.type yent_switch_stack, @function
yent_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rdx
  jmp *%rdx
.size yent_switch_stack, .-yent_switch_stack
)");

namespace yent::cuda::emulator {

void prepare(Fiber& fiber, void* stack, size_t bytes, void (*entry)()) {
  const uintptr_t end = (reinterpret_cast<uintptr_t>(stack) + bytes) & ~uintptr_t{15};
  auto* top = reinterpret_cast<void**>(end);
  *--top = nullptr;  // the return address of entry, which never returns
  *--top = reinterpret_cast<void*>(entry);
  for (int saved = 0; saved < 6; ++saved) *--top = nullptr;
  fiber.context = top;
}

void switch_fiber(Fiber& from, Fiber& to) { yent_switch_stack(&from.context, to.context); }

}  // namespace yent::cuda::emulator
