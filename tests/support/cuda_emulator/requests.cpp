#include "tests/support/cuda_emulator/requests.h"

#include <algorithm>
#include <bit>

namespace yent::cuda::emulator {

SectorUse sectors_of(const Request& request) {
  SectorUse use;
  std::vector<uint32_t> asked;  // by sector, a bit for each byte
  size_t last = 0;
  for (const Touch& t : request) {
    for (uintptr_t at = t.at, end = t.at + t.bytes; at < end;) {
      const uintptr_t sector = at / 32, stop = std::min(end, (sector + 1) * 32);
      if (last >= use.sectors.size() || use.sectors[last] != sector) {
        last = static_cast<size_t>(std::find(use.sectors.begin(), use.sectors.end(), sector) -
                                   use.sectors.begin());
        if (last == use.sectors.size()) use.sectors.push_back(sector), asked.push_back(0);
      }
      asked[last] |= static_cast<uint32_t>(((uint64_t{1} << (stop - at)) - 1) << at % 32);
      at = stop;
    }
  }
  for (const uint32_t bits : asked) use.bytes += std::popcount(bits);
  return use;
}

namespace {

// The most words of one bank that lanes [begin, end) touch.
int wavefronts_of(const Request& request, size_t begin, size_t end) {
  std::array<std::array<uintptr_t, 32>, 32> words;
  std::array<int, 32> counts = {};
  for (size_t lane = begin; lane < end; ++lane) {
    const Touch& t = request[lane];
    if (!t.bytes) continue;
    for (uintptr_t word = t.at / 4; word <= (t.at + t.bytes - 1) / 4; ++word) {
      auto& bank = words[word % 32];
      int& count = counts[word % 32];
      if (std::find(bank.begin(), bank.begin() + count, word) == bank.begin() + count) {
        bank[static_cast<size_t>(count++)] = word;
      }
    }
  }
  return *std::max_element(counts.begin(), counts.end());
}

}  // namespace

BankUse banks_of(const Request& request) {
  uint32_t bytes = 0;
  for (const Touch& t : request) bytes = std::max(bytes, t.bytes);
  const size_t together = bytes <= 4 ? 32 : bytes <= 8 ? 16 : 8;
  BankUse use;
  for (size_t lane = 0; lane < 32; lane += together) {
    const int wavefronts = wavefronts_of(request, lane, lane + together);
    use.wavefronts += wavefronts;
    use.least += wavefronts > 0;
  }
  return use;
}

}  // namespace yent::cuda::emulator
