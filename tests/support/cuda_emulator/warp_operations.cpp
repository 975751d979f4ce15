#include "tests/support/cuda_emulator/warp_operations.h"

#include <algorithm>
#include <cstring>

#include "kernels/half.h"
#include "tests/support/cuda_emulator/fragments.h"
#include "tests/support/cuda_emulator/hopper/async.h"

namespace yent::cuda::emulator {
namespace {

using Lanes = std::array<Operands, 32>;

template <class T>
T read(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}
template <class T>
void write(void* to, T value) {
  std::memcpy(to, &value, sizeof(T));
}

template <class T>
void reduce_max(const Lanes& lanes) {
  T highest = read<T>(lanes[0].a);
  for (const Operands& lane : lanes) highest = std::max(highest, read<T>(lane.a));
  for (const Operands& lane : lanes) write(lane.d, highest);
}

void shuffle_xor(const Lanes& lanes) {
  std::array<uint32_t, 32> given;
  for (size_t i = 0; i < 32; ++i) given[i] = *lanes[i].a;
  for (size_t i = 0; i < 32; ++i) write(lanes[i].d, given[(i ^ lanes[i].b[0]) % 32]);
}

// The rows of matrix m lie at the addresses that lanes 8 m .. 8 m + 7 gave.
void ldmatrix(const Lanes& lanes, int matrices, bool transposed, std::byte* shared, size_t bytes) {
  for (int m = 0; m < matrices; ++m) {
    const uint16_t* rows[8];
    for (int r = 0; r < 8; ++r) {
      const uint32_t at = lanes[8 * m + r].b[0];
      if (at % 16 != 0) fault("ldmatrix reads a row at an address that is no multiple of 16");
      if (at + size_t{16} > bytes) fault("ldmatrix reads a row outside shared memory");
      rows[r] = reinterpret_cast<const uint16_t*>(shared + at);
    }
    for (int lane = 0; lane < 32; ++lane) {
      uint16_t halves[2];
      for (int i = 0; i < 2; ++i) {
        const Element e = transposed ? of_ldmatrix_transposed(lane, i) : of_ldmatrix(lane, i);
        halves[i] = rows[e.row][e.column];
      }
      std::memcpy(static_cast<uint32_t*>(lanes[lane].d) + m, halves, 4);
    }
  }
}

float of_half(uint16_t bits) { return f16_to_f32(bits); }
float of_bfloat(uint16_t bits) { return bf16_to_f32(bits); }
int of_int8(int8_t x) { return x; }

// D = A B + C for 16 x depth and depth x 8 elements of `Type`. Products of halves are exact in f32;
// they are added in order, where a GPU adds several at once and rounds differently.
template <int depth, class Type, class Sum, Sum (*convert)(Type), Element (*place_a)(int, int),
          Element (*place_b)(int, int)>
void multiply(const Lanes& lanes) {
  alignas(64) Sum a[16][depth], b[depth][8], d[16][8];
  for (int lane = 0; lane < 32; ++lane) {
    Type from_a[depth / 2], from_b[depth / 4];
    std::memcpy(from_a, lanes[lane].a, sizeof(from_a));
    std::memcpy(from_b, lanes[lane].b, sizeof(from_b));
    for (int i = 0; i < depth / 2; ++i) {
      const Element e = place_a(lane, i);
      a[e.row][e.column] = convert(from_a[i]);
    }
    for (int i = 0; i < depth / 4; ++i) {
      const Element e = place_b(lane, i);
      b[e.row][e.column] = convert(from_b[i]);
    }
    for (int i = 0; i < 4; ++i) {
      const Element e = sum(lane, i);
      d[e.row][e.column] = static_cast<const Sum*>(lanes[lane].d)[i];
    }
  }
  for (int row = 0; row < 16; ++row) {
    for (int k = 0; k < depth; ++k) {
      for (int column = 0; column < 8; ++column) d[row][column] += a[row][k] * b[k][column];
    }
  }
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 4; ++i) {
      const Element e = sum(lane, i);
      static_cast<Sum*>(lanes[lane].d)[i] = d[e.row][e.column];
    }
  }
}

}  // namespace

const char* name_of(WarpOp op) {
  switch (op) {
    case WarpOp::shuffle_xor:
      return "a shuffle";
    case WarpOp::max_unsigned:
    case WarpOp::max_signed:
      return "a maximum of the warp";
    case WarpOp::ldmatrix_x4:
    case WarpOp::ldmatrix_x4_transposed:
    case WarpOp::ldmatrix_x2_transposed:
      return "ldmatrix";
    case WarpOp::multiply_f16:
    case WarpOp::multiply_f16_half_depth:
    case WarpOp::multiply_bf16:
    case WarpOp::multiply_int8:
      return "mma";
    case WarpOp::fence_sums:
    case WarpOp::multiply_warpgroup:
    case WarpOp::commit_products:
    case WarpOp::wait_products:
      return "wgmma";
  }
  return "";
}

int matrices_of(WarpOp op) {
  switch (op) {
    case WarpOp::ldmatrix_x4:
    case WarpOp::ldmatrix_x4_transposed:
      return 4;
    case WarpOp::ldmatrix_x2_transposed:
      return 2;
    default:
      return 0;
  }
}

void perform(WarpOp op, const Lanes& lanes, std::byte* shared, size_t bytes) {
  switch (op) {
    case WarpOp::shuffle_xor:
      return shuffle_xor(lanes);
    case WarpOp::max_unsigned:
      return reduce_max<uint32_t>(lanes);
    case WarpOp::max_signed:
      return reduce_max<int32_t>(lanes);
    case WarpOp::ldmatrix_x4:
      return ldmatrix(lanes, matrices_of(op), false, shared, bytes);
    case WarpOp::ldmatrix_x4_transposed:
    case WarpOp::ldmatrix_x2_transposed:
      return ldmatrix(lanes, matrices_of(op), true, shared, bytes);
    case WarpOp::multiply_f16:
      return multiply<16, uint16_t, float, of_half, a_k16, b_k16>(lanes);
    case WarpOp::multiply_f16_half_depth:
      return multiply<8, uint16_t, float, of_half, a_k8, b_k8>(lanes);
    case WarpOp::multiply_bf16:
      return multiply<16, uint16_t, float, of_bfloat, a_k16, b_k16>(lanes);
    case WarpOp::multiply_int8:
      return multiply<32, int8_t, int, of_int8, a_k32, b_k32>(lanes);
    case WarpOp::fence_sums:
      return async().fence_sums();
    case WarpOp::multiply_warpgroup:
      return async().multiply(lanes.data());
    case WarpOp::commit_products:
      return async().commit();
    case WarpOp::wait_products:
      return async().wait_products(static_cast<int>(lanes[0].b[0]));
  }
}

}  // namespace yent::cuda::emulator
