#include "tests/support/hostile.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <span>

#include "kernels/error.h"

namespace yent::test {

std::vector<uint8_t> contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string refusal(const std::function<void()>& read) {
  try {
    read();
    return "";
  } catch (const Error& error) {
    CHECK(error.kind() == Error::file);
    return error.what();
  }
}

size_t touch(const TensorSet& set) {
  size_t sum = 0;
  for (const HostTensor& tensor : set.tensors) {
    REQUIRE(tensor.bytes == checked_bytes(tensor.dtype, tensor.dims));
    const auto holds = [&](std::span<const std::byte> bytes) {
      return tensor.data >= bytes.data() &&
             tensor.data + tensor.bytes <= bytes.data() + bytes.size();
    };
    REQUIRE((std::any_of(set.files.begin(), set.files.end(),
                         [&](const auto& file) { return holds(file->bytes()); }) ||
             std::any_of(set.owned.begin(), set.owned.end(),
                         [&](const auto& copy) { return holds(*copy); })));
    for (size_t i = 0; i < tensor.bytes; ++i) sum += static_cast<size_t>(tensor.data[i]);
  }
  return sum;
}

Damage damage(const std::vector<uint8_t>& valid, const std::string& name,
              const std::function<void(const std::filesystem::path&)>& read) {
  const TemporaryFolder folder;
  const auto accepted = [&](const std::vector<uint8_t>& bytes) {
    // A new file each time: some file systems wait for the disk when a file is truncated to zero.
    std::filesystem::remove(folder / name);
    const std::filesystem::path path = folder.file(name, bytes);
    const std::string sentence = refusal([&] { read(path); });
    // One line that begins with the path.
    if (!sentence.empty()) {
      REQUIRE(sentence.starts_with(path.string()));
      REQUIRE(sentence.find('\n') == sentence.npos);
    }
    return sentence.empty();
  };
  Damage result;
  for (size_t size = 0; size < valid.size(); ++size) {
    ++result.cuts;
    result.cuts_accepted += accepted({valid.begin(), valid.begin() + static_cast<long>(size)});
  }
  for (size_t at = 0; at < valid.size(); ++at) {
    // A low bit, the sign, all bits, and zero.
    for (const uint8_t mask : {uint8_t{0x01}, uint8_t{0x80}, uint8_t{0xff}, valid[at]}) {
      if (mask == 0) continue;
      std::vector<uint8_t> changed = valid;
      changed[at] ^= mask;
      ++result.changes;
      result.changes_accepted += accepted(changed);
    }
  }
  return result;
}

}  // namespace yent::test
