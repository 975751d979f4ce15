#include "tools/server/routes/route.h"

#include "kernels/spelling.h"
#include "loaders/io/json.h"

namespace yent::server {
namespace {

// The next part of a path, without its slash.
std::string_view take_part(std::string_view& path) {
  if (!path.empty()) path.remove_prefix(1);
  const std::string_view part = path.substr(0, path.find('/'));
  path.remove_prefix(part.size());
  return part;
}

bool is_variable(std::string_view part) { return part.starts_with('{') && part.ends_with('}'); }

Json parameter(const std::string& name, const char* where, Json schema) {
  Json json = Json::object();
  json["name"] = name;
  json["in"] = where;
  json["required"] = std::string_view(where) == "path";
  json["schema"] = std::move(schema);
  return json;
}

Json parameters_of(const Route& route) {
  Json parameters = Json::array();
  std::string_view path = route.path;
  while (!path.empty()) {
    const std::string_view part = take_part(path);
    if (!is_variable(part)) continue;
    Json schema = Json::object();
    schema["type"] = "string";
    parameters.push_back(
        parameter(std::string(part.substr(1, part.size() - 2)), "path", std::move(schema)));
  }
  for (const Field& field : route.query) {
    parameters.push_back(parameter(field.name, "query", schema_of(field)));
  }
  return parameters;
}

Json content_of(const std::string& type, Json schema) {
  Json content = Json::object();
  content[type] = Json::object();
  content[type]["schema"] = std::move(schema);
  return content;
}

Json answers_of(const Route& route) {
  Json answers = Json::object(), success = Json::object(), failure = Json::object();
  success["description"] = route.summary;
  if (route.success != 204) {
    Json schema = Json::object();
    if (!route.answer.empty()) {
      schema = schema_of(route.answer);
      schema["additionalProperties"] = true;
    }
    success["content"] = content_of(route.answer_type, std::move(schema));
  }
  answers[std::to_string(route.success)] = std::move(success);
  failure["description"] = "what was wrong, in one sentence";
  Json schema = Json::object();
  schema["$ref"] = route.errors == ErrorShape::a1111 ? "#/components/schemas/A1111Error"
                                                     : "#/components/schemas/Error";
  failure["content"] = content_of("application/json", std::move(schema));
  answers["default"] = std::move(failure);
  return answers;
}

Json operation_of(const Route& route) {
  Json operation = Json::object();
  operation["summary"] = route.summary;
  Json parameters = parameters_of(route);
  if (!parameters.empty()) operation["parameters"] = std::move(parameters);
  if (!route.body.empty()) {
    Json body = Json::object(), content = Json::object();
    for (const std::string& type : route.body_types) {
      content[type] = Json::object();
      content[type]["schema"] = schema_of(route.body);
    }
    bool required = false;
    for (const Field& field : route.body) required |= field.required;
    body["required"] = required;
    body["content"] = std::move(content);
    operation["requestBody"] = std::move(body);
  }
  operation["responses"] = answers_of(route);
  if (route.guard == Guard::open) operation["security"] = Json::array();
  return operation;
}

const char* kComponents = R"({
  "schemas": {
    "Error": {"type": "object", "required": ["error"], "properties": {"error": {
      "type": "object", "required": ["message", "type", "param", "code"], "properties": {
        "message": {"type": "string"}, "type": {"type": "string"},
        "param": {"type": ["string", "null"]}, "code": {"type": "string"}}}}},
    "A1111Error": {"type": "object", "required": ["error", "detail"], "properties": {
      "error": {"type": "string"}, "detail": {"type": "string"}, "errors": {"type": "string"},
      "body": {"type": "string"}}}
  },
  "securitySchemes": {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "yent"}
  }
})";

}  // namespace

void Call::answer(int status, const Json& json) const {
  exchange->answer(Response::json(status, json.dump()));
}

void Call::fail(const HttpError& error) const {
  exchange->answer(error_response(error, route.errors));
}

std::optional<std::vector<std::string>> match_path(const std::string& pattern,
                                                   const std::string& path) {
  std::vector<std::string> values;
  std::string_view expected = pattern, given = path;
  while (!expected.empty() && !given.empty()) {
    const std::string_view want = take_part(expected), has = take_part(given);
    if (is_variable(want)) {
      if (has.empty()) return std::nullopt;
      values.emplace_back(has);
    } else if (want != has) {
      return std::nullopt;
    }
  }
  if (!expected.empty() || !given.empty()) return std::nullopt;
  return values;
}

RouteTable::Found RouteTable::find(const std::string& method, const std::string& path) const {
  Found found;
  const std::string served = method == "HEAD" ? "GET" : method;
  for (const Route& route : routes_) {
    auto values = match_path(route.path, path);
    if (!values) continue;
    if (route.method == served) return {&route, std::move(*values), ""};
    found.allowed += (found.allowed.empty() ? "" : ", ") + route.method;
  }
  return found;
}

Json openapi(const std::vector<Route>& routes, const std::string& version, bool needs_key) {
  Json description = Json::object();
  description["openapi"] = "3.1.0";
  description["info"] = Json::object();
  description["info"]["title"] = "yent-server";
  description["info"]["version"] = version;
  Json& paths = description["paths"] = Json::object();
  for (const Route& route : routes) {
    if (!paths.contains(route.path)) paths[route.path] = Json::object();
    paths[route.path][lower_case(route.method)] = operation_of(route);
  }
  description["components"] = parse_json(kComponents, "components");
  Json security = Json::array();
  for (const char* scheme : {"bearer", "basic", "cookie"}) {
    if (!needs_key) break;
    Json one = Json::object();
    one[scheme] = Json::array();
    security.push_back(std::move(one));
  }
  description["security"] = std::move(security);
  return description;
}

}  // namespace yent::server
