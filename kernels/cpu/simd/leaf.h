// What every kernel contract shares, and the leaf rule.
//
// A leaf is a file compiled for one instruction set. It may include <stdint.h>, <stddef.h>, the
// compiler's intrinsics, contracts like this one and headers whose functions are all static:
// simd*.h, tile.h, *_kernel.h and *_amx.h. Nothing else: of a function with external linkage the
// linker keeps one copy for all files, and that could be the leaf's, which other machines cannot
// run.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/fn.h"

namespace yent {

// The instruction sets, in the order of their caps: one ladder per architecture, `ref` (plain C++)
// at the foot of both. This is the only list. Every switch over it has no default, and names, tests
// and tables count to `last`; a new one also needs its compiler flags (leaf_options in
// kernels/CMakeLists.txt).
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
  last = neon_i8mm,
};
static constexpr int isa_count = static_cast<int>(Isa::last) + 1;

// The elements of an activation: f32, the upper halves of f32, or quantized values in [-127, 127].
enum class Element : uint8_t { f32, bf16, i8 };

static constexpr size_t element_bytes(Element e) {
  return e == Element::f32 ? 4 : e == Element::bf16 ? 2 : 1;
}

}  // namespace yent
