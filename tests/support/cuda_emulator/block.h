// The threads of one block as fibers. A thread runs until it waits: for its warp, for the block, or
// for nothing more; then another one that can run does.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/cuda_emulator/device.h"
#include "tests/support/cuda_emulator/fiber.h"

namespace yent::cuda::emulator {

// The order in which threads that can all run do run, and blocks.
enum class Order { up, down, random };

struct Thread {
  enum class State { ready, at_warp, at_block, parked, ended };
  struct Copy {
    uint32_t to;
    const void* from;  // null: zeros
    int group;
  };

  Dim index;
  int number;  // within the block
  State state;
  Fiber fiber;
  std::vector<Copy> copies;  // that have not arrived; the oldest at `arrived`
  size_t arrived;
  int groups;  // committed so far
};

struct Warp {
  uint32_t ready = 0, waiting = 0;  // lanes
  WarpOp op = WarpOp::shuffle_xor;
  std::array<Operands, 32> operands;
};

struct BlockPosition {
  Dim index, threads, grid;
};

// What a block executes.
struct Program {
  const void* kernel;
  const void* arguments;
  void (*call)(const void* kernel, const void* arguments);
  size_t shared_bytes;
};

// One object serves all blocks, one after another.
class Block {
 public:
  static constexpr int kMaxThreads = 1024;
  static constexpr size_t kMaxShared = 228 << 10;

  Block();
  Block(const Block&) = delete;

  // Returns what was wrong, or nothing.
  std::string run(const Program& program, const BlockPosition& position, Order order,
                  uint32_t seed);

  // For the running thread.
  void synchronize_block();
  void synchronize_warp(uint32_t mask, WarpOp op, const Operands& operands);
  void park();  // until unpark(), by another thread
  void unpark(int thread);
  [[noreturn]] void fault(std::string what);
  Thread& thread() { return *current_; }
  const BlockPosition& position() const { return position_; }
  std::byte* shared() { return shared_; }
  size_t shared_bytes() const { return program_.shared_bytes; }
  bool runs() const { return runs_; }
  bool on_stack(const std::byte* at) const;

 private:
  static void enter();
  void begin(int threads);
  void release_block();
  int next_lane(uint32_t ready, int after);
  Thread* next();
  void give_way();
  void resume(Thread* next);
  void end_thread();
  std::string deadlock() const;
  void check_operation(WarpOp op, const std::array<Operands, 32>& lanes, int first);
  uint32_t random(uint32_t below);

  Program program_ = {};
  BlockPosition position_ = {};
  Order order_ = Order::up;
  uint32_t random_ = 1;
  std::vector<Thread> threads_;
  std::vector<Warp> warps_;
  Thread* current_ = nullptr;
  int live_ = 0, at_block_ = 0;
  bool runs_ = false;
  Fiber outside_;
  std::string fault_;
  std::byte *stacks_ = nullptr, *shared_ = nullptr;
};

extern Block* const the_block;
inline Block& block() { return *the_block; }

}  // namespace yent::cuda::emulator
