// Addresses of the network, and ranges of them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace yent::server {

// An IPv4 address is its IPv4-mapped IPv6 address.
using Address = std::array<uint8_t, 16>;
std::optional<Address> parse_address(std::string_view text);
bool is_loopback(std::string_view text);  // 127.0.0.0/8, ::1, localhost

// 10.0.0.0/8, fd00::/8, or an address alone.
class AddressRange {
 public:
  static std::optional<AddressRange> parse(std::string_view text);
  bool contains(const Address& address) const;

 private:
  Address first_{};
  int bits_ = 128;
};

// HOST:PORT, [IPV6]:PORT, HOST or :PORT; the port is -1 where there is none.
struct HostPort {
  std::string host;
  int port = -1;
};
std::optional<HostPort> parse_host_port(std::string_view text);

}  // namespace yent::server
