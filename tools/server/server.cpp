#include "tools/server/server.h"

#include <algorithm>

#include "kernels/spelling.h"
#include "tools/server/access/secrets.h"
#include "tools/server/routes/table.h"
#include "tools/server/workers/there_and_back.h"

namespace yent::server {
namespace {

constexpr size_t kParsedAtOnce = 64 << 10;  // bytes of JSON: half a millisecond

ErrorShape shape_of(const std::string& path) {
  return path.starts_with("/sdapi/") ? ErrorShape::a1111 : ErrorShape::openai;
}

std::string type_of(const Request& request) {
  const std::string_view header = request.header("content-type");
  return lower_case(trimmed(header.substr(0, header.find(';'))));
}

// Who it is, in a log: the same name each time, and not the secret that a cookie holds.
std::string short_name(const Caller& caller) { return keyed_hash("log", caller.id).substr(0, 12); }

}  // namespace

HttpError store_error(const Error& error) {
  return {Fault::full, std::string("the store: ") + error.what()};
}

Server::Server(Loop& loop, const Shelf& shelf, Store& store, ServerConfig c)
    : loop(loop),
      shelf(shelf),
      store(store),
      config(std::move(c)),
      access(config.access),
      jobs(loop, store, config.node, config.jobs),
      log(config.log_json),
      routes_(std::make_unique<RouteTable>(all_routes(config.limits))) {}

Server::~Server() = default;

void Server::guarded(const std::shared_ptr<Call>& call, const std::function<void()>& work) {
  try {
    work();
  } catch (const HttpError& error) {
    call->fail(error);
  } catch (const Error& error) {
    call->fail(http_error_of(error));
  } catch (const std::exception& error) {
    call->fail({Fault::failed, error.what()});
  }
}

void Server::aside(const std::shared_ptr<Call>& call, std::function<void()> work,
                   std::function<void()> then) {
  const auto failed = std::make_shared<std::optional<HttpError>>();
  there_and_back(
      side_, loop,
      [failed, work = std::move(work)] {
        try {
          work();
        } catch (const HttpError& error) {
          failed->emplace(error);
        } catch (const Error& error) {
          failed->emplace(http_error_of(error));
        } catch (const std::exception& error) {
          failed->emplace(Fault::failed, error.what());
        }
      },
      [call, failed, then = std::move(then)] {
        *failed ? call->fail(**failed) : guarded(call, then);
      });
}

void Server::log_words(const Job& job) {
  if (!config.log_prompts) return;
  const VoiceWish& voice = job.spec.voice;
  const bool paints = job.spec.kind == JobKind::paint;
  log.say(fmt::format("job {}: {}", job.id,
                      Json(paints ? job.spec.painting.prompt : voice.input).dump()));
}

// ---- A request's way --------------------------------------------------------------------------

std::optional<Response> Server::preflight(const Request& request) const {
  if (request.method != "OPTIONS" || !access.foreign_origin(request)) return std::nullopt;
  Response response = Response::empty(204);
  response.headers = {
      {"Access-Control-Allow-Methods", "GET, POST, DELETE"},
      {"Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID"},
      {"Access-Control-Max-Age", "600"}};
  return response;
}

Admission Server::admit(const Request& request) {
  const ErrorShape shape = shape_of(request.path);
  const auto refuse = [&](const HttpError& error) {
    return Admission{.refusal = error_response(error, shape)};
  };
  if (const auto why = access.refusal(request)) return refuse({Fault::forbidden, *why});
  if (auto answer = preflight(request)) return {.refusal = std::move(answer)};
  const RouteTable::Found found = routes_->find(request.method, request.path);
  if (!found.route && found.allowed.empty()) {
    return refuse({Fault::not_found, "there is no such path"});
  }
  if (!found.route) {
    HttpError error(Fault::method_not_allowed,
                    fmt::format("expected {}, got {}", found.allowed, request.method));
    error.allow = found.allowed;
    return refuse(error);
  }
  if (found.route->guard == Guard::caller && !access.caller(request)) {
    Admission refused = refuse({Fault::no_key, "a key is needed"});
    if (Access::shows_key(request)) refused.delay = access.slow_down(access.peer(request));
    return refused;
  }
  return {.body_limit = found.route->body_limit};
}

void Server::handle(std::shared_ptr<Exchange> exchange) {
  const Request& request = exchange->request();
  RouteTable::Found found = routes_->find(request.method, request.path);
  const auto caller = access.caller(request);
  auto call = std::make_shared<Call>(Call{.server = *this,
                                          .route = *found.route,
                                          .caller = caller.value_or(Caller{}),
                                          .exchange = std::move(exchange),
                                          .values = std::move(found.values),
                                          .query = {},
                                          .body = {}});
  guarded(call, [&] {
    call->query = checked_query(call->request().query, call->route.query);
    read_body(call);
  });
}

void Server::read_body(const std::shared_ptr<Call>& call) {
  const Route& route = call->route;
  const Request& request = call->request();
  if (route.method == "GET" || route.body.empty()) return route.handle(call);
  const std::string type = type_of(request);
  const bool is_known = std::ranges::find(route.body_types, type) != route.body_types.end();
  if (!request.body.empty() && !is_known) {
    throw HttpError(Fault::media_type, "the body's type is not " + route.body_types.front());
  }
  if (!request.body.empty() && type != "application/json") {
    call->bytes = call->exchange->take_body();
    return route.handle(call);
  }
  if (request.body.size() <= kParsedAtOnce) {
    call->body = checked_body(request.body, route.body);
    return route.handle(call);
  }
  const auto text = std::make_shared<const std::string>(call->exchange->take_body());
  aside(
      call, [call, text] { call->body = checked_body(*text, call->route.body); },
      [call] { call->route.handle(call); });
}

Response Server::malformed(const Request& request, int status, const std::string& sentence) {
  return error_response({fault_of_status(status), sentence}, shape_of(request.target));
}

void Server::decorate(const Request& request, Response& response) {
  const auto set = [&](const char* name, const std::string& value) {
    for (const auto& header : response.headers) {
      if (header.first == name) return;
    }
    response.headers.emplace_back(name, value);
  };
  set("X-Content-Type-Options", "nosniff");
  set("Referrer-Policy", "no-referrer");
  set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  set("Cross-Origin-Resource-Policy", "same-origin");
  set("Cache-Control", "no-store");
  const auto origin = access.foreign_origin(request);
  if (!origin) return;
  set("Access-Control-Allow-Origin", *origin);
  set("Access-Control-Expose-Headers", "Location, Retry-After");
  set("Vary", "Origin");
}

void Server::finished(const Request& request, int status, size_t bytes, bool gone,
                      std::chrono::microseconds took) {
  const RouteTable::Found found = routes_->find(request.method, request.path);
  metrics.count_request(found.route ? found.route->path : "none",
                        found.route ? found.route->method : "none", status, took);
  if (config.quiet) return;
  const auto caller = access.caller(request);
  log.request({.peer = access.peer(request),
               .caller = caller ? short_name(*caller) : "-",
               .method = request.method,
               .path = request.path,
               .status = status,
               .bytes = bytes,
               .took = took,
               .gone = gone});
}

}  // namespace yent::server
