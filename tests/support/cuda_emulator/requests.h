// The cost of one request of a warp to memory, by the rules of NVIDIA's programming guide: global
// memory moves in sectors of 32 bytes; shared memory has 32 banks of 4 bytes, of which a wavefront
// reads each once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace yent::cuda::emulator {

// A lane's part; no bytes: it takes no part.
struct Touch {
  uintptr_t at = 0;
  uint32_t bytes = 0;
};
using Request = std::array<Touch, 32>;

struct SectorUse {
  std::vector<uintptr_t> sectors;  // each once: its address / 32
  int64_t bytes = 0;               // that lanes asked for, each once
};
SectorUse sectors_of(const Request& request);

// Lanes of 4 bytes or less go together; of 8 bytes 16 lanes, and of 16 bytes 8 lanes.
struct BankUse {
  int wavefronts = 0;
  int least = 0;  // had no two words been in one bank
};
BankUse banks_of(const Request& request);

}  // namespace yent::cuda::emulator
