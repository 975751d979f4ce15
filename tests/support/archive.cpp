#include "tests/support/archive.h"

namespace yent::test {

Zip::Member& Zip::add(const std::string& name, const std::string& data) {
  Member member = {.name = name, .data = data};
  member.header = member.listed_header = static_cast<uint32_t>(bytes.size());
  member.listed_stored = member.listed_size = static_cast<uint32_t>(data.size());
  bytes += fields(member.local_signature, uint16_t{45}, uint16_t{0}, uint16_t{0}, uint32_t{0},
                  uint32_t{0}, member.listed_stored, member.listed_size,
                  static_cast<uint16_t>(name.size()), uint16_t{0});
  bytes += name + data;
  return members.emplace_back(member);
}

std::string Zip::directory() const {
  std::string out;
  for (const Member& m : members) {
    out += fields(uint32_t{0x02014b50}, uint16_t{45}, uint16_t{45}, m.flags, m.method, uint32_t{0},
                  uint32_t{0}, m.listed_stored, m.listed_size, static_cast<uint16_t>(m.name.size()),
                  static_cast<uint16_t>(m.extra.size()), uint16_t{0}, uint16_t{0}, uint16_t{0},
                  uint32_t{0}, m.listed_header);
    out += m.name + m.extra;
  }
  return out;
}

std::string Zip::finish(const std::string& comment) const {
  const std::string list = directory();
  const auto count = static_cast<uint16_t>(members.size());
  return bytes + list +
         fields(uint32_t{0x06054b50}, uint16_t{0}, uint16_t{0}, count, count,
                static_cast<uint32_t>(list.size()), static_cast<uint32_t>(bytes.size()),
                static_cast<uint16_t>(comment.size())) +
         comment;
}

std::string Zip::finish_zip64() const {
  const std::string list = directory();
  const uint64_t count = members.size(), at = bytes.size() + list.size();
  return bytes + list +
         fields(uint32_t{0x06064b50}, uint64_t{44}, uint16_t{45}, uint16_t{45}, uint32_t{0},
                uint32_t{0}, count, count, static_cast<uint64_t>(list.size()),
                static_cast<uint64_t>(bytes.size())) +
         fields(uint32_t{0x07064b50}, uint32_t{0}, at, uint32_t{1}) +
         fields(uint32_t{0x06054b50}, uint16_t{0}, uint16_t{0}, uint16_t{0xffff}, uint16_t{0xffff},
                uint32_t{0xffffffff}, uint32_t{0xffffffff}, uint16_t{0});
}

std::span<const std::byte> span_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string pickle_text(std::string_view s) {
  return "X" + fields(static_cast<uint32_t>(s.size())) + std::string(s);
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace yent::test
