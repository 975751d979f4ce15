// Tells the emulator how to call a kernel.
#pragma once

#include "tests/support/cuda_emulator/launch.h"

namespace yent::cuda {

template <class Args>
void register_kernel(void (*kernel)(Args)) {
  emulator::add_kernel(
      reinterpret_cast<const void*>(kernel), sizeof(Args), [](const void* entry, const void* args) {
        reinterpret_cast<void (*)(Args)>(const_cast<void*>(entry))(*static_cast<const Args*>(args));
      });
}

}  // namespace yent::cuda
