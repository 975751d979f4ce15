// What emulated kernels call: the position of the running thread, and everything by which threads
// wait for each other or touch memory in other ways than by loads and stores.
#pragma once

#include <cstddef>
#include <cstdint>

namespace yent::cuda::emulator {

struct Dim {
  unsigned x, y, z;
  unsigned count() const { return x * y * z; }
};

Dim thread_index();
Dim block_index();
Dim block_threads();
Dim grid_blocks();

// Of the running block, at a multiple of 64 bytes.
void* dynamic_shared();
// As the 32-bit address that ldmatrix and cp.async take: the offset in dynamic shared memory.
uint32_t shared_address(const void* p);

// ---- Threads that wait for each other

void synchronize_block();

// What all lanes of a warp do together.
enum class WarpOp {
  shuffle_xor,
  max_unsigned,
  max_signed,
  ldmatrix_x4,
  ldmatrix_x4_transposed,
  ldmatrix_x2_transposed,
  multiply_f16,
  multiply_f16_half_depth,
  multiply_bf16,
  multiply_int8,
  // Of Hopper (hopper/async.h):
  fence_sums,
  multiply_warpgroup,
  commit_products,
  wait_products,
};

// One lane's part. `a` is its value or its registers of A; `b` are its registers of B, the distance
// of a shuffle, or the address of a row of ldmatrix; the result goes to `d`, which a multiplication
// also reads.
struct Operands {
  const uint32_t* a;
  uint32_t b[2];
  void* d;

  Operands() = default;
  Operands(const uint32_t* a_in, uint32_t b0, uint32_t b1, void* d_in)
      : a(a_in), b{b0, b1}, d(d_in) {}
};

// Returns when the last lane of the warp has come and has performed the operation for all. A lane
// that comes to another operation, or never, is a fault.
void synchronize_warp(uint32_t mask, WarpOp op, const Operands& operands);

// ---- Asynchronous copies of 16 bytes to shared memory

// The destination is unreadable until the wait that covers the copy.
void copy_chunk(uint32_t to, const void* from, bool inside);
void commit_copies();
void wait_copies(int pending);

// Values that are moved at once, at a multiple of their size.
void load_whole(void* to, const void* from, size_t bytes);
void store_whole(void* to, const void* from, size_t bytes);

// All return what was there.
unsigned atomic_max(unsigned* at, unsigned value);
int atomic_max(int* at, int value);
int atomic_add(int* at, int value);
int atomic_exchange(int* at, int value);
void fence_memory();

// Ends the kernel: `what` is wrong with it.
[[noreturn]] void fault(const char* what);

}  // namespace yent::cuda::emulator
