// An HTTP request and its answer as values. Nothing here knows sockets.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace yent::server {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method = {};  // GET
  std::string target = {};  // as it came: /jobs?limit=5
  std::string path = {};    // /jobs, without escapes
  Pairs query = {};         // decoded, in order
  Pairs headers = {};       // names in lower case
  std::string body = {};
  std::string peer = {};                         // the address at the other end of the connection
  bool keeps_alive = true, old_version = false;  // HTTP/1.0 knows no chunks

  // The value of the header of that name (lower case): the first, or an empty text.
  std::string_view header(std::string_view name) const;
  size_t count(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string type = "application/json";
  Pairs headers = {};
  std::shared_ptr<const std::string> body = {};  // null: none

  static Response json(int status, std::string text);
  static Response empty(int status) { return {.status = status}; }
};

// Path and query of a target. Nothing where it is no path or an escape in it is none.
struct Target {
  std::string path;
  Pairs query = {};
};
std::optional<Target> parse_target(std::string_view target);

// %41 is A, and in a query + is a space. Nothing for a broken escape or a NUL.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space);

std::string_view trimmed(std::string_view text);  // without spaces and tabs around

}  // namespace yent::server
