// Archives and pickles put together field by field, so that each field can be wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace yent::test {

// Little-endian fields, one after the other.
template <class... Fields>
std::string fields(Fields... values) {
  std::string out;
  (out.append(reinterpret_cast<const char*>(&values), sizeof values), ...);
  return out;
}

// An archive, field by field, so that each field can be wrong.
struct Zip {
  struct Member {
    std::string name, data;
    uint16_t flags = 0, method = 0;
    std::string extra = {};  // of the directory; the sizes below go with it
    uint32_t listed_stored = 0, listed_size = 0, listed_header = 0;
    std::string local_name = name;  // in the local header
    uint32_t local_signature = 0x04034b50;
    uint32_t header = 0;  // where it lies; set when it is written
  };

  std::string bytes;
  std::vector<Member> members;

  Member& add(const std::string& name, const std::string& data);
  std::string directory() const;
  std::string finish(const std::string& comment = "") const;

  // With the end record that all archives over 4 GiB have.
  std::string finish_zip64() const;
};

std::span<const std::byte> span_of(const std::string& text);

// A string of a pickle of protocol 2.
std::string pickle_text(std::string_view s);

bool contains(const std::string& text, std::string_view part);

}  // namespace yent::test
