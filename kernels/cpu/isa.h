// The list of instruction sets. Leaves include it (kernels/cpu/simd/leaf.h), so it keeps to their
// rule.
#pragma once

#include <stdint.h>

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

}  // namespace yent
