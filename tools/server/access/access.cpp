#include "tools/server/access/access.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "kernels/error.h"
#include "kernels/spelling.h"
#include "loaders/io/base64.h"
#include "tools/server/access/secrets.h"

namespace yent::server {
namespace {

constexpr size_t kShortestKey = 16;
constexpr std::string_view kCookie = "yent";

std::string visitor_proof(const std::string& key, const std::string& visitor) {
  return keyed_hash(key, "visitor " + visitor);
}

bool is_id(std::string_view text) {
  return text.size() == 32 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::optional<std::string> cookie_of(const Request& request) {
  for (const auto& [name, value] : request.headers) {
    if (name != "cookie") continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = trimmed(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const size_t equals = pair.find('=');
      if (equals != pair.npos && pair.substr(0, equals) == kCookie) {
        return std::string(pair.substr(equals + 1));
      }
    }
  }
  return std::nullopt;
}

// The key that a request shows: as a bearer's token, or as the password of basic auth.
std::optional<std::string> key_of(const Request& request) {
  const std::string_view header = request.header("authorization");
  const size_t space = header.find(' ');
  if (space == header.npos) return std::nullopt;
  const std::string scheme = lower_case(header.substr(0, space));
  const std::string_view value = trimmed(header.substr(space));
  if (scheme == "bearer") return std::string(value);
  if (scheme != "basic") return std::nullopt;
  const auto decoded = from_base64(value);
  const size_t colon = decoded ? decoded->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return decoded->substr(colon + 1);
}

}  // namespace

std::vector<std::string> read_keys(const std::filesystem::path& file) {
  struct stat info = {};
  if (::stat(file.c_str(), &info) != 0) {
    throw file_error("{}: cannot be read, expected a file with keys", file.string());
  }
  if ((info.st_mode & 077) != 0) {
    throw file_error("{}: others may read it (mode {:o}), expected mode 600", file.string(),
                     info.st_mode & 0777);
  }
  std::ifstream in(file);
  std::vector<std::string> keys;
  for (std::string line; std::getline(in, line);) {
    const std::string key(trimmed(line.substr(0, line.find('\r'))));
    if (key.empty() || key[0] == '#') continue;
    if (key.size() < kShortestKey) {
      throw file_error("{}: a key has {} characters, expected at least {}", file.string(),
                       key.size(), kShortestKey);
    }
    keys.push_back(key);
  }
  if (!in.eof()) throw file_error("{}: cannot be read", file.string());
  if (keys.empty()) throw file_error("{}: has no key", file.string());
  return keys;
}

std::optional<std::string> Access::refusal(const Request& request) const {
  if (request.count("host") != 1) {
    if (request.count("host") == 0 && request.old_version) return std::nullopt;
    return "the request names no host, or several";
  }
  const auto host = parse_host_port(request.header("host"));
  const std::string name = host ? lower_case(host->host) : "";
  const bool known =
      host && (name == "localhost" || name.ends_with(".localhost") || parse_address(name) ||
               std::ranges::find(config_.hosts, name) != config_.hosts.end());
  if (!known) return "this server does not answer to that host";
  if (request.count("origin") == 0 || foreign_origin(request)) return std::nullopt;
  const std::string origin(request.header("origin"));
  const std::string own(request.header("host"));
  if (origin == "http://" + own || origin == "https://" + own) return std::nullopt;
  return "pages of that origin may not ask this server";
}

std::optional<std::string> Access::foreign_origin(const Request& request) const {
  const std::string origin(request.header("origin"));
  if (origin.empty()) return std::nullopt;
  if (std::ranges::find(config_.origins, origin) == config_.origins.end()) return std::nullopt;
  return origin;
}

bool Access::shows_key(const Request& request) { return key_of(request).has_value(); }

std::optional<std::string> Access::matching_key(std::string_view shown) const {
  std::optional<std::string> found;
  for (const std::string& key : config_.keys) {  // all of them: the time tells nothing
    if (equal_in_constant_time(key, shown)) found = key;
  }
  return found;
}

std::optional<std::string> Access::visitor(const Request& request) const {
  const auto cookie = cookie_of(request);
  if (!cookie) return std::nullopt;
  const size_t dot = cookie->find('.');
  const std::string id = cookie->substr(0, dot);
  if (!is_id(id)) return std::nullopt;
  if (!needs_key()) return id;
  if (dot == cookie->npos) return std::nullopt;
  bool proved = false;
  for (const std::string& key : config_.keys) {
    proved |= equal_in_constant_time(visitor_proof(key, id), cookie->substr(dot + 1));
  }
  return proved ? std::optional(id) : std::nullopt;
}

std::optional<Caller> Access::caller(const Request& request) const {
  if (needs_key()) {
    if (const auto shown = key_of(request)) {
      const auto key = matching_key(*shown);
      if (!key) return std::nullopt;
      return Caller{"key-" + keyed_hash(*key, "client").substr(0, 32)};
    }
  }
  if (const auto id = visitor(request)) return Caller{"visitor-" + *id};
  if (needs_key()) return std::nullopt;
  return Caller{"address-" + peer(request)};
}

std::string Access::peer(const Request& request) const {
  const auto trusted = [&](const std::string& text) {
    const auto address = parse_address(text);
    return address && std::ranges::any_of(config_.proxies, [&](const AddressRange& range) {
             return range.contains(*address);
           });
  };
  if (!trusted(request.peer)) return request.peer;
  std::string all;
  for (const auto& [name, value] : request.headers) {
    if (name == "x-forwarded-for") all += (all.empty() ? "" : ",") + value;
  }
  // Each proxy adds whom it has seen at the end: the last that is no proxy of ours is the client.
  std::string peer = request.peer;
  while (!all.empty()) {
    const size_t comma = all.rfind(',');
    const std::string last(trimmed(comma == all.npos ? all : all.substr(comma + 1)));
    all.erase(comma == all.npos ? 0 : comma);
    if (!parse_address(last)) break;
    peer = last;
    if (!trusted(last)) break;
  }
  return peer;
}

std::string Access::cookie_flags() const {
  return std::string("; Path=/; HttpOnly; SameSite=Strict") +
         (config_.secure_cookies ? "; Secure" : "");
}

std::string Access::new_cookie(const std::string& key) const {
  const std::string id = random_id();
  const std::string proof = key.empty() ? "" : "." + visitor_proof(key, id);
  return fmt::format("{}={}{}; Max-Age=31536000{}", kCookie, id, proof, cookie_flags());
}

std::string Access::no_cookie() const {
  return fmt::format("{}=; Max-Age=0{}", kCookie, cookie_flags());
}

bool Access::has_cookie(const Request& request) const { return visitor(request).has_value(); }

std::chrono::milliseconds Access::slow_down(const std::string& peer) {
  const auto now = std::chrono::steady_clock::now();
  if (failures_.size() > 10'000) failures_.clear();
  Failures& failures = failures_[peer];
  if (now - failures.last > std::chrono::minutes(10)) failures.count = 0;
  failures.last = now;
  failures.count = std::min(failures.count + 1, 6);
  return std::chrono::milliseconds(100 << failures.count);
}

}  // namespace yent::server
