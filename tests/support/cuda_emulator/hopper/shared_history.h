// Who touched each 16 bytes of shared memory last: plain accesses, bulk copies, products of wgmma.
// The threads that copy and multiply must know that what they need has happened, and that a fence
// lies between the proxies.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/cuda_emulator/hopper/clocks.h"

namespace yent::cuda::emulator {

constexpr int kMaxProductWarps = 16;

// A copy, for those that read what it brings.
struct CopyState {
  int place;       // of its barrier in Known
  uint32_t phase;  // that it belongs to; known as the number of phases that have ended
  bool landed, swizzled;
};

// When products of a warp were done: its lanes' event numbers behind the wait.
struct ProductWait {
  uint32_t done;  // products
  std::array<uint32_t, 32> events;
};

// Product `number` of a warp, and what its 32 threads know.
struct Reader {
  int warp;
  uint32_t number;
  const Known* lanes;
  uint32_t known_copy = ~0u;  // the last of which all threads know
};

// Every function returns what is wrong, or null.
class SharedHistory {
 public:
  void begin();  // a block
  uint32_t add_copy(const CopyState& copy);
  CopyState& copy(uint32_t number) { return copies_[number]; }
  void add_wait(int warp, const ProductWait& wait) { waits_[warp].push_back(wait); }

  const char* copy_to(uint32_t at, uint32_t copy, const Known& known);
  // `product` reads.
  const char* product_from(uint32_t at, Reader& product);
  const char* plain(uint32_t at, bool write, int thread, const Known& known);

 private:
  struct Piece {
    uint32_t block;  // of the last access; an earlier one: untouched
    uint32_t copy;   // number, or kNone
    uint32_t written, read;
    int writer, reader;
    std::array<uint32_t, kMaxProductWarps> products;  // the last that read it, by warp
  };
  static constexpr uint32_t kNone = ~0u;

  Piece& piece(uint32_t at);
  bool read_by_products(const Piece& p, const Known& known) const;
  bool knows(const Known& known, uint32_t copy) const;

  uint32_t block_ = 0;
  std::vector<Piece> pieces_;
  std::vector<CopyState> copies_;
  std::array<std::vector<ProductWait>, kMaxProductWarps> waits_;
};

}  // namespace yent::cuda::emulator
