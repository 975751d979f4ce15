// A number as it lies in a file: little-endian, at any address.
#pragma once

#include <cstddef>
#include <cstring>

namespace yent {

template <class T>
T read(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace yent
