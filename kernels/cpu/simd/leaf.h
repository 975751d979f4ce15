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

#include "kernels/activation_fn.h"
#include "kernels/cpu/isa.h"

namespace yent {

// The elements of an activation: f32, the upper halves of f32, or quantized values in [-127, 127].
enum class Element : uint8_t { f32, bf16, i8 };

static constexpr size_t element_bytes(Element e) {
  return e == Element::f32 ? 4 : e == Element::bf16 ? 2 : 1;
}

}  // namespace yent
