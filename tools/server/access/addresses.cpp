#include "tools/server/access/addresses.h"

#include <arpa/inet.h>

#include <algorithm>

#include "tools/command_line/number.h"

namespace yent::server {

std::optional<Address> parse_address(std::string_view text) {
  const std::string copy(text);
  Address address{};
  if (::inet_pton(AF_INET6, copy.c_str(), address.data()) == 1) return address;
  address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (::inet_pton(AF_INET, copy.c_str(), address.data() + 12) == 1) return address;
  return std::nullopt;
}

bool is_loopback(std::string_view text) {
  if (text == "localhost") return true;
  const auto address = parse_address(text);
  if (!address) return false;
  Address six{};
  six[15] = 1;
  return *address == six || AddressRange::parse("127.0.0.0/8")->contains(*address);
}

std::optional<AddressRange> AddressRange::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const auto first = parse_address(text.substr(0, slash));
  if (!first) return std::nullopt;
  AddressRange range;
  range.first_ = *first;
  if (slash == text.npos) return range;
  const bool four = text.find(':') == text.npos;
  const auto bits = natural_number(text.substr(slash + 1));
  if (!bits || *bits > (four ? 32u : 128u)) return std::nullopt;
  range.bits_ = static_cast<int>(*bits) + (four ? 96 : 0);
  return range;
}

bool AddressRange::contains(const Address& address) const {
  for (int bit = 0; bit < bits_; bit += 8) {
    const auto byte = static_cast<size_t>(bit / 8);
    const int kept = std::min(8, bits_ - bit);
    const auto mask = static_cast<uint8_t>(0xff << (8 - kept));
    if (((address[byte] ^ first_[byte]) & mask) != 0) return false;
  }
  return true;
}

std::optional<HostPort> parse_host_port(std::string_view text) {
  HostPort parsed;
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == text.npos) return std::nullopt;
    parsed.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!parse_address(parsed.host)) return std::nullopt;
  } else {
    const size_t colon = text.rfind(':');
    parsed.host = text.substr(0, colon);
    port = colon == text.npos ? "" : text.substr(colon);
    if (parsed.host.find(':') != std::string::npos) return std::nullopt;
  }
  if (port.empty()) return parsed;
  const auto number = port[0] == ':' ? natural_number(port.substr(1)) : std::nullopt;
  if (!number || *number > 65535) return std::nullopt;
  parsed.port = static_cast<int>(*number);
  return parsed;
}

}  // namespace yent::server
