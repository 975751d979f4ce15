// The PTX instructions of kernels/cuda/tile.cuh, performed by the emulator.
#pragma once

#include <cstdint>

#include "tests/support/cuda_emulator/device.h"

namespace yent::cuda {

using emulator::commit_copies;
using emulator::copy_chunk;
using emulator::shared_address;

template <int pending>
void wait_copies() {
  emulator::wait_copies(pending);
}

constexpr uint32_t kWholeWarp = 0xffffffff;

inline void ldmatrix4(uint32_t (&r)[4], uint32_t address) {
  emulator::synchronize_warp(kWholeWarp, emulator::WarpOp::ldmatrix_x4, {nullptr, address, 0, r});
}
inline void ldmatrix4_transposed(uint32_t (&r)[4], uint32_t address) {
  emulator::synchronize_warp(kWholeWarp, emulator::WarpOp::ldmatrix_x4_transposed,
                             {nullptr, address, 0, r});
}
inline void ldmatrix2_transposed(uint32_t (&r)[2], uint32_t address) {
  emulator::synchronize_warp(kWholeWarp, emulator::WarpOp::ldmatrix_x2_transposed,
                             {nullptr, address, 0, r});
}

template <class SumType, emulator::WarpOp op>
struct EmulatedOp {
  using Sum = SumType;
  static void multiply_add(Sum (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    emulator::synchronize_warp(kWholeWarp, op, {a, b0, b1, d});
  }
};

struct HalfOp : EmulatedOp<float, emulator::WarpOp::multiply_f16> {
  static void multiply_add_8(Sum (&d)[4], const uint32_t (&a)[4], uint32_t b0) {
    emulator::synchronize_warp(kWholeWarp, emulator::WarpOp::multiply_f16_half_depth,
                               {a, b0, 0, d});
  }
};
using BfloatOp = EmulatedOp<float, emulator::WarpOp::multiply_bf16>;
using Int8Op = EmulatedOp<int, emulator::WarpOp::multiply_int8>;

}  // namespace yent::cuda
