// Barriers with phases, bulk copies, and products of warpgroups: all that a block of Hopper does
// asynchronously. Copies land when a thread waits that cannot go on without them; until then their
// bytes are NaN. Sums of a product are NaN until its warp has waited for it.
#pragma once

#include <deque>
#include <string>

#include "tests/support/cuda_emulator/device.h"
#include "tests/support/cuda_emulator/hopper/shared_history.h"
#include "tests/support/cuda_emulator/hopper/tensor_copy.h"
#include "tests/support/cuda_emulator/hopper/wgmma.h"

namespace yent::cuda::emulator {

// What a lane gives to a product, in place of registers of A.
struct ProductOperands {
  uint64_t a, b;
  int width;
};

class Async {
 public:
  // ---- For the block that runs
  void begin(int threads);
  void meet();               // all threads, at the block's barrier
  std::string left() const;  // what is unfinished when all threads have ended

  // ---- For the running thread
  void init_barrier(uint32_t at, int arrivals);
  void fence();
  void arrive(uint32_t at, int bytes);
  void wait(uint32_t at, uint32_t parity);
  void copy(uint32_t to, const TensorCopy& copy, uint32_t barrier);

  // ---- For the warp of the running thread
  void fence_sums() { warp().fenced = true; }
  void multiply(const Operands* lanes);
  void commit() { ++warp().groups; }
  void wait_products(int pending);

  // ---- For the checker: plain accesses of a thread
  void touch_shared(uint32_t at, size_t bytes, bool write, int thread);
  void touch_stack(const void* at, size_t bytes, int thread);

 private:
  struct Barrier {
    uint32_t at;
    int arrivals, pending;
    int64_t bytes = 0;         // that are announced and have not come
    uint32_t phase = 0;        // that runs
    int owner;                 // the thread that initialized it
    uint32_t initialized;      // when
    Known ended, arrived;      // by those that arrived: until the last phase ended, in this one
    std::vector<int> waiting;  // threads
    std::vector<uint32_t> copies;
  };
  struct Copy {
    fake::TensorMap map;  // the thread that gave it may have ended
    TensorCopy what;
    uint32_t to;
  };
  // The accumulators of a warp while products are in flight.
  struct Sums {
    std::array<float*, 32> lanes;
    int width, products;
    std::vector<float> values;  // [16][width]
  };
  struct Product {
    Descriptor a, b;
    size_t sums;
    int group;
    uint32_t number;
  };
  struct Warp {
    bool fenced = false;
    int groups = 0;
    uint32_t issued = 0, done = 0;
    uint64_t history = 0;  // of all its products, the same for four warps
    std::deque<Product> products;
    std::vector<Sums> sums;
  };

  Barrier& barrier_at(uint32_t at);
  Warp& warp();
  void progress(Barrier& b);
  void end_phase(Barrier& b);
  void land(Copy& copy);
  size_t take_sums(Warp& w, const Operands* lanes, int width);
  void give_sums(Warp& w);
  void read_matrix(const Descriptor& d, int rows, Reader& product);

  Clocks clocks_;
  SharedHistory history_;
  std::vector<Barrier> barriers_;
  std::vector<Copy> copies_;  // by their numbers in history_
  std::vector<Warp> warps_;
  int threads_ = 0;
  bool active_ = false;  // since the first barrier
};

Async& async();

}  // namespace yent::cuda::emulator
