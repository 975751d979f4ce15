// Pages keep their contents when they change owners.
#include <doctest/doctest.h>

#include <cstring>
#include <optional>

#include "kernels/cpu/runtime/pages.h"

using namespace yent;

TEST_CASE("pages: whoever adopts has what was written, and zeros behind it") {
  for (const size_t bytes : {size_t{100}, size_t{5} << 20, size_t{9} << 20}) {
    std::optional<Pages> old(std::in_place, 4 << 20);
    std::memset(old->data(), 7, old->bytes());
    const size_t had = old->bytes();
    Pages grown(bytes);
    CHECK(grown.bytes() >= bytes);
    grown.adopt(*old);
    old.reset();
    for (size_t i = 0; i < grown.bytes(); i += 4096) {
      CHECK(grown.data()[i] == (i < had ? std::byte{7} : std::byte{0}));
    }
    std::memset(grown.data(), 1, grown.bytes());
  }
}
