// The name of a function of this program, hidden ones too.
#pragma once

#include <string>

namespace yent::cuda::emulator {

// As it is written, without its arguments; a number if the program was stripped.
std::string symbol_name(const void* function);

}  // namespace yent::cuda::emulator
