// Who may come in: hosts and origins that a browser names, keys, and the cookies of visitors.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/server/access/addresses.h"
#include "tools/server/http/message.h"

namespace yent::server {

struct AccessConfig {
  std::vector<std::string> keys = {};     // none: everybody may come in
  std::vector<std::string> hosts = {};    // names beside localhost and addresses
  std::vector<std::string> origins = {};  // pages of other servers that may ask: https://NAME
  std::vector<AddressRange> proxies = {};
  bool secure_cookies = false;  // the public address is https
};

// The keys of a file, one a line; lines that begin with # and empty ones are none. Throws a file
// error for a file that others can read, for none, and for a key that is too short to be safe.
std::vector<std::string> read_keys(const std::filesystem::path& file);

// Whose work it is: the holder of a key, a visitor with a cookie, or everybody at an address.
struct Caller {
  std::string id;
};

// For the network thread.
class Access {
 public:
  explicit Access(AccessConfig config) : config_(std::move(config)) {}

  bool needs_key() const { return !config_.keys.empty(); }

  // Why the request is refused to any caller; nothing if it is not. A page that was loaded
  // under another name for this address (DNS rebinding), and pages of other servers, end here.
  std::optional<std::string> refusal(const Request& request) const;
  // The origin, if it is one that may ask.
  std::optional<std::string> foreign_origin(const Request& request) const;

  // Nothing without a valid key or cookie where one is needed.
  std::optional<Caller> caller(const Request& request) const;
  std::string peer(const Request& request) const;  // behind proxies that are trusted

  // The value of Set-Cookie for a new visitor who has shown this key (empty: none is needed).
  std::string new_cookie(const std::string& key) const;
  std::string no_cookie() const;  // takes the cookie back
  std::optional<std::string> matching_key(std::string_view shown) const;
  bool has_cookie(const Request& request) const;

  // How long the answer to a wrong key waits: longer each time, by address.
  std::chrono::milliseconds slow_down(const std::string& peer);
  static bool shows_key(const Request& request);

 private:
  std::optional<std::string> visitor(const Request& request) const;
  std::string cookie_flags() const;

  AccessConfig config_;
  struct Failures {
    int count = 0;
    std::chrono::steady_clock::time_point last = {};
  };
  std::map<std::string, Failures> failures_;
};

}  // namespace yent::server
