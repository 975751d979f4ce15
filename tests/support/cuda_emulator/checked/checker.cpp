// A cell for every byte that threads share says who wrote and who read it last. Blocks run one
// after another, so "when" is one number: the interval, which grows with every block and barrier.
// Two threads race if both touch a byte within the same interval of the same block, or in different
// blocks of one launch, and one of them writes, unless the second block knows of the first
// (meet_at). A warp's operations order nothing.
#include "tests/support/cuda_emulator/checker.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <vector>

#include "tests/support/cuda_emulator/block.h"
#include "tests/support/cuda_emulator/hopper/async.h"
#include "tests/support/fake_cuda/runtime.h"

extern "C" std::byte __start_cuda_shared[], __stop_cuda_shared[];
extern "C" const std::byte __executable_start[], _end[];

namespace yent::cuda::emulator {
namespace {

struct Cell {
  uint32_t written, read;  // the last interval
  uint32_t read_before;    // the last interval of an earlier block
  uint16_t writer, reader;
};
constexpr uint16_t kMany = 0x3fff, kThread = 0x3fff, kAtomic = 0x4000, kInFlight = 0x8000;

// Cells are taken from the system when they are touched.
Cell* map_cells(size_t count) {
  void* data = mmap(nullptr, count * sizeof(Cell), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) throw std::runtime_error("no address space for the checker");
  return static_cast<Cell*>(data);
}

uint32_t interval = 1, launch_began = 1, block_began = 1;

// What a block did from one interval on, up to another.
struct Past {
  uint32_t begin, end;
};
void append(std::vector<Past>& to, const std::vector<Past>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

// The parts of other blocks' past that the running block has met, thread by thread.
struct Meeting {
  uint32_t fenced = 0;  // the interval of the last fence
  std::vector<Past> met;
};
std::map<const void*, std::vector<Past>> released;  // by the place of the atomic operations
std::map<int, Meeting> meetings;
std::vector<Past> known, known_behind_barrier;

// Memory that threads share, and its cells.
struct Room {
  const char* name;
  const std::byte* begin;
  size_t bytes;
  Cell* cells;
};
Room dynamic_room, device_room, static_room;

bool knows_of(uint32_t when) {
  return std::any_of(known.begin(), known.end(),
                     [&](const Past& p) { return p.begin <= when && when < p.end; });
}

bool holds(const Room& room, const std::byte* at) {
  return static_cast<size_t>(at - room.begin) < room.bytes;
}

void race(const Room& room, size_t byte, const char* one, int thread, const char* other,
          int other_thread) {
  block().fault(fmt::format(
      "a race: thread {} {} byte {} of {}, which {} {}", thread, one, byte, room.name,
      other_thread == kMany ? "several threads" : fmt::format("thread {}", other_thread), other));
}

// Blocks have shared memory of their own, one after another in the same place.
uint32_t others_began(const Room& room) {
  return &room == &device_room ? launch_began : block_began;
}

void check_read(const Room& room, size_t byte, Cell& c, int thread) {
  const int writer = c.writer & kThread;
  const bool here = c.written >= block_began;
  if (c.written >= others_began(room) &&
      (here ? c.written == interval && writer != thread : !knows_of(c.written))) {
    race(room, byte, "reads", thread, here ? "writes" : "of another block writes", writer);
  }
  if (c.read < block_began) c.read_before = c.read;
  c.reader =
      static_cast<uint16_t>(c.read == interval && (c.reader & kThread) != thread ? kMany : thread);
  c.read = interval;
}

void check_write(const Room& room, size_t byte, Cell& c, int thread, bool atomic) {
  const int writer = c.writer & kThread, reader = c.reader & kThread;
  const bool both = atomic && (c.writer & kAtomic);
  if (c.written >= others_began(room) && !both) {
    const bool here = c.written >= block_began;
    if (!here || (c.written == interval && writer != thread)) {
      race(room, byte, "writes", thread, here ? "writes" : "of another block writes", writer);
    }
  }
  if (c.read == interval && reader != thread) {
    race(room, byte, "writes", thread, "read", reader);
  }
  const uint32_t before = c.read < block_began ? c.read : c.read_before;
  if (before >= others_began(room))
    race(room, byte, "writes", thread, "of another block read", reader);
  // A plain write and then an atomic one by the same thread: still plain for all others.
  const bool plain_before = c.written == interval && !(c.writer & kAtomic);
  c.writer = static_cast<uint16_t>(thread | (atomic && !plain_before ? kAtomic : 0));
  c.written = interval;
}

void check_shared_byte(size_t byte, const Cell& c, Access access) {
  if (c.writer & kInFlight && c.written >= block_began) {
    block().fault(
        fmt::format("byte {} of shared memory is touched while a copy to it is in flight", byte));
  }
  if (access == Access::read && c.written < block_began) {
    block().fault(fmt::format("byte {} of shared memory is read and was never written", byte));
  }
}

fake::Room last_found = {};

void check_bounds(const Room& room, const std::byte* at, size_t bytes) {
  if (&room == &dynamic_room) {
    if (static_cast<size_t>(at - room.begin) + bytes > block().shared_bytes()) {
      block().fault(fmt::format("byte {} of {} bytes of shared memory", at - room.begin,
                                block().shared_bytes()));
    }
  } else if (&room == &device_room) {
    // Neighbours are mostly in the allocation of the last access.
    if (static_cast<size_t>(at - last_found.begin) + bytes <= last_found.bytes) return;
    last_found = fake::device_memory_at(at);
    if (static_cast<size_t>(at - last_found.begin) + bytes > last_found.bytes) {
      block().fault("an address outside of all global memory that was taken");
    }
  }
}

void check_room(const Room& room, const std::byte* at, size_t bytes, Access access, int thread) {
  check_bounds(room, at, bytes);
  const auto first = static_cast<size_t>(at - room.begin);
  const bool shared = &room != &device_room;
  for (size_t byte = first; byte < first + bytes; ++byte) {
    Cell& c = room.cells[byte];
    if (shared) check_shared_byte(byte, c, access);
    if (access == Access::read) {
      check_read(room, byte, c, thread);
    } else {
      check_write(room, byte, c, thread, access == Access::atomic);
    }
  }
}

}  // namespace

void start_checking() {
  if (device_room.cells) return;  // a test starts the emulator again
  const fake::Room device = fake::device_room();
  const auto variables = static_cast<size_t>(__stop_cuda_shared - __start_cuda_shared);
  dynamic_room = {"shared memory", block().shared(), Block::kMaxShared,
                  map_cells(Block::kMaxShared)};
  static_room = {"shared memory", __start_cuda_shared, variables, map_cells(variables)};
  device_room = {"global memory", device.begin, device.bytes, map_cells(device.bytes)};
}
void begin_checked_launch() {
  launch_began = ++interval;
  released.clear();
  last_found = {};
}
void begin_checked_block() {
  block_began = ++interval;
  meetings.clear();
  known.clear();
  known_behind_barrier.clear();
}
void pass_barrier() {
  ++interval;
  append(known, known_behind_barrier);
  known_behind_barrier.clear();
}

void fence_memory(int thread) {
  Meeting& m = meetings[thread];
  m.fenced = interval;
  append(known_behind_barrier, m.met);
  m.met.clear();
}

void meet_at(const void* place, int thread) {
  Meeting& m = meetings[thread];
  append(m.met, released[place]);
  if (m.fenced) released[place].push_back({block_began, m.fenced});
}

void check_access(const void* where, size_t bytes, Access access, int thread) {
  const auto* at = static_cast<const std::byte*>(where);
  if (block().on_stack(at)) return async().touch_stack(at, bytes, thread);
  if (holds(dynamic_room, at)) {
    async().touch_shared(static_cast<uint32_t>(at - block().shared()), bytes,
                         access != Access::read, thread);
    return check_room(dynamic_room, at, bytes, access, thread);
  }
  for (const Room* room : {&device_room, &static_room}) {
    if (holds(*room, at)) return check_room(*room, at, bytes, access, thread);
  }
  const bool program = at >= __executable_start && at < _end && access == Access::read;
  if (!program) block().fault("an access to memory of the host");
}

void begin_copy(const void* to) {
  check_access(to, 16, Access::write, block().thread().number);
  const auto first = static_cast<size_t>(static_cast<const std::byte*>(to) - dynamic_room.begin);
  for (size_t i = first; i < first + 16; ++i) dynamic_room.cells[i].writer |= kInFlight;
}

void end_copy(const void* to) {
  const auto first = static_cast<size_t>(static_cast<const std::byte*>(to) - dynamic_room.begin);
  for (size_t i = first; i < first + 16; ++i) {
    dynamic_room.cells[i].writer = static_cast<uint16_t>(block().thread().number);
    dynamic_room.cells[i].written = interval;
  }
}

void check_banks(const unsigned (&addresses)[8]) {
  unsigned used = 0;
  for (const unsigned address : addresses) {
    const unsigned bit = 1u << address / 16 % 8;
    if (used & bit) block().fault("rows of one phase of ldmatrix lie in the same banks");
    used |= bit;
  }
}

}  // namespace yent::cuda::emulator
