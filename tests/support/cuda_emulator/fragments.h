// Which element of a matrix a lane holds, from the figures of the PTX ISA ("Matrix Fragments for
// mma.m16n8k8, .m16n8k16, .m16n8k32" and "ldmatrix"), in its terms: element i of a fragment, the
// group of four lanes and the place in it. kernels/cuda/index.h says the same of registers; a test
// compares them.
#pragma once

namespace yent::cuda::emulator {

struct Element {
  int row, column;
  constexpr bool operator==(const Element&) const = default;
};

// A of m16n8k16 (f16, bf16): i = 0 .. 7.
constexpr Element a_k16(int lane, int i) {
  const int group = lane >> 2, place = lane % 4;
  return {(i < 2 || (i >= 4 && i < 6)) ? group : group + 8, place * 2 + (i & 1) + (i < 4 ? 0 : 8)};
}
// B of m16n8k16: i = 0 .. 3.
constexpr Element b_k16(int lane, int i) {
  const int group = lane >> 2, place = lane % 4;
  return {place * 2 + (i & 1) + (i < 2 ? 0 : 8), group};
}
// A of m16n8k8 (f16): i = 0 .. 3.
constexpr Element a_k8(int lane, int i) {
  const int group = lane >> 2, place = lane % 4;
  return {i < 2 ? group : group + 8, place * 2 + (i & 1)};
}
// B of m16n8k8: i = 0, 1.
constexpr Element b_k8(int lane, int i) {
  const int group = lane >> 2, place = lane % 4;
  return {place * 2 + i, group};
}
// A of m16n8k32 (s8): i = 0 .. 15.
constexpr Element a_k32(int lane, int i) {
  const int group = lane >> 2, place = lane % 4;
  return {(i < 4 || (i >= 8 && i < 12)) ? group : group + 8,
          place * 4 + (i & 3) + (i < 8 ? 0 : 16)};
}
// B of m16n8k32: i = 0 .. 7.
constexpr Element b_k32(int lane, int i) {
  const int group = lane >> 2, place = lane % 4;
  return {place * 4 + (i & 3) + (i < 4 ? 0 : 16), group};
}
// C and D of all of them, f32 or s32: i = 0 .. 3.
constexpr Element sum(int lane, int i) {
  const int group = lane >> 2, place = lane % 4;
  return {i < 2 ? group : group + 8, place * 2 + (i & 1)};
}
// The halves that ldmatrix gives a lane, i = 0, 1 of an 8 x 8 matrix.
constexpr Element of_ldmatrix(int lane, int i) { return {lane >> 2, lane % 4 * 2 + i}; }
constexpr Element of_ldmatrix_transposed(int lane, int i) { return {lane % 4 * 2 + i, lane >> 2}; }

}  // namespace yent::cuda::emulator
