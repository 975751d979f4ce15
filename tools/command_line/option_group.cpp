#include "tools/command_line/option_group.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <limits>
#include <string_view>

#include "kernels/spelling.h"
#include "tools/command_line/number.h"

namespace yent {
namespace {

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

std::vector<std::string> names_of(const std::string& declared) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin < declared.size();) {
    const size_t end = std::min(declared.find(',', begin), declared.size());
    names.push_back(declared.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

// CLI11's way: -s,--seed.
std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ",") + name;
  return all;
}

void check_typed(const OptionRow& row, const std::string& text) {
  if (!takes_only_typed_values(row)) return;
  const std::vector<std::string> values = typed_values(row);
  if (std::ranges::find(values, text) != values.end()) return;
  throw usage_error("{} is {}, expected {}", row.longest_name(), text, one_of(text, values));
}

// CLI11 takes the word behind `--name=` for its value, where an empty text is meant. The last word
// comes first, as CLI11 wants it.
std::vector<std::string> typed_words(const CLI::App& app, std::vector<std::string> words) {
  const auto takes_value = [&app](const std::string& word) {
    const CLI::Option* option = word.starts_with('-') ? app.get_option_no_throw(word) : nullptr;
    return option && option->get_items_expected_max() > 0;
  };
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

// The option that an unknown word is nearly, or where to look.
std::string option_meant(const std::vector<OptionRow>& rows, const std::string& word) {
  std::vector<std::string> names;
  for (const OptionRow& row : rows) {
    if (row.longest_name().starts_with("--")) names.push_back(row.longest_name().substr(2));
  }
  const auto nearest =
      nearest_name(std::string_view(word).substr(word.starts_with("--") ? 2 : 1), names);
  return nearest ? "--" + *nearest : "one that --help lists";
}

}  // namespace

CommandLine::CommandLine(std::string program)
    : app_(std::make_unique<CLI::App>("", std::move(program))) {
  app_->set_help_flag("");  // --help is an option as others are
}

CommandLine::~CommandLine() = default;

// With extra arguments allowed CLI11 would split [a,b], so that as many words are expected as a
// command line can have.
void CommandLine::take_words(std::vector<std::string>& to) {
  const CLI::callback_t all = [&to](const CLI::results_t& typed) {
    to = typed;
    return true;
  };
  app_->add_option("words", all, "")
      ->expected(CLI::detail::expected_max_vector_size - 1, CLI::detail::expected_max_vector_size)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void CommandLine::parse(int argc, char** argv) {
  parse(std::vector<std::string>(argv + std::min(1, argc), argv + argc));
}

void CommandLine::parse(std::vector<std::string> words) {
  try {
    app_->parse(typed_words(*app_, std::move(words)));
  } catch (const CLI::ArgumentMismatch& wrong) {  // begins with the option's name
    const std::string sentence = wrong.what();
    throw usage_error("{} needs a value", sentence.substr(0, sentence.find(':')));
  } catch (const CLI::ExtrasError&) {
    const std::string word = app_->remaining().front();
    const std::string option = word.substr(0, word.find('='));
    throw usage_error("{} is no option of {}, expected {}", option, app_->get_name(),
                      option_meant(rows_, option));
  } catch (const CLI::ParseError& wrong) {
    std::string sentence = wrong.what();
    std::ranges::replace(sentence, '\n', ' ');
    throw usage_error("{}", sentence);
  }
}

bool CommandLine::given(const char* name) const { return app_->count(name) > 0; }

std::vector<std::string> CommandLine::typed(const std::vector<std::string>& but_not) const {
  std::vector<std::string> all;
  for (const OptionRow& row : rows_) {
    const std::string& name = row.longest_name();
    const bool left_out = std::ranges::find(but_not, name) != but_not.end();
    const CLI::Option* option = app_->get_option(name);
    if (option->count() == 0 || left_out) continue;
    if (row.value.empty()) {
      all.push_back(name);
      continue;
    }
    const CLI::results_t& values = option->results();
    const size_t first = row.repeatable ? 0 : values.size() - 1;  // the last one counts
    for (size_t i = first; i < values.size(); ++i) all.push_back(name + "=" + values[i]);
  }
  return all;
}

// `value` stands where the declaration has none.
OptionRow OptionGroup::row_of(const char* declared, const std::string& help,
                              const char* value) const {
  const std::string text = declared;
  const size_t space = std::min(text.find(' '), text.size());
  return {.heading = heading_,
          .names = names_of(text.substr(0, space)),
          .value = space < text.size() ? text.substr(space + 1) : value,
          .help = help};
}

void OptionGroup::add_row(OptionRow row, const Read& read) {
  const CLI::callback_t last = [read, row](const CLI::results_t& typed) {
    check_typed(row, typed.back());
    read(typed.back());
    return true;
  };
  line_.app_->add_option(joined(row.names), last)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  line_.rows_.push_back(std::move(row));
}

void OptionGroup::add(const char* declared, const Read& read, const std::string& help,
                      KnownValues known) {
  OptionRow row = row_of(declared, help, "TEXT");
  row.known = std::move(known);
  add_row(std::move(row), read);
}

void OptionGroup::add(const char* declared, std::string& to, const std::string& help,
                      KnownValues known) {
  add(
      declared, [&to](const std::string& text) { to = text; }, help, std::move(known));
}

void OptionGroup::add(const char* declared, std::optional<std::string>& to, const std::string& help,
                      KnownValues known) {
  add(
      declared, [&to](const std::string& text) { to = text; }, help, std::move(known));
}

void OptionGroup::add(const char* declared, std::vector<std::string>& to, const std::string& help,
                      KnownValues known) {
  OptionRow row = row_of(declared, help, "TEXT");
  row.known = std::move(known);
  const auto values = 1 + static_cast<int>(std::ranges::count(row.value, ' '));
  row.repeatable = values == 1;
  const CLI::callback_t all = [&to](const CLI::results_t& typed) {
    to = typed;
    return true;
  };
  CLI::Option* option = line_.app_->add_option(joined(row.names), all);
  option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  if (values > 1) option->expected(values);
  line_.rows_.push_back(std::move(row));
}

void OptionGroup::add(const char* declared, int& to, const std::string& help) {
  OptionRow row = row_of(declared, help, "N");
  const std::string name = row.longest_name();
  add_row(std::move(row), [&to, name](const std::string& text) { to = whole_value(name, text); });
}

void OptionGroup::add(const char* declared, double& to, const std::string& help) {
  OptionRow row = row_of(declared, help, "X");
  const std::string name = row.longest_name();
  add_row(std::move(row), [&to, name](const std::string& text) { to = decimal_value(name, text); });
}

void OptionGroup::add(const char* declared, std::optional<double>& to, const std::string& help) {
  OptionRow row = row_of(declared, help, "X");
  const std::string name = row.longest_name();
  add_row(std::move(row), [&to, name](const std::string& text) { to = decimal_value(name, text); });
}

void OptionGroup::flag(const char* names, bool& to, const std::string& help) {
  flag(
      names, [&to] { to = true; }, help);
}

void OptionGroup::flag(const char* names, const std::function<void()>& given,
                       const std::string& help) {
  OptionRow row = row_of(names, help, "");
  line_.app_->add_flag_callback(joined(row.names), given)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  line_.rows_.push_back(std::move(row));
}

void print_and_flush(const std::string& text) {
  if (!(std::cout << text).flush()) throw run_error("standard output cannot be written");
}

}  // namespace yent
