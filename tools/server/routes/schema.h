// The fields of a body or a query: what checks them, and what the description of the routes says of
// them, is the same list.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loaders/io/json.h"
#include "tools/server/http/message.h"

namespace yent::server {

enum class Kind { boolean, integer, number, text, array, object, any };

struct Field {
  std::string name;
  Kind kind = Kind::any;
  std::string help = {};
  bool required = false;
  std::optional<double> least = {}, most = {};  // of a number
  size_t longest = 4096;                        // of a text, in bytes; of an array, in elements
  std::vector<Json> values = {};                // the only ones, if there are any
  std::vector<Field> fields = {};               // of an object, or of the objects in an array
  std::optional<Kind> elements = {};            // of an array
  // Where it says something, the field can take no other value than `values`, and this sentence
  // says why.
  std::string refused_because = {};

  Field require() && { return required = true, std::move(*this); }
  Field between(double a, double b) && { return least = a, most = b, std::move(*this); }
  Field up_to(size_t size) && { return longest = size, std::move(*this); }
  Field one_of(std::vector<Json> only) && { return values = std::move(only), std::move(*this); }
};

Field flag_field(std::string name, std::string help);
Field integer_field(std::string name, std::string help);
Field number_field(std::string name, std::string help);
Field text_field(std::string name, std::string help);
Field any_field(std::string name, std::string help);
Field object_field(std::string name, std::string help, std::vector<Field> fields);
Field array_field(std::string name, std::string help, Kind elements);
Field objects_field(std::string name, std::string help, std::vector<Field> fields);
// A field of another program's API that we cannot honour. It is accepted with these values, which
// ask for nothing, and refused with `because` for all others.
Field only_field(std::string name, std::string because, std::vector<Json> harmless);

// Fields that were checked. What is absent or null is not there. Cheap to copy.
class Fields {
 public:
  Fields() : json_(Json::object()) {}
  explicit Fields(Json json) : json_(std::move(json)) {}

  bool has(const char* name) const { return !json_[name].is_null(); }
  std::string text(const char* name, std::string fallback = {}) const;
  int64_t integer(const char* name, int64_t fallback = 0) const;
  uint64_t natural(const char* name, uint64_t fallback = 0) const;
  double number(const char* name, double fallback = 0) const;
  bool flag(const char* name, bool fallback = false) const;
  const Json& json(const char* name) const { return json_[name]; }
  const Json& all() const { return json_; }

 private:
  Json json_;
};

// Throws an HttpError that names the field. `where` is in front of the names of fields in fields.
void check_fields(const Json& object, const std::vector<Field>& fields,
                  const std::string& where = {});

// Throws where none of the fields has that name; says which one was meant, if that is clear.
void check_known(const std::string& name, const std::vector<Field>& fields,
                 const std::string& where = {});

// The body of a request.
Fields checked_body(const std::string& text, const std::vector<Field>& fields);
// Texts of a query become what their fields are.
Fields checked_query(const Pairs& query, const std::vector<Field>& fields);

// A JSON Schema of an object with these fields, in the dialect of OpenAPI 3.1.
Json schema_of(const std::vector<Field>& fields);
Json schema_of(const Field& field);

}  // namespace yent::server
