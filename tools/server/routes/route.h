// A route: its path, its fields and what it does. The rows of one table dispatch requests, check
// them and describe themselves in /openapi.json.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/server/access/access.h"
#include "tools/server/http/exchange.h"
#include "tools/server/routes/http_error.h"
#include "tools/server/routes/schema.h"

namespace yent::server {

class Server;
struct Route;

enum class Guard {
  open,    // for everybody
  caller,  // for a valid key or cookie, where one is needed
};

// A request on its way: what was checked, and where the answer goes. Always in a shared_ptr.
struct Call {
  Server& server;
  const Route& route;
  Caller caller;
  std::shared_ptr<Exchange> exchange;
  std::vector<std::string> values;  // of the path: one for each {name}
  Fields query, body;
  std::string bytes = {};  // a body that is no JSON

  const Request& request() const { return exchange->request(); }
  void answer(int status, const Json& json) const;
  void answer(Response response) const { exchange->answer(std::move(response)); }
  void fail(const HttpError& error) const;
};

// On the network thread. It may answer later; what it throws (HttpError, Error) is the answer.
using Handler = std::function<void(const std::shared_ptr<Call>&)>;

struct Route {
  std::string method;
  std::string path;  // /image/{id}/cells
  std::string summary;
  Handler handle;
  std::vector<Field> body = {}, query = {};
  Guard guard = Guard::caller;
  ErrorShape errors = ErrorShape::openai;
  size_t body_limit = 64 << 10;
  std::vector<std::string> body_types = {"application/json"};
  std::string answer_type = "application/json";
  int success = 200;
  std::vector<Field> answer = {};  // of the answer's object, for the description
};

// A path that is asked for, matched against a route's. Nothing where they differ.
std::optional<std::vector<std::string>> match_path(const std::string& pattern,
                                                   const std::string& path);

class RouteTable {
 public:
  explicit RouteTable(std::vector<Route> routes) : routes_(std::move(routes)) {}

  struct Found {
    const Route* route = nullptr;
    std::vector<std::string> values = {};
    std::string allowed = {};  // methods of the path, where the method is another
  };
  // HEAD is served by GET.
  Found find(const std::string& method, const std::string& path) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

// The OpenAPI 3.1 description of the table.
Json openapi(const std::vector<Route>& routes, const std::string& version, bool needs_key);

}  // namespace yent::server
