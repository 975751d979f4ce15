#include "engine/core/policy.h"

#include <fmt/ranges.h>

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

Policy::Policy(Precision precision)
    : lists_{{.rules = {{.pattern = "*", .precision = precision}}}} {}

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

// ---- Text --------------------------------------------------------------------------------------

struct Policy::Reader {
  Policy& policy;
  const std::string& path;
  int number = 0;

  template <class... Args>
  Error wrong(fmt::format_string<Args...> format, Args&&... args) const {
    return file_error("{}:{}: {}", path, number, fmt::format(format, std::forward<Args>(args)...));
  }
  List& list() const { return policy.lists_.back(); }
  bool empty() const { return policy.lists_.size() == 1 && list().rules.empty() && !list().others; }

  // The lines that are no rules: one word, but for `mix F`.
  bool directive(const std::string& first, const std::string& second) {
    if (first == "mix") return mix(second);
    if (!second.empty() || (first != "exact" && first != "then")) return false;
    if (first == "then") {
      policy.lists_.emplace_back();
    } else if (empty()) {
      policy.exact_ = true;
    } else {
      throw wrong("exact stands behind a rule, expected it before all");
    }
    return true;
  }

  bool mix(const std::string& share) const {
    if (!parse_number(share, list().share)) return false;
    if (!(list().share >= 0 && list().share <= 1)) {
      throw wrong("mix is {}, expected 0 to 1", share);
    }
    if (list().others) throw wrong("mix stands in this list twice, expected `then` in between");
    list().others.emplace();
    return true;
  }

  void rule(const std::string& pattern, const std::string& precision, std::istream& words) const {
    Rule rule{.pattern = pattern};
    rule.automatic = precision == "auto";
    if (!rule.automatic && !parse_precision(precision, rule.precision)) {
      throw wrong("precision is '{}', expected f32, f16, bf16, int8 or auto", precision);
    }
    if (policy.exact_ && precision != "f32" && rule.precision != Precision::int8) {
      throw wrong("precision is '{}', expected f32 or int8: the policy is exact", precision);
    }
    std::string word, expected;
    while (words >> word) {
      if (parse_quant_style(word, rule.style, expected)) continue;
      throw wrong("'{}' is not known here, expected {}", word, expected);
    }
    if (!fits_together(rule.style, expected = {})) throw wrong("{}", expected);
    (list().others ? *list().others : list().rules).push_back(std::move(rule));
  }
};

Policy Policy::parse(std::string_view text, const std::string& path) {
  Policy policy;
  policy.lists_ = {{}};
  Reader reader{policy, path};
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    ++reader.number;
    std::istringstream words(line.substr(0, line.find('#')));
    std::string pattern, precision;
    if (!(words >> pattern)) continue;
    words >> precision;
    if (!reader.directive(pattern, precision)) reader.rule(pattern, precision, words);
  }
  return policy;
}

std::string Policy::text() const {
  std::string text = exact_ ? "exact\n" : "";
  const auto add = [&](const std::vector<Rule>& rules) {
    for (const Rule& rule : rules) {
      text += fmt::format("{} {}", rule.pattern,
                          rule.automatic ? "auto" : precision_name(rule.precision));
      for (const std::string& word : rule.style.words) text += " " + word;
      text += '\n';
    }
  };
  for (const List& list : lists_) {
    if (&list != &lists_.front()) text += "then\n";
    add(list.rules);
    if (!list.others) continue;
    text += fmt::format("mix {}\n", list.share);
    add(*list.others);
  }
  return text;
}

// ---- Several policies --------------------------------------------------------------------------

template <class Take>
void Policy::each_rule(const Take& take) const {
  for (const List& list : lists_) {
    for (const Rule& rule : list.rules) take(rule);
    if (!list.others) continue;
    for (const Rule& rule : *list.others) take(rule);
  }
}

Policy Policy::then(const Policy& next) const {
  Policy both = *this;
  both.lists_.insert(both.lists_.end(), next.lists_.begin(), next.lists_.end());
  both.exact_ |= next.exact_;
  both.each_rule([&](const Rule& rule) {
    const bool f32_or_int8 = rule.precision == Precision::f32 || rule.precision == Precision::int8;
    if (!both.exact_ || (f32_or_int8 && !rule.automatic)) return;
    throw usage_error(
        "one of the policies is exact, another one says {} for {}, expected f32 or "
        "int8",
        rule.automatic ? "auto" : precision_name(rule.precision), rule.pattern);
  });
  return both;
}

Policy Policy::mixed(double share, const Policy& other) const {
  if (!(share >= 0 && share <= 1))
    throw usage_error("a policy's share is {}, expected 0 to 1", share);
  const auto plain = [](const Policy& p) { return p.lists_.size() == 1 && !p.lists_[0].others; };
  if (!plain(*this) || !plain(other)) {
    throw usage_error("a policy that is to be mixed has several lists of rules, expected one");
  }
  const Policy checked = then(other);
  Policy both = *this;
  both.exact_ = checked.exact_;
  both.lists_[0].share = share;
  both.lists_[0].others = other.lists_[0].rules;
  return both;
}

bool Policy::has_auto() const {
  bool found = false;
  each_rule([&](const Rule& rule) { found |= rule.automatic; });
  return found;
}

void Policy::resolve_auto(const Policy& mix) { mix_ = std::make_shared<const Policy>(mix); }

bool Policy::moves() const {
  bool found = false;
  each_rule([&](const Rule& rule) { found |= rule.style.moves(); });
  return found;
}

Policy Policy::at(const Moment& m, std::span<const Moment> all) const {
  Policy now = *this;
  const auto fix = [&](std::vector<Rule>& rules) {
    std::erase_if(rules, [&](const Rule& rule) { return !rule.style.window.holds(m); });
    for (Rule& rule : rules) {
      if (rule.style.moves()) rule.style = rule.style.at(m, all);
    }
  };
  for (List& list : now.lists_) {
    fix(list.rules);
    if (list.others) fix(*list.others);
  }
  return now;
}

// ---- A layer -----------------------------------------------------------------------------------

const Policy::Rule* Policy::find(const std::vector<Rule>& rules, std::string_view layer,
                                 LayerKind kind) {
  for (const Rule& rule : rules) {
    if (rule.style.moves() || !rule.style.of(kind)) continue;
    if (glob_match(rule.pattern, layer)) return &rule;
  }
  return nullptr;
}

Precision Policy::precision_of(const Rule& rule, std::string_view layer, LayerKind kind) const {
  return rule.automatic && mix_ ? mix_->precision(layer, kind) : rule.precision;
}

Precision Policy::precision(std::string_view layer, LayerKind kind) const {
  return this->layer(layer, kind).precision;
}

std::optional<Precision> Policy::attention_precision(std::string_view name) const {
  std::optional<Precision> lowest;
  for (const List& list : lists_) {
    const Rule* rule = find(list.rules, name, LayerKind::attention);
    const Rule* other = list.others ? find(*list.others, name, LayerKind::attention) : nullptr;
    for (const Rule* found : {rule, other}) {
      if (!found) continue;
      lowest = std::max(lowest.value_or(Precision::f32),
                        precision_of(*found, name, LayerKind::attention));
    }
  }
  return lowest;
}

// Of all rules that may hold: those of a part of the steps stand before the one of the others.
std::string Policy::words_of(const std::vector<Rule>& rules, std::string_view layer,
                             LayerKind kind) {
  std::vector<std::string> held;
  bool moving = false;
  for (const Rule& rule : rules) {
    if (!rule.style.of(kind) || !glob_match(rule.pattern, layer)) continue;
    moving |= rule.style.moves();
    std::string words = fmt::format("{}", fmt::join(rule.style.words, " "));
    if (moving) {
      const char* precision = rule.automatic ? "auto" : precision_name(rule.precision);
      words = words.empty() ? precision : fmt::format("{} {}", precision, words);
    }
    held.push_back(words);
    if (!rule.style.moves()) break;
  }
  return fmt::format("{}", fmt::join(held, "; "));
}

namespace {

// What two rules of a list do with weights, inputs or outputs: `share` of the first's grid.
struct Mixed {
  double share;
  std::vector<GridStep>& steps;

  void add(const std::optional<QuantGrid>& first, double first_blend,
           const std::optional<QuantGrid>& second, double second_blend) const {
    const double of_first = share * first_blend, of_second = (1 - share) * second_blend;
    const bool has_first = first && of_first > 0, has_second = second && of_second > 0;
    if (has_first && has_second) {
      steps.push_back({*first, static_cast<float>(of_first), *second,
                       static_cast<float>(of_second / (1 - of_first))});
    } else if (has_first) {
      steps.push_back({*first, static_cast<float>(of_first)});
    } else if (has_second) {
      steps.push_back({*second, static_cast<float>(of_second)});
    }
  }
};

// int8 as a grid of weights.
constexpr QuantGrid kInt8Weights = {};

}  // namespace

LayerStyle Policy::layer(std::string_view name, LayerKind kind) const {
  LayerStyle style;
  static const Rule none;
  for (const List& list : lists_) {
    const Rule* found = find(list.rules, name, kind);
    const Rule* beside = list.others ? find(*list.others, name, kind) : nullptr;
    const Rule &a = found ? *found : none, &b = beside ? *beside : none;
    style.precision =
        std::max({style.precision, precision_of(a, name, kind), precision_of(b, name, kind)});
    style.per_tensor |= a.style.per_tensor || b.style.per_tensor;
    const auto add = [&](bool QuantStyle::*on, std::vector<GridStep>& steps, bool weights) {
      const auto grid = [&](const Rule& rule) -> std::optional<QuantGrid> {
        if (!rule.style.quantizes || !(rule.style.*on)) return {};
        return weights ? rule.style.weight_grid(name) : rule.style.act_grid(name, kind);
      };
      Mixed{list.share, steps}.add(grid(a), a.style.blend, grid(b), b.style.blend);
    };
    add(&QuantStyle::on_weights, style.weights, true);
    add(&QuantStyle::on_input, style.grids.input, false);
    add(&QuantStyle::on_output, style.grids.output, false);
    std::string words = words_of(list.rules, name, kind);
    if (list.others)
      words += fmt::format(" mix {} {}", list.share, words_of(*list.others, name, kind));
    if (!words.empty()) style.words += (style.words.empty() ? "" : " then ") + words;
  }
  if (style.precision == Precision::int8 && !style.grids.input.empty()) {
    // What int8 kernels would do to the input once more is not asked for.
    style.precision = Precision::f32;
    if (kind != LayerKind::attention) style.weights.push_back({kInt8Weights});
  }
  return style;
}

bool LayerStyle::computes_as(const LayerStyle& other) const {
  return multiplies_as(other) && weights == other.weights;
}

bool LayerStyle::multiplies_as(const LayerStyle& other) const {
  return precision == other.precision && per_tensor == other.per_tensor && grids == other.grids;
}

}  // namespace yent
