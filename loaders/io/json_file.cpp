#include "loaders/io/json_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "kernels/error.h"
#include "loaders/io/mapped_file.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

using nlohmann::json;

namespace {

constexpr size_t max_file_bytes = size_t{64} << 20;
constexpr size_t max_depth = 64;
constexpr size_t max_values = 4'000'000;

// Builds the document as the parser reports its pieces. nlohmann's own builder lets a later
// duplicate key win, and its variant with a callback takes quadratic time in the members.
class Builder : public nlohmann::json_sax<json> {
 public:
  explicit Builder(const std::string& where) : where_(where) {}

  json root;

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(int64_t value) override { return add(value); }
  bool number_unsigned(uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string&) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(json::binary_t& value) override { return add(std::move(value)); }

  bool start_object(size_t) override { return open(json::object()); }
  bool end_object() override { return close(); }
  bool start_array(size_t) override { return open(json::array()); }
  bool end_array() override { return close(); }

  bool key(std::string& name) override {
    const auto [member, inserted] = open_.back()->get_ref<json::object_t&>().emplace(name, nullptr);
    if (!inserted) throw file_error("{}: the key \"{}\" occurs twice", where_, printable(name));
    slot_ = &member->second;
    return true;
  }

  bool parse_error(size_t position, const std::string&, const json::exception&) override {
    throw file_error("{}: not valid JSON at byte {}", where_, position);
  }

 private:
  // Puts a value where the document goes on: at the root, at the last key, or after the last
  // element.
  json* place(json value) {
    if (++values_ > max_values) {
      throw file_error("{}: more than {} JSON values", where_, max_values);
    }
    if (open_.empty()) return &(root = std::move(value));
    if (open_.back()->is_array()) return &open_.back()->emplace_back(std::move(value));
    return &(*slot_ = std::move(value));
  }

  bool add(json value) {
    place(std::move(value));
    return true;
  }

  bool open(json value) {
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

  const std::string& where_;
  std::vector<json*> open_;  // containers not closed yet; no container moves while it is open
  json* slot_ = nullptr;     // the value of the last key
  size_t values_ = 0;
};

std::string shown(const json& value) {
  return printable(value.dump(-1, ' ', false, json::error_handler_t::replace));
}

// The field, or null when it is absent or null and there is a fallback to take.
const json* field(const json& object, const char* key, bool has_fallback,
                  const std::string& where) {
  if (!object.is_object()) {
    throw file_error("{}: {}, expected a JSON object with \"{}\"", where, object.type_name(), key);
  }
  const auto member = object.find(key);
  if (member != object.end() && !member->is_null()) return &*member;
  if (!has_fallback) throw file_error("{}: \"{}\" is missing", where, key);
  return nullptr;
}

int64_t int_in_range(const json& value, const char* key, int64_t min, int64_t max,
                     const std::string& where) {
  // A literal above int64 is kept as unsigned and would wrap.
  const bool fits =
      value.is_number_unsigned()
          ? value.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())
          : value.is_number_integer();
  if (!fits || value.get<int64_t>() < min || value.get<int64_t>() > max) {
    throw file_error("{}: \"{}\" is {}, expected an integer from {} to {}", where, key,
                     shown(value), min, max);
  }
  return value.get<int64_t>();
}

}  // namespace

json parse_json(std::string_view text, const std::string& where) {
  // The parser takes a NUL for the end and would not see what follows.
  if (const size_t nul = text.find('\0'); nul != text.npos) {
    throw file_error("{}: not valid JSON at byte {}", where, nul + 1);
  }
  Builder builder(where);
  json::sax_parse(text.begin(), text.end(), &builder);
  return std::move(builder.root);
}

json read_json(const std::filesystem::path& path) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  if (bytes.size() > max_file_bytes) {
    throw file_error("{}: {} bytes, expected at most {} of JSON", path.string(), bytes.size(),
                     max_file_bytes);
  }
  return parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
}

int64_t get_int(const json& object, const char* key, std::optional<int64_t> fallback, int64_t min,
                int64_t max, const std::string& where) {
  const json* value = field(object, key, fallback.has_value(), where);
  return value ? int_in_range(*value, key, min, max, where) : *fallback;
}

double get_number(const json& object, const char* key, std::optional<double> fallback, double min,
                  double max, const std::string& where) {
  const json* value = field(object, key, fallback.has_value(), where);
  if (!value) return *fallback;
  const double number = value->is_number() ? value->get<double>() : std::nan("");
  if (!(number >= min && number <= max)) {
    throw file_error("{}: \"{}\" is {}, expected a number from {} to {}", where, key, shown(*value),
                     min, max);
  }
  return number;
}

bool get_bool(const json& object, const char* key, std::optional<bool> fallback,
              const std::string& where) {
  const json* value = field(object, key, fallback.has_value(), where);
  if (!value) return *fallback;
  if (!value->is_boolean()) {
    throw file_error("{}: \"{}\" is {}, expected true or false", where, key, shown(*value));
  }
  return value->get<bool>();
}

std::string get_string(const json& object, const char* key, std::optional<std::string> fallback,
                       const std::string& where) {
  const json* value = field(object, key, fallback.has_value(), where);
  if (!value) return *std::move(fallback);
  if (!value->is_string()) {
    throw file_error("{}: \"{}\" is {}, expected a string", where, key, shown(*value));
  }
  return value->get<std::string>();
}

std::vector<std::string> get_strings(const json& object, const char* key,
                                     std::optional<std::vector<std::string>> fallback,
                                     const std::string& where) {
  const json* value = field(object, key, fallback.has_value(), where);
  if (!value) return *std::move(fallback);
  const auto is_string = [](const json& item) { return item.is_string(); };
  if (!value->is_array() || !std::all_of(value->begin(), value->end(), is_string)) {
    throw file_error("{}: \"{}\" is {}, expected a list of strings", where, key, shown(*value));
  }
  return value->get<std::vector<std::string>>();
}

std::vector<int64_t> get_ints(const json& object, const char* key,
                              std::optional<std::vector<int64_t>> fallback, int64_t min,
                              int64_t max, const std::string& where) {
  const json* value = field(object, key, fallback.has_value(), where);
  if (!value) return *std::move(fallback);
  if (!value->is_array()) return {int_in_range(*value, key, min, max, where)};
  std::vector<int64_t> numbers;
  for (const json& item : *value) {
    numbers.push_back(int_in_range(item, key, min, max, where));
  }
  return numbers;
}

}  // namespace yent
