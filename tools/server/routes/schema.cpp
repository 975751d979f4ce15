#include "tools/server/routes/schema.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"
#include "kernels/spelling.h"
#include "tools/command_line/number.h"
#include "tools/server/routes/http_error.h"

namespace yent::server {
namespace {

[[noreturn]] void refuse(const std::string& field, const std::string& sentence) {
  throw HttpError(Fault::bad_request, field + " " + sentence, field);
}

const char* name_of_kind(Kind kind) {
  switch (kind) {
    case Kind::boolean:
      return "boolean";
    case Kind::integer:
      return "integer";
    case Kind::number:
      return "number";
    case Kind::text:
      return "string";
    case Kind::array:
      return "array";
    case Kind::object:
      return "object";
    case Kind::any:
      return "any";
  }
  return "any";
}

// Natural numbers of 64 bits are integers, too: seeds. So is 7.0, as JSON Schema has it.
bool is_integer(const Json& value) {
  if (value.integer() || value.natural()) return true;
  const auto number = value.number();
  return number && std::floor(*number) == *number && std::abs(*number) < 9e15;
}

bool is_of(Kind kind, const Json& value) {
  switch (kind) {
    case Kind::boolean:
      return value.boolean().has_value();
    case Kind::integer:
      return is_integer(value);
    case Kind::number:
      return value.number() && std::isfinite(*value.number());
    case Kind::text:
      return value.text() != nullptr;
    case Kind::array:
      return value.is_array();
    case Kind::object:
      return value.is_object();
    case Kind::any:
      return true;
  }
  return true;
}

// A long text is no help in a sentence.
std::string shown(const Json& value) {
  std::string text = value.dump();
  if (text.size() > 60) return std::string("a ") + value.type_name();
  return text;
}

void check_range(const Json& value, const Field& field, const std::string& name) {
  const auto number = value.number();
  if (!number) return;
  if (field.least && *number < *field.least) {
    refuse(name, fmt::format("is {}, expected {} to {}", shown(value), *field.least,
                             field.most ? fmt::format("{}", *field.most) : "any"));
  }
  if (field.most && *number > *field.most) {
    refuse(name, fmt::format("is {}, expected at most {}", shown(value), *field.most));
  }
}

void check_value(const Json& value, const Field& field, const std::string& name) {
  if (!field.refused_because.empty()) {
    if (std::ranges::find(field.values, value) != field.values.end()) return;
    refuse(name, fmt::format("is {}: {}", shown(value), field.refused_because));
  }
  if (!is_of(field.kind, value)) {
    refuse(name, fmt::format("is {}, expected {} {}", shown(value),
                             field.kind == Kind::integer || field.kind == Kind::array ||
                                     field.kind == Kind::object
                                 ? "an"
                                 : "a",
                             name_of_kind(field.kind)));
  }
  check_range(value, field, name);
  if (!field.values.empty() && std::ranges::find(field.values, value) == field.values.end()) {
    std::string known;
    for (const Json& one : field.values) known += (known.empty() ? "" : ", ") + one.dump();
    refuse(name, fmt::format("is {}, expected one of {}", shown(value), known));
  }
  if (value.text() && value.text()->size() > field.longest) {
    throw HttpError(Fault::too_large,
                    fmt::format("{} has {} bytes, expected at most {}", name, value.text()->size(),
                                field.longest),
                    name);
  }
  if (value.is_array() && value.size() > field.longest) {
    refuse(name, fmt::format("has {} elements, expected at most {}", value.size(), field.longest));
  }
  for (size_t i = 0; value.is_array() && i < value.size(); ++i) {
    const std::string element = fmt::format("{}[{}]", name, i);
    if (field.elements && !is_of(*field.elements, value[i])) {
      refuse(element,
             fmt::format("is {}, expected {}", shown(value[i]), name_of_kind(*field.elements)));
    }
    if (!field.fields.empty()) check_fields(value[i], field.fields, element + ".");
  }
  if (value.is_object() && !field.fields.empty()) check_fields(value, field.fields, name + ".");
}

// A value of a query, which is text, as its field wants it.
Json from_text(const std::string& text, const Field& field) {
  switch (field.kind) {
    case Kind::boolean:
      if (text == "true" || text == "1") return Json(true);
      if (text == "false" || text == "0") return Json(false);
      break;
    case Kind::integer:
      if (const auto natural = natural_number(text)) return Json(*natural);
      if (const auto whole = whole_number(text)) return Json(*whole);
      break;
    case Kind::number:
      if (const auto number = decimal_number(text)) return Json(*number);
      break;
    case Kind::text:
    case Kind::array:
    case Kind::object:
    case Kind::any:
      break;
  }
  return Json(text);
}

}  // namespace

Field flag_field(std::string name, std::string help) {
  return {std::move(name), Kind::boolean, std::move(help)};
}
Field integer_field(std::string name, std::string help) {
  return {std::move(name), Kind::integer, std::move(help)};
}
Field number_field(std::string name, std::string help) {
  return {std::move(name), Kind::number, std::move(help)};
}
Field text_field(std::string name, std::string help) {
  return {std::move(name), Kind::text, std::move(help)};
}
Field any_field(std::string name, std::string help) {
  return {std::move(name), Kind::any, std::move(help)};
}
Field object_field(std::string name, std::string help, std::vector<Field> fields) {
  Field field{std::move(name), Kind::object, std::move(help)};
  field.fields = std::move(fields);
  return field;
}
Field array_field(std::string name, std::string help, Kind elements) {
  Field field{std::move(name), Kind::array, std::move(help)};
  field.elements = elements;
  return field;
}
Field objects_field(std::string name, std::string help, std::vector<Field> fields) {
  Field field = array_field(std::move(name), std::move(help), Kind::object);
  field.fields = std::move(fields);
  return field;
}
Field only_field(std::string name, std::string because, std::vector<Json> harmless) {
  Field field{std::move(name), Kind::any, because};
  field.values = std::move(harmless);
  field.refused_because = std::move(because);
  return field;
}

std::string Fields::text(const char* name, std::string fallback) const {
  const std::string* found = json_[name].text();
  return found ? *found : fallback;
}

int64_t Fields::integer(const char* name, int64_t fallback) const {
  if (const auto whole = json_[name].integer()) return *whole;
  const auto number = json_[name].number();
  return number ? static_cast<int64_t>(*number) : fallback;
}

uint64_t Fields::natural(const char* name, uint64_t fallback) const {
  if (const auto natural = json_[name].natural()) return *natural;
  const auto number = json_[name].number();
  return number && *number >= 0 && *number < 9e15 ? static_cast<uint64_t>(*number) : fallback;
}

double Fields::number(const char* name, double fallback) const {
  return json_[name].number().value_or(fallback);
}

bool Fields::flag(const char* name, bool fallback) const {
  return json_[name].boolean().value_or(fallback);
}

void check_known(const std::string& name, const std::vector<Field>& fields,
                 const std::string& where) {
  std::vector<std::string> names;
  for (const Field& field : fields) names.push_back(field.name);
  if (std::ranges::find(names, name) != names.end()) return;
  const auto meant = nearest_name(name, names);
  throw HttpError(Fault::bad_request,
                  fmt::format("there is no field {}{}", Json(where + name).dump(),
                              meant ? fmt::format("; did you mean {}?", *meant) : ""),
                  where + name);
}

void check_fields(const Json& object, const std::vector<Field>& fields, const std::string& where) {
  if (!object.is_object()) {
    throw HttpError(Fault::bad_request,
                    fmt::format("{} is a {}, expected an object",
                                where.empty() ? "the body" : where, object.type_name()));
  }
  for (const auto& [key, value] : object.items()) {
    check_known(key, fields, where);
    const auto field =
        std::ranges::find_if(fields, [&k = key](const Field& f) { return f.name == k; });
    if (!value.is_null()) check_value(value, *field, where + key);
  }
  for (const Field& field : fields) {
    if (field.required && object[field.name].is_null()) refuse(where + field.name, "is missing");
  }
}

Fields checked_body(const std::string& text, const std::vector<Field>& fields) {
  Json body = Json::object();
  if (!text.empty()) {
    try {
      body = parse_json(text, "the body");
    } catch (const Error& error) {
      throw HttpError(Fault::bad_request, error.what());
    }
  }
  check_fields(body, fields);
  return Fields(std::move(body));
}

Fields checked_query(const Pairs& query, const std::vector<Field>& fields) {
  Json object = Json::object();
  for (const auto& [key, text] : query) {
    const auto field =
        std::ranges::find_if(fields, [&k = key](const Field& f) { return f.name == k; });
    // Other programs add what they like to a query (a time against caches): that is ignored.
    if (field != fields.end()) object[key] = from_text(text, *field);
  }
  check_fields(object, fields);
  return Fields(std::move(object));
}

Json schema_of(const Field& field) {
  Json schema = Json::object();
  if (field.kind != Kind::any) schema["type"] = name_of_kind(field.kind);
  if (!field.help.empty()) schema["description"] = field.help;
  if (field.least) schema["minimum"] = *field.least;
  if (field.most) schema["maximum"] = *field.most;
  if (field.kind == Kind::text) schema["maxLength"] = field.longest;
  if (!field.values.empty()) schema["enum"] = field.values;
  if (field.kind == Kind::array) {
    schema["maxItems"] = field.longest;
    if (!field.fields.empty()) {
      schema["items"] = schema_of(field.fields);
    } else if (field.elements) {
      schema["items"]["type"] = name_of_kind(*field.elements);
    }
  } else if (!field.fields.empty()) {
    const Json inner = schema_of(field.fields);
    for (const auto& [key, value] : inner.items()) schema[key] = value;
  }
  return schema;
}

Json schema_of(const std::vector<Field>& fields) {
  Json schema = Json::object(), properties = Json::object(), required = Json::array();
  for (const Field& field : fields) {
    properties[field.name] = schema_of(field);
    if (field.required) required.push_back(field.name);
  }
  schema["type"] = "object";
  schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  schema["additionalProperties"] = false;
  return schema;
}

}  // namespace yent::server
