#include "tools/option_group.h"

#include <algorithm>
#include <limits>

#include "kernels/error.h"
#include "tools/number.h"

namespace yent {
namespace {

// "-s,--seed": --seed.
std::string longest_name(const std::string& names) { return names.substr(names.rfind(',') + 1); }

int whole_value(const std::string& name, const std::string& text) {
  const auto value = whole_number(text);
  if (!value) throw usage_error("{} is '{}', expected a whole number such as 25", name, text);
  if (*value < std::numeric_limits<int>::min() || *value > std::numeric_limits<int>::max()) {
    throw usage_error("{} is {}, expected a smaller number", name, text);
  }
  return static_cast<int>(*value);
}

double decimal_value(const std::string& name, const std::string& text) {
  const auto value = decimal_number(text);
  if (!value) throw usage_error("{} is '{}', expected a number such as 7.5", name, text);
  return *value;
}

}  // namespace

void OptionGroup::add(const char* names, const char* type, const Read& read,
                      const std::string& help) {
  const CLI::callback_t last = [read](const CLI::results_t& typed) {
    read(typed.back());
    return true;
  };
  app_.add_option(names, last, help)
      ->type_name(type)
      ->group(heading_)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void OptionGroup::add(const char* names, std::string& to, const std::string& help) {
  add(
      names, "TEXT", [&to](const std::string& text) { to = text; }, help);
}

void OptionGroup::add(const char* names, std::optional<std::string>& to, const std::string& help) {
  add(
      names, "TEXT", [&to](const std::string& text) { to = text; }, help);
}

void OptionGroup::add(const char* names, std::vector<std::string>& to, const std::string& help) {
  const CLI::callback_t all = [&to](const CLI::results_t& typed) {
    to = typed;
    return true;
  };
  app_.add_option(names, all, help)
      ->type_name("TEXT")
      ->group(heading_)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void OptionGroup::add(const char* names, int& to, const std::string& help) {
  const std::string name = longest_name(names);
  add(
      names, "INT", [&to, name](const std::string& text) { to = whole_value(name, text); }, help);
}

void OptionGroup::add(const char* names, double& to, const std::string& help) {
  const std::string name = longest_name(names);
  add(
      names, "FLOAT", [&to, name](const std::string& text) { to = decimal_value(name, text); },
      help);
}

void OptionGroup::add(const char* names, std::optional<double>& to, const std::string& help) {
  const std::string name = longest_name(names);
  add(
      names, "FLOAT", [&to, name](const std::string& text) { to = decimal_value(name, text); },
      help);
}

void OptionGroup::flag(const char* names, bool& to, const std::string& help) {
  app_.add_flag(names, to, help)
      ->group(heading_)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void OptionGroup::flag(const char* names, const std::function<void()>& given,
                       const std::string& help) {
  app_.add_flag_callback(names, given, help)
      ->group(heading_)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

// With extra arguments allowed CLI11 would split [a,b], so that as many words are expected as a
// command line can have.
void add_words(CLI::App& app, const char* name, std::vector<std::string>& to,
               const std::string& help) {
  const CLI::callback_t all = [&to](const CLI::results_t& typed) {
    to = typed;
    return true;
  };
  app.add_option(name, all, help)
      ->expected(CLI::detail::expected_max_vector_size - 1, CLI::detail::expected_max_vector_size)
      ->option_text("TEXT ...")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

// CLI11 takes the word behind `--name=` for its value, where an empty text is meant.
void parse_as_typed(CLI::App& app, int argc, char** argv) {
  const auto takes_value = [&app](const std::string& word) {
    const CLI::Option* option = word.starts_with('-') ? app.get_option_no_throw(word) : nullptr;
    return option && option->get_items_expected_max() > 0;
  };
  std::vector<std::string> words(argv + 1, argv + argc);
  for (size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    if (takes_value(words[i])) {
      ++i;  // its value
    } else if (words[i].ends_with('=') && takes_value(words[i].substr(0, words[i].size() - 1))) {
      words[i].pop_back();
      words.insert(words.begin() + static_cast<ptrdiff_t>(++i), "");
    }
  }
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  app.parse(std::move(words));
}

}  // namespace yent
