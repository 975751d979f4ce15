// JSON from files nobody vouches for, and the getters that config readers share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace yent {

// Strict JSON: UTF-8, no duplicate keys, at most 64 levels and four million values. `where` (a
// path, as a rule) begins the sentence of the file error.
nlohmann::json parse_json(std::string_view text, const std::string& where);

// The same for a file of at most 64 MiB.
nlohmann::json read_json(const std::filesystem::path& path);

// A field of the object `json`. Absent or null gives `fallback`; without a fallback, a file error.
// A wrong type or a number outside [min, max] is a file error that names `where`, the key, what
// was found and what was expected. Where null differs from absent, look at the json itself.
int64_t get_int(const nlohmann::json& json, const char* key, std::optional<int64_t> fallback,
                int64_t min, int64_t max, const std::string& where);
double get_number(const nlohmann::json& json, const char* key, std::optional<double> fallback,
                  double min, double max, const std::string& where);
bool get_bool(const nlohmann::json& json, const char* key, std::optional<bool> fallback,
              const std::string& where);
std::string get_string(const nlohmann::json& json, const char* key,
                       std::optional<std::string> fallback, const std::string& where);
std::vector<std::string> get_strings(const nlohmann::json& json, const char* key,
                                     std::optional<std::vector<std::string>> fallback,
                                     const std::string& where);
// A single integer is taken as a list of one.
std::vector<int64_t> get_ints(const nlohmann::json& json, const char* key,
                              std::optional<std::vector<int64_t>> fallback, int64_t min,
                              int64_t max, const std::string& where);

}  // namespace yent
