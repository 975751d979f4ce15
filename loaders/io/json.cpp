#include "loaders/io/json.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "kernels/error.h"
#include "loaders/io/mapped_file.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

namespace {

constexpr size_t max_file_bytes = size_t{64} << 20;
constexpr size_t max_depth = 64;
constexpr size_t max_values = 4'000'000;

Error too_many_values(const std::string& where) {
  return file_error("{}: more than {} JSON values", where, max_values);
}

}  // namespace

Json Json::array() {
  Json json;
  json.value_ = Array();
  return json;
}

Json Json::object() {
  Json json;
  json.value_ = Object();
  return json;
}

Json Json::array(std::vector<Json> elements) {
  Json json;
  json.value_ = std::move(elements);
  return json;
}

Json Json::object(std::vector<Member> members) {
  Json json;
  json.value_ = std::move(members);
  return json;
}

Json::Json() = default;
Json::Json(std::nullptr_t) {}
Json::Json(double value) : value_(value) {}
Json::Json(std::string value) : value_(std::move(value)) {}
Json::Json(std::string_view value) : value_(std::string(value)) {}
Json::Json(const char* value) : value_(std::string(value)) {}
Json::Json(const Json&) = default;
Json::Json(Json&&) noexcept = default;
Json& Json::operator=(const Json&) = default;
Json& Json::operator=(Json&&) noexcept = default;
Json::~Json() = default;

const char* Json::type_name() const {
  constexpr const char* names[] = {"null",   "boolean", "number", "number",
                                   "number", "string",  "array",  "object"};
  static_assert(std::size(names) == std::variant_size_v<decltype(value_)>);
  return names[value_.index()];
}

std::optional<bool> Json::boolean() const {
  const bool* value = std::get_if<bool>(&value_);
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<uint64_t> Json::natural() const {
  const uint64_t* value = std::get_if<uint64_t>(&value_);
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<int64_t> Json::integer() const {
  if (const int64_t* value = std::get_if<int64_t>(&value_)) return *value;
  const std::optional<uint64_t> value = natural();
  if (!value || !std::in_range<int64_t>(*value)) return std::nullopt;
  return static_cast<int64_t>(*value);
}

std::optional<double> Json::number() const {
  if (const double* value = std::get_if<double>(&value_)) return *value;
  if (const int64_t* value = std::get_if<int64_t>(&value_)) return static_cast<double>(*value);
  if (const uint64_t* value = std::get_if<uint64_t>(&value_)) return static_cast<double>(*value);
  return std::nullopt;
}

const std::string* Json::text() const { return std::get_if<std::string>(&value_); }

namespace {

[[noreturn]] void refuse(const Json& value, const char* expected) {
  throw file_error("{}, expected {}", printable(value.dump()), expected);
}

// One function for each type that Json::get gives.
template <std::integral T>
void read(const Json& json, T& value) {
  if (const auto natural = json.natural(); natural && std::in_range<T>(*natural)) {
    value = static_cast<T>(*natural);
  } else if (const auto integer = json.integer(); integer && std::in_range<T>(*integer)) {
    value = static_cast<T>(*integer);
  } else {
    refuse(json, "an integer");
  }
}

void read(const Json& json, bool& value) {
  const std::optional<bool> boolean = json.boolean();
  if (!boolean) refuse(json, "true or false");
  value = *boolean;
}

template <std::floating_point T>
void read(const Json& json, T& value) {
  const std::optional<double> number = json.number();
  if (!number) refuse(json, "a number");
  value = static_cast<T>(*number);
}

void read(const Json& json, std::string& value) {
  if (!json.text()) refuse(json, "a string");
  value = *json.text();
}

template <class T>
void read(const Json& json, std::vector<T>& values) {
  if (!json.is_array()) refuse(json, "a list");
  for (const Json& element : json) read(element, values.emplace_back());
}

}  // namespace

template <class T>
T Json::get() const {
  T value{};
  read(*this, value);
  return value;
}

template bool Json::get() const;
template int32_t Json::get() const;
template int64_t Json::get() const;
template uint64_t Json::get() const;
template float Json::get() const;
template double Json::get() const;
template std::string Json::get() const;
template std::vector<std::string> Json::get() const;
template std::vector<int32_t> Json::get() const;
template std::vector<float> Json::get() const;
template std::vector<double> Json::get() const;

std::span<const Json> Json::elements() const {
  const Array* array = std::get_if<Array>(&value_);
  return array ? std::span<const Json>(*array) : std::span<const Json>();
}

const Json& Json::operator[](size_t index) const {
  ENSURE(index < elements().size(), "element {} of {}", index, elements().size());
  return elements()[index];
}

Json& Json::operator[](size_t index) { return const_cast<Json&>(std::as_const(*this)[index]); }

void Json::push_back(Json element) {
  if (is_null()) value_ = Array();
  std::get<Array>(value_).push_back(std::move(element));
}

std::span<const Json::Member> Json::items() const {
  const Object* object = std::get_if<Object>(&value_);
  return object ? std::span<const Member>(*object) : std::span<const Member>();
}

const Json* Json::find(std::string_view key) const {
  for (const Member& member : items()) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

const Json& Json::at(std::string_view key) const {
  if (const Json* value = find(key)) return *value;
  throw file_error("\"{}\" is missing", key);
}

const Json& Json::operator[](std::string_view key) const {
  static const Json null;
  const Json* value = find(key);
  return value ? *value : null;
}

Json& Json::operator[](std::string_view key) {
  if (is_null()) value_ = Object();
  Object& object = std::get<Object>(value_);
  for (Member& member : object) {
    if (member.key == key) return member.value;
  }
  return object.emplace_back(Member{std::string(key), Json()}).value;
}

size_t Json::size() const { return elements().size() + items().size(); }

bool operator==(const Json& a, const Json& b) {
  if (a.integer() && b.integer()) return a.integer() == b.integer();
  if (a.natural() && b.natural()) return a.natural() == b.natural();
  if (a.number() && b.number()) return a.number() == b.number();
  if (a.text() && b.text()) return *a.text() == *b.text();
  if (a.value_.index() != b.value_.index() || a.size() != b.size()) return false;
  const auto in_b = [&](const Json::Member& member) {
    const Json* other = b.find(member.key);
    return other && *other == member.value;
  };
  return a.boolean() == b.boolean() && std::equal(a.begin(), a.end(), b.begin()) &&
         std::ranges::all_of(a.items(), in_b);
}

namespace {

using Library = nlohmann::ordered_json;

Library to_library(const Json& json) {
  if (json.is_object()) {
    Library object = Library::object();
    // As a vector, its base class: ordered_map's own emplace() would search all earlier keys.
    std::vector<Library::object_t::value_type>& members = object.get_ref<Library::object_t&>();
    for (const auto& [key, value] : json.items()) members.emplace_back(key, to_library(value));
    return object;
  }
  if (json.is_array()) {
    Library array = Library::array();
    for (const Json& element : json) array.push_back(to_library(element));
    return array;
  }
  if (json.text()) return *json.text();
  if (json.boolean()) return *json.boolean();
  if (json.natural()) return *json.natural();
  if (json.integer()) return *json.integer();
  if (json.number()) return *json.number();
  return nullptr;
}

}  // namespace

std::string Json::dump(int indent) const {
  return to_library(*this).dump(indent, ' ', false, Library::error_handler_t::replace);
}

// A number in the place of a null, of which the parser sees `null` others before.
struct NumberAtNull {
  size_t null;
  double value;
};

// Builds the document from the parser's events, within the limits. nlohmann's own builder accepts
// duplicate keys, and its variant with a callback takes time quadratic in the number of members,
// so neither is used.
class JsonBuilder : public nlohmann::json_sax<Library> {
 public:
  // The library sees null in place of each of `numbers`, in order.
  JsonBuilder(const std::string& where, std::span<const NumberAtNull> numbers)
      : where_(where), numbers_(numbers) {}

  Json root;

  bool null() override {
    if (numbers_.empty() || numbers_.front().null != nulls_++) return add({});
    const double value = numbers_.front().value;
    numbers_ = numbers_.subspan(1);
    return add(value);
  }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(int64_t value) override {
    Json json;
    json.value_ = value;
    return add(std::move(json));
  }
  bool number_unsigned(uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string&) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(Library::binary_t&) override { return false; }  // JSON text has none

  bool start_object(size_t) override { return open(Json::object()); }
  bool end_object() override {
    check_keys(open_.back()->items());
    return close();
  }
  bool start_array(size_t) override { return open(Json::array()); }
  bool end_array() override { return close(); }

  bool key(std::string& name) override {
    std::get<Json::Object>(open_.back()->value_).push_back({std::move(name), Json()});
    return true;
  }

  bool parse_error(size_t position, const std::string&, const Library::exception&) override {
    throw file_error("{}: not valid JSON at byte {}", where_, position);
  }

 private:
  // Puts a value at the end of the document so far: at the root, at the last key, or after the
  // last element.
  Json* place(Json value) {
    if (++values_ > max_values) throw too_many_values(where_);
    if (open_.empty()) return &(root = std::move(value));
    Json::Array* array = std::get_if<Json::Array>(&open_.back()->value_);
    if (array) return &array->emplace_back(std::move(value));
    return &(std::get<Json::Object>(open_.back()->value_).back().value = std::move(value));
  }

  bool add(Json value) {
    place(std::move(value));
    return true;
  }

  bool open(Json value) {
    if (open_.size() == max_depth) {
      throw file_error("{}: JSON nested deeper than {} levels", where_, max_depth);
    }
    open_.push_back(place(std::move(value)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  void check_keys(std::span<const Json::Member> members) const {
    std::vector<std::string_view> keys;
    for (const Json::Member& member : members) keys.push_back(member.key);
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice == keys.end()) return;
    throw file_error("{}: the key \"{}\" occurs twice", where_, printable(*twice));
  }

  const std::string& where_;
  std::span<const NumberAtNull> numbers_;
  std::vector<Json*> open_;  // containers not closed yet; no container moves while it is open
  size_t values_ = 0, nulls_ = 0;
};

namespace {

// Puts null in the place of Python's NaN, Infinity and -Infinity, which the library does not know.
// Valid JSON has an n outside of strings only where null begins, so the count is the parser's.
std::vector<NumberAtNull> take_python_numbers(std::string& text, const std::string& where) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::pair<std::string_view, double> known[] = {
      {"NaN", std::nan("")}, {"Infinity", infinity}, {"-Infinity", -infinity}};
  std::vector<NumberAtNull> numbers;
  std::string out;
  size_t nulls = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = std::string_view(text).substr(i);
    const auto* number = std::end(known);
    if (!quoted) {
      number =
          std::ranges::find_if(known, [&](const auto& k) { return rest.starts_with(k.first); });
    }
    if (number != std::end(known)) {
      if (numbers.size() == max_values) throw too_many_values(where);
      numbers.push_back({nulls++, number->second});
      out += "null";
      i += number->first.size() - 1;
      continue;
    }
    out += text[i];
    if (text[i] == '"') quoted = !quoted;
    if (text[i] == 'n' && !quoted) ++nulls;
    if (text[i] == '\\' && quoted && i + 1 < text.size()) out += text[++i];
  }
  text = std::move(out);
  return numbers;
}

}  // namespace

Json parse_json(std::string_view text, const std::string& where, JsonDialect dialect) {
  // The parser takes a NUL for the end and would not see what follows.
  if (const size_t nul = text.find('\0'); nul != text.npos) {
    throw file_error("{}: not valid JSON at byte {}", where, nul + 1);
  }
  std::string replaced;
  std::vector<NumberAtNull> numbers;
  if (dialect == JsonDialect::python && text.find_first_of("NI") != std::string_view::npos) {
    replaced = text;
    numbers = take_python_numbers(replaced, where);
    if (!numbers.empty()) text = replaced;
  }
  JsonBuilder builder(where, numbers);
  Library::sax_parse(text.begin(), text.end(), &builder);
  return std::move(builder.root);
}

Json read_json(const std::filesystem::path& path) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  if (bytes.size() > max_file_bytes) {
    throw file_error("{}: {} bytes, expected at most {} of JSON", path.string(), bytes.size(),
                     max_file_bytes);
  }
  return parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string(),
                    JsonDialect::python);
}

namespace {

std::string shown(const Json& value) {
  const std::optional<double> number = value.number();
  if (number && !std::isfinite(*number)) return fmt::format("{}", *number);
  return printable(value.dump());
}

// The field, or null when it is absent or null and there is a fallback to take.
const Json* field(const Json& object, const char* key, bool has_fallback,
                  const std::string& where) {
  if (!object.is_object()) {
    throw file_error("{}: {}, expected a JSON object with \"{}\"", where, object.type_name(), key);
  }
  const Json* member = object.find(key);
  if (member && !member->is_null()) return member;
  if (!has_fallback) throw file_error("{}: \"{}\" is missing", where, key);
  return nullptr;
}

int64_t int_in_range(const Json& value, const char* key, int64_t min, int64_t max,
                     const std::string& where) {
  const std::optional<int64_t> integer = value.integer();
  if (!integer || *integer < min || *integer > max) {
    throw file_error("{}: \"{}\" is {}, expected an integer from {} to {}", where, key,
                     shown(value), min, max);
  }
  return *integer;
}

}  // namespace

int64_t get_int(const Json& object, const char* key, std::optional<int64_t> fallback, int64_t min,
                int64_t max, const std::string& where) {
  const Json* value = field(object, key, fallback.has_value(), where);
  return value ? int_in_range(*value, key, min, max, where) : *fallback;
}

double get_number(const Json& object, const char* key, std::optional<double> fallback, double min,
                  double max, const std::string& where) {
  const Json* value = field(object, key, fallback.has_value(), where);
  if (!value) return *fallback;
  const double number = value->number().value_or(std::nan(""));
  if (!(number >= min && number <= max)) {
    throw file_error("{}: \"{}\" is {}, expected a number from {} to {}", where, key, shown(*value),
                     min, max);
  }
  return number;
}

bool get_bool(const Json& object, const char* key, std::optional<bool> fallback,
              const std::string& where) {
  const Json* value = field(object, key, fallback.has_value(), where);
  if (!value) return *fallback;
  if (!value->boolean()) {
    throw file_error("{}: \"{}\" is {}, expected true or false", where, key, shown(*value));
  }
  return *value->boolean();
}

std::string get_string(const Json& object, const char* key, std::optional<std::string> fallback,
                       const std::string& where) {
  const Json* value = field(object, key, fallback.has_value(), where);
  if (!value) return *std::move(fallback);
  if (!value->text()) {
    throw file_error("{}: \"{}\" is {}, expected a string", where, key, shown(*value));
  }
  return *value->text();
}

std::vector<std::string> get_strings(const Json& object, const char* key,
                                     std::optional<std::vector<std::string>> fallback,
                                     const std::string& where) {
  const Json* value = field(object, key, fallback.has_value(), where);
  if (!value) return *std::move(fallback);
  const auto is_string = [](const Json& item) { return item.text() != nullptr; };
  if (!value->is_array() || !std::all_of(value->begin(), value->end(), is_string)) {
    throw file_error("{}: \"{}\" is {}, expected a list of strings", where, key, shown(*value));
  }
  return value->get<std::vector<std::string>>();
}

std::vector<int64_t> get_ints(const Json& object, const char* key,
                              std::optional<std::vector<int64_t>> fallback, int64_t min,
                              int64_t max, const std::string& where) {
  const Json* value = field(object, key, fallback.has_value(), where);
  if (!value) return *std::move(fallback);
  if (!value->is_array()) return {int_in_range(*value, key, min, max, where)};
  std::vector<int64_t> numbers;
  for (const Json& item : *value) {
    numbers.push_back(int_in_range(item, key, min, max, where));
  }
  return numbers;
}

}  // namespace yent
