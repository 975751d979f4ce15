// What every kernel contract shares. A leaf, a file compiled for one instruction set, may
// include <stdint.h>, the compiler's intrinsics, contracts like this one and the all-static
// headers simd*.h, tile.h, *_kernel.h and *_amx.h, nothing else: a function with external linkage
// compiled there could be the copy the linker keeps for every machine.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/fn.h"

namespace yent {

// The instruction sets, in the order of their caps: one ladder per architecture, `ref` (plain
// C++) at the foot of both.
enum class Isa : uint8_t {
  ref,
  avx2,
  avxvnni,
  avx512,
  avx512vnni,
  avx512bf16,
  amx,
  neon,
  neon_dot,
  neon_i8mm,
};

// What an activation is made of: floats, the upper halves of floats, or codes in [-127, 127].
enum class Element : uint8_t { f32, bf16, i8 };

static constexpr size_t element_bytes(Element e) {
  return e == Element::f32 ? 4 : e == Element::bf16 ? 2 : 1;
}

}  // namespace yent
