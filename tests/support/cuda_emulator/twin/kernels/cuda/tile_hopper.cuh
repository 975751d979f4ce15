// The PTX instructions of kernels/cuda/tile_hopper.cuh, performed by the emulator.
#pragma once

#include <cuda.h>

#include <cstdint>

#include "kernels/cuda/tile.cuh"
#include "tests/support/cuda_emulator/hopper/async.h"

namespace yent::cuda {

inline void init_barrier(uint32_t barrier, int arrivals) {
  emulator::async().init_barrier(barrier, arrivals);
}
inline void fence_async() { emulator::async().fence(); }
inline void arrive(uint32_t barrier) { emulator::async().arrive(barrier, 0); }
inline void arrive_and_expect(uint32_t barrier, int bytes) {
  emulator::async().arrive(barrier, bytes);
}
inline void wait_barrier(uint32_t barrier, uint32_t parity) {
  emulator::async().wait(barrier, parity);
}

inline const fake::TensorMap* map_in(const CUtensorMap* map) {
  return reinterpret_cast<const fake::TensorMap*>(map);
}
inline void copy_box(uint32_t to, const CUtensorMap* map, int column, int row, uint32_t barrier) {
  emulator::async().copy(to, {map_in(map), {column, row}, {}}, barrier);
}

struct PixelBox {
  int channel, x, y, image;
  uint16_t tap_x, tap_y;
};
inline void copy_pixels(uint32_t to, const CUtensorMap* map, const PixelBox& at, uint32_t barrier) {
  emulator::async().copy(
      to, {map_in(map), {at.channel, at.x, at.y, at.image}, {at.tap_x, at.tap_y}}, barrier);
}

inline void fence_sums() {
  emulator::synchronize_warp(kWholeWarp, emulator::WarpOp::fence_sums, {nullptr, 0, 0, nullptr});
}
inline void commit_products() {
  emulator::synchronize_warp(kWholeWarp, emulator::WarpOp::commit_products,
                             {nullptr, 0, 0, nullptr});
}
template <int pending>
void wait_products() {
  emulator::synchronize_warp(kWholeWarp, emulator::WarpOp::wait_products,
                             {nullptr, pending, 0, nullptr});
}

template <int width>
struct WarpgroupOp {
  static void multiply_add(float (&d)[width / 2], uint64_t a, uint64_t b) {
    const emulator::ProductOperands operands = {a, b, width};
    emulator::synchronize_warp(kWholeWarp, emulator::WarpOp::multiply_warpgroup,
                               {reinterpret_cast<const uint32_t*>(&operands), 0, 0, d});
  }
};

}  // namespace yent::cuda
