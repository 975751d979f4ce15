#include "loaders/io/fingerprint.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/error.h"
#include "loaders/io/embedded.h"
#include "loaders/io/mapped_file.h"

namespace yent {
namespace {

// FNV-1a over words of 8 bytes (the last one padded with zeros), with the high bits folded down,
// which multiplication alone does not mix.
class Hash {
 public:
  void add(std::span<const std::byte> bytes) {
    for (size_t i = 0; i < bytes.size(); i += 8) {
      uint64_t word = 0;
      std::memcpy(&word, bytes.data() + i, std::min<size_t>(8, bytes.size() - i));
      add(word);
    }
  }
  void add(uint64_t word) {
    state_ = (state_ ^ word) * 0x100000001b3;
    state_ ^= state_ >> 29;
  }
  std::string text() const { return fmt::format("{:016x}", state_); }

 private:
  uint64_t state_ = 0xcbf29ce484222325;
};

}  // namespace

std::string fingerprint(std::span<const std::byte> bytes) {
  constexpr size_t most = 4 << 20, blocks = 64, block = 16 << 10;
  Hash hash;
  hash.add(bytes.size());
  if (bytes.size() <= most) {
    hash.add(bytes);
    return hash.text();
  }
  for (size_t i = 0; i < blocks; ++i) {
    hash.add(bytes.subspan((bytes.size() - block) / (blocks - 1) * i, block));
  }
  hash.add(bytes.last(block));
  return hash.text();
}

std::string fingerprint(const std::vector<std::filesystem::path>& files) {
  std::vector<std::string> all;
  for (const std::filesystem::path& file : files) {
    if (!is_file(file)) continue;
    try {
      all.push_back(fingerprint(MappedFile(file).bytes()));
    } catch (const Error&) {
      continue;  // not to be read, as is_file may not know
    }
  }
  if (all.size() < 2) return all.empty() ? "" : all.front();
  std::ranges::sort(all);
  Hash hash;
  for (const std::string& one : all) hash.add(std::as_bytes(std::span(one)));
  return hash.text();
}

}  // namespace yent
