#include "engine/core/policy.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "kernels/error.h"
#include "loaders/io/embedded.h"

namespace yent {

bool parse_precision(std::string_view word, Precision& out) {
  if (word == "i8") word = "int8";
  for (int i = 0; i <= static_cast<int>(Precision::last); ++i) {
    const auto precision = static_cast<Precision>(i);
    if (word == precision_name(precision)) return out = precision, true;
  }
  return false;
}

bool glob_match(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;  // the last star swallows one character more
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Policy::Policy(Precision precision) : rules_{{.pattern = "*", .precision = precision}} {}

Policy Policy::read(const std::filesystem::path& path) {
  if (const auto bytes = embedded_file(path)) {
    return parse({reinterpret_cast<const char*>(bytes->data()), bytes->size()}, path.string());
  }
  std::ifstream in(path);
  if (!in || std::filesystem::is_directory(path)) {
    throw file_error("{}: the policy cannot be read", path.string());
  }
  std::ostringstream text;
  text << in.rdbuf();
  return parse(text.str(), path.string());
}

Policy Policy::parse(std::string_view text, const std::string& path) {
  Policy policy;
  policy.rules_.clear();
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string pattern, precision, more;
    if (!(words >> pattern)) continue;
    Rule rule{.pattern = pattern};
    words >> precision;
    if (pattern == "exact" && precision.empty()) {
      if (policy.rules_.empty()) {
        policy.exact_ = true;
        continue;
      }
      throw file_error("{}:{}: exact stands behind a rule, expected it before all", path, number);
    }
    rule.automatic = precision == "auto";
    if (!rule.automatic && !parse_precision(precision, rule.precision)) {
      throw file_error("{}:{}: precision is '{}', expected f32, f16, bf16, int8 or auto", path,
                       number, precision);
    }
    if (policy.exact_ && precision != "f32" && rule.precision != Precision::int8) {
      throw file_error("{}:{}: precision is '{}', expected f32 or int8: the policy is exact", path,
                       number, precision);
    }
    while (words >> more) {
      std::string expected;
      if (parse_quant_style(more, rule.style, expected)) continue;
      throw file_error("{}:{}: '{}' is not known here, expected {}", path, number, more, expected);
    }
    policy.rules_.push_back(std::move(rule));
  }
  return policy;
}

bool Policy::has_auto() const {
  return std::ranges::any_of(rules_, [](const Rule& rule) { return rule.automatic; });
}

void Policy::resolve_auto(const Policy& mix) { mix_ = std::make_shared<const Policy>(mix); }

Precision Policy::precision(std::string_view layer) const {
  const Rule& found = rule(layer);
  return found.automatic && mix_ ? mix_->precision(layer) : found.precision;
}

const Policy::Rule& Policy::rule(std::string_view layer) const {
  static const Rule exact;
  for (const Rule& rule : rules_) {
    if (glob_match(rule.pattern, layer)) return rule;
  }
  return exact;
}

}  // namespace yent
