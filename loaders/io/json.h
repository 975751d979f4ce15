// JSON values, strict parsing of files that nobody vouches for, and the getters that config readers
// share. Only json.cpp knows the JSON library: its header is slow to compile.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace yent {

// One JSON value, owned. The members of an object keep the order in which they were added.
// Const functions may be called from several threads at once.
class Json {
 public:
  struct Member;

  Json();  // null
  Json(std::nullptr_t);
  template <std::integral T>
  Json(T value);
  Json(double value);
  Json(std::string value);
  Json(std::string_view value);
  Json(const char* value);
  template <class T>
  Json(const std::vector<T>& values) : Json(array()) {
    for (const auto& value : values) push_back(value);
  }

  static Json array();
  static Json array(std::vector<Json> elements);
  static Json object();
  static Json object(std::vector<Member> members);  // with different keys

  Json(const Json&);
  Json(Json&&) noexcept;
  Json& operator=(const Json&);
  Json& operator=(Json&&) noexcept;
  ~Json();

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }
  const char* type_name() const;  // "null", "number", "object", ...

  // The value, or nothing when it is of another type. A natural number is an integer without a
  // sign; an integer fits in int64_t; every integer is a number too.
  std::optional<bool> boolean() const;
  std::optional<uint64_t> natural() const;
  std::optional<int64_t> integer() const;
  std::optional<double> number() const;
  const std::string* text() const;  // null when it is no string

  // The value as a bool, int, int64_t, uint64_t, float, double, std::string, or as a std::vector
  // of strings, int32_t, float or double. Throws a file error for another type or range.
  template <class T>
  T get() const;

  // The elements of an array; nothing for all other types.
  const Json* begin() const { return elements().data(); }
  const Json* end() const { return begin() + elements().size(); }
  const Json& operator[](size_t index) const;
  Json& operator[](size_t index);
  void push_back(Json element);  // null becomes an array first

  // The members of an object; nothing for all other types.
  std::span<const Member> items() const;
  // Takes time in the number of members. Null when there is no such member.
  const Json* find(std::string_view key) const;
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  const Json& at(std::string_view key) const;          // absent: a file error
  const Json& operator[](std::string_view key) const;  // absent: a null value
  // Adds a null member when there is none, which ends the references to all other members. Null
  // becomes an object first.
  Json& operator[](std::string_view key);

  size_t size() const;  // of an array or object; 0 for all other types
  bool empty() const { return size() == 0; }

  // On one line, or on many with `indent` spaces a level. Invalid UTF-8 is replaced.
  std::string dump(int indent = -1) const;

  // Numbers are equal when their values are; objects, whatever the order of their members.
  friend bool operator==(const Json& a, const Json& b);

 private:
  using Array = std::vector<Json>;
  using Object = std::vector<Member>;
  friend class JsonBuilder;  // of json.cpp

  std::span<const Json> elements() const;

  // A parsed integer is an int64_t when it has a sign, also "-0".
  std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, Array, Object> value_;
};

struct Json::Member {
  std::string key;
  Json value;
};

template <std::integral T>
Json::Json(T value) {
  if constexpr (std::same_as<T, bool>) {
    value_ = value;
  } else if (value < T{0}) {
    value_ = static_cast<int64_t>(value);
  } else {
    value_ = static_cast<uint64_t>(value);
  }
}

// Python's json module also writes the numbers NaN, Infinity and -Infinity, and so do the configs
// of diffusers and transformers.
enum class JsonDialect { strict, python };

// Strict JSON: UTF-8, no duplicate keys, at most 64 levels and four million values. `where` (a
// path, as a rule) begins the sentence of the file error.
Json parse_json(std::string_view text, const std::string& where,
                JsonDialect dialect = JsonDialect::strict);

// A file of at most 64 MiB in Python's dialect: Python writes all of them.
Json read_json(const std::filesystem::path& path);

// A field of the object `json`. Absent or null gives `fallback`; without a fallback, a file error.
// A wrong type or a number outside [min, max] is a file error that names `where`, the key, the
// value found and the value expected. Where null differs from absent, use find().
int64_t get_int(const Json& json, const char* key, std::optional<int64_t> fallback, int64_t min,
                int64_t max, const std::string& where);
double get_number(const Json& json, const char* key, std::optional<double> fallback, double min,
                  double max, const std::string& where);
bool get_bool(const Json& json, const char* key, std::optional<bool> fallback,
              const std::string& where);
std::string get_string(const Json& json, const char* key, std::optional<std::string> fallback,
                       const std::string& where);
std::vector<std::string> get_strings(const Json& json, const char* key,
                                     std::optional<std::vector<std::string>> fallback,
                                     const std::string& where);
// A single integer is taken as a list of one.
std::vector<int64_t> get_ints(const Json& json, const char* key,
                              std::optional<std::vector<int64_t>> fallback, int64_t min,
                              int64_t max, const std::string& where);

}  // namespace yent
