// Each thread notes its accesses. At a barrier, a warp's notes become requests: the n-th access at
// a site by each of its lanes. Lanes that took another way through a loop may be put together
// differently on a GPU.
#include "tests/support/cuda_emulator/counter.h"

#include <algorithm>
#include <map>
#include <unordered_set>
#include <utility>

#include "tests/support/cuda_emulator/block.h"
#include "tests/support/cuda_emulator/counted/counter_results.h"
#include "tests/support/cuda_emulator/requests.h"
#include "tests/support/cuda_emulator/warp_operations.h"

extern "C" std::byte __start_cuda_shared[], __stop_cuda_shared[];

namespace yent::cuda::emulator {
namespace {

enum class Kind : uint16_t { read, written, copied, shared };

struct Note {
  const void* site;
  Touch touch;
  Kind kind;
};

std::vector<std::vector<Note>> notes(Block::kMaxThreads);
std::unordered_set<uintptr_t> read_by_block;
Counts counts;
CountedLaunch current = {};

void note(Kind kind, const void* at, size_t bytes, const void* site) {
  notes[static_cast<size_t>(block().thread().number)].push_back(
      {site, {reinterpret_cast<uintptr_t>(at), static_cast<uint32_t>(bytes)}, kind});
}

void add_sectors(GlobalUse& use, const SectorUse& sectors) {
  use.sectors += static_cast<double>(sectors.sectors.size());
  use.bytes += static_cast<double>(sectors.bytes);
}

void add_request(Kind kind, const Request& request) {
  if (kind == Kind::shared) {
    const BankUse use = banks_of(request);
    counts.wavefronts += use.wavefronts;
    counts.conflicts += use.wavefronts - use.least;
    return;
  }
  const SectorUse use = sectors_of(request);
  add_sectors(kind == Kind::read      ? counts.read
              : kind == Kind::written ? counts.written
                                      : counts.copied,
              use);
  if (kind == Kind::read) read_by_block.insert(use.sectors.begin(), use.sectors.end());
}

bool same_way(const std::vector<Note>& a, const std::vector<Note>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Note& x, const Note& y) {
    return x.site == y.site && x.kind == y.kind;
  });
}

// Lanes on different ways through the code.
void add_parted(std::vector<Note>* lanes) {
  std::map<std::pair<const void*, Kind>, std::vector<Request>> requests;
  for (size_t lane = 0; lane < 32; ++lane) {
    std::map<std::pair<const void*, Kind>, size_t> times;
    for (const Note& n : lanes[lane]) {
      const std::pair<const void*, Kind> key{n.site, n.kind};
      auto& all = requests[key];
      const size_t time = times[key]++;
      if (time == all.size()) all.emplace_back();
      all[time][lane] = n.touch;
    }
  }
  for (const auto& [key, all] : requests) {
    for (const Request& request : all) add_request(key.second, request);
  }
}

void add_warp(std::vector<Note>* lanes) {
  const auto first = std::find_if(lanes, lanes + 32, [](const auto& all) { return !all.empty(); });
  if (first == lanes + 32) return;
  const bool together = std::all_of(
      lanes, lanes + 32, [&](const auto& all) { return all.empty() || same_way(all, *first); });
  if (together) {
    for (size_t i = 0; i < first->size(); ++i) {
      Request request;
      for (size_t lane = 0; lane < 32; ++lane) {
        if (!lanes[lane].empty()) request[lane] = lanes[lane][i].touch;
      }
      add_request((*first)[i].kind, request);
    }
  } else {
    add_parted(lanes);
  }
  for (size_t lane = 0; lane < 32; ++lane) lanes[lane].clear();
}

int64_t products_of(WarpOp op) {
  switch (op) {
    case WarpOp::multiply_f16:
    case WarpOp::multiply_bf16:
      return 16 * 8 * 16;
    case WarpOp::multiply_f16_half_depth:
      return 16 * 8 * 8;
    case WarpOp::multiply_int8:
      return 16 * 8 * 32;
    default:
      return 0;
  }
}

bool within(const std::byte* at, const std::byte* begin, size_t bytes) {
  return static_cast<size_t>(at - begin) < bytes;
}

}  // namespace

void Counts::each(const std::function<void(const char*, double&)>& fn) {
  fn("products", products);
  fn("read_sectors", read.sectors), fn("read_bytes", read.bytes);
  fn("written_sectors", written.sectors), fn("written_bytes", written.bytes);
  fn("copied_sectors", copied.sectors), fn("copied_bytes", copied.bytes);
  fn("sectors_once", sectors_once);
  fn("wavefronts", wavefronts), fn("conflicts", conflicts);
}

std::vector<CountedLaunch>& counted_launches() {
  static std::vector<CountedLaunch> all;
  return all;
}

void begin_counted_launch(const fake::Launch& launch) {
  current.kernel = launch.kernel;
  current.blocks = static_cast<double>(launch.grid[0]) * launch.grid[1] * launch.grid[2];
  current.threads = launch.block[0] * launch.block[1] * launch.block[2];
  current.shared_bytes = launch.shared_bytes;
  counts = {};
}

void end_counted_launch(int64_t executed) {
  const double scale = current.blocks / static_cast<double>(executed);
  counts.each([&](const char*, double& number) { number *= scale; });
  current.counts = counts;
  counted_launches().push_back(current);
}

void count_barrier() {
  const size_t threads = block().position().threads.count();
  for (size_t first = 0; first < threads; first += 32) add_warp(&notes[first]);
  if (block().runs()) return;
  counts.sectors_once += static_cast<double>(read_by_block.size());
  read_by_block.clear();
}

void count_access(const void* where, size_t bytes, Access access, const void* site) {
  static const fake::Room room = fake::device_room();
  const auto* at = static_cast<const std::byte*>(where);
  if (within(at, block().shared(), Block::kMaxShared) ||
      within(at, __start_cuda_shared,
             static_cast<size_t>(__stop_cuda_shared - __start_cuda_shared))) {
    note(Kind::shared, where, bytes, site);
  } else if (within(at, room.begin, room.bytes)) {
    note(access == Access::read ? Kind::read : Kind::written, where, bytes, site);
  }
}

void count_chunk(const void* to, const void* from, bool inside, const void* site) {
  if (inside) note(Kind::copied, from, 16, site);
  note(Kind::shared, to, 16, site);
}

bool count_operation(WarpOp op, const Operands& operands, const void* site) {
  if (const int64_t products = products_of(op)) {
    counts.products += static_cast<double>(products) / 32;
    return true;
  }
  const int matrices = matrices_of(op);
  if (!matrices) return false;
  if (block().thread().number % 32 < 8 * matrices) {
    note(Kind::shared, block().shared() + operands.b[0], 16, site);
  }
  return true;
}

void count_products(int64_t products, int64_t shared_bytes) {
  counts.products += static_cast<double>(products);
  counts.wavefronts += static_cast<double>(shared_bytes) / 128;
}

void count_bulk(const void* global, size_t bytes, Access access) {
  const auto at = reinterpret_cast<uintptr_t>(global);
  GlobalUse& use = access == Access::read ? counts.copied : counts.written;
  if (bytes) use.sectors += static_cast<double>((at + bytes - 1) / 32 - at / 32 + 1);
  use.bytes += static_cast<double>(bytes);
  counts.wavefronts += static_cast<double>(bytes) / 128;
}

}  // namespace yent::cuda::emulator
