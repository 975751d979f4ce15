#include "tools/server/routes/http_error.h"

#include "loaders/io/json.h"

namespace yent::server {
namespace {

struct Row {
  Fault fault;
  int status;
  const char *name, *type;
};

// clang-format off
constexpr Row kFaults[] = {
    {Fault::bad_request,        400, "bad_request",        "invalid_request_error"},
    {Fault::no_key,             401, "no_key",             "authentication_error"},
    {Fault::forbidden,          403, "forbidden",          "authentication_error"},
    {Fault::not_found,          404, "not_found",          "invalid_request_error"},
    {Fault::method_not_allowed, 405, "method_not_allowed", "invalid_request_error"},
    {Fault::conflict,           409, "conflict",           "invalid_request_error"},
    {Fault::cancelled,          410, "cancelled",          "invalid_request_error"},
    {Fault::too_large,          413, "too_large",          "invalid_request_error"},
    {Fault::media_type,         415, "media_type",         "invalid_request_error"},
    {Fault::too_many,           429, "too_many",           "rate_limit_error"},
    {Fault::headers_too_large,  431, "headers_too_large",  "invalid_request_error"},
    {Fault::failed,             500, "failed",             "server_error"},
    {Fault::unavailable,        503, "unavailable",        "server_error"},
    {Fault::full,               507, "full",               "server_error"},
};
// clang-format on

const Row& row(Fault fault) { return kFaults[static_cast<size_t>(fault)]; }

}  // namespace

int status_of(Fault fault) { return row(fault).status; }
std::string name_of(Fault fault) { return row(fault).name; }

Fault fault_of_status(int status) {
  for (const Row& known : kFaults) {
    if (known.status == status) return known.fault;
  }
  return Fault::failed;
}

HttpError http_error_of(const Error& error) {
  const bool wish = error.kind() == Error::usage || error.kind() == Error::file;
  return {wish ? Fault::bad_request : Fault::failed, error.what()};
}

std::string error_json(const HttpError& error, ErrorShape shape) {
  const Row& kind = row(error.fault);
  Json json = Json::object();
  if (shape == ErrorShape::a1111) {
    json["error"] = kind.name;
    json["detail"] = error.what();
    json["errors"] = error.what();
    json["body"] = "";
    return json.dump();
  }
  Json& about = json["error"] = Json::object();
  about["message"] = error.what();
  about["type"] = kind.type;
  about["param"] = error.field.empty() ? Json() : Json(error.field);
  about["code"] = kind.name;
  return json.dump();
}

Response error_response(const HttpError& error, ErrorShape shape) {
  Response response = Response::json(status_of(error.fault), error_json(error, shape));
  if (error.retry_after) {
    response.headers.emplace_back("Retry-After", std::to_string(error.retry_after->count()));
  }
  if (!error.allow.empty()) response.headers.emplace_back("Allow", error.allow);
  if (error.fault == Fault::no_key) {
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"yent\"");
  }
  return response;
}

}  // namespace yent::server
