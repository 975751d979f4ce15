#include "tools/option_group.h"

#include <algorithm>
#include <iostream>
#include <limits>
#include <string_view>

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

// Letters to change, to add, to drop or to swap with the next one (optimal string alignment).
size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      d[i][j] = std::max(i, j);
      if (i == 0 || j == 0) continue;
      const size_t differs = a[i - 1] != b[j - 1];
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + differs});
      if (i < 2 || j < 2 || a[i - 1] != b[j - 2] || a[i - 2] != b[j - 1]) continue;
      d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

std::optional<std::string> nearest_option(const CLI::App& app, const std::string& typed) {
  std::optional<std::string> nearest;
  size_t least = std::min<size_t>(3, typed.size() / 3);  // that many are too many
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      const size_t count = edits(typed, "--" + name);
      if (count >= least) continue;
      least = count;
      nearest = "--" + name;
    }
  }
  return nearest;
}

// CLI11 takes the word behind `--name=` for its value, where an empty text is meant. The last word
// comes first, as CLI11 wants it.
std::vector<std::string> typed_words(const CLI::App& app, int argc, char** argv) {
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
  std::ranges::reverse(words);
  return words;
}

// CLI11 would count the words that are expected at most.
class WordsHelp : public CLI::Formatter {
  std::string make_option_usage(const CLI::Option* words) const override {
    return "[" + make_option_name(words, true) + "...]";
  }
};

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
  app.formatter(std::make_shared<WordsHelp>());
  app.add_option(name, all, help)
      ->expected(CLI::detail::expected_max_vector_size - 1, CLI::detail::expected_max_vector_size)
      ->option_text("TEXT ...")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

bool parse_as_typed(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(typed_words(app, argc, argv));
    return true;
  } catch (const CLI::Success& done) {
    app.exit(done, std::cout, std::cerr);
    flush_output();
    return false;
  } catch (const CLI::ArgumentMismatch& wrong) {  // begins with the option's name
    const std::string sentence = wrong.what();
    throw usage_error("{} needs a value", sentence.substr(0, sentence.find(':')));
  } catch (const CLI::ExtrasError&) {
    const std::string word = app.remaining().front();
    const std::string flag = word.substr(0, word.find('='));
    throw usage_error("{} is no option of {}, expected {}", flag, app.get_name(),
                      nearest_option(app, flag).value_or("one that --help lists"));
  } catch (const CLI::ParseError& wrong) {
    std::string sentence = wrong.what();
    std::ranges::replace(sentence, '\n', ' ');
    throw usage_error("{}", sentence);
  }
}

void flush_output() {
  if (!std::cout.flush()) throw run_error("standard output cannot be written");
}

}  // namespace yent
