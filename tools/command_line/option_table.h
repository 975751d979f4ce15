// What the options of a program are called, take and mean: the one table from which its help, its
// manual page and its completions are made.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace yent {

// The names that a value can have, where another table knows them. Called when they are printed.
using KnownValues = std::function<std::vector<std::string>()>;

struct OptionRow {
  std::string heading;             // the group in the help
  std::vector<std::string> names;  // the short one first: -s, --seed
  std::string value;  // what it takes: N, FILE, DIR, FILE[:SCALE], eps|v, N|raw; empty for a flag
  std::string help;
  KnownValues known = {};
  bool repeatable = false;

  const std::string& longest_name() const { return names.back(); }
};

// The alternatives of `value` that are typed as they stand (those without a capital letter), then
// the known values.
std::vector<std::string> typed_values(const OptionRow& row);

// Whether it takes nothing else: all alternatives of `value`, and there are several, are typed as
// they stand.
bool takes_only_typed_values(const OptionRow& row);

bool takes_file(const OptionRow& row);    // one alternative has FILE or PATH
bool takes_folder(const OptionRow& row);  // one alternative is DIR

// The help and, if they are not in `value`, the known values behind a colon.
std::string full_help(const OptionRow& row);

// What a program says of itself beside its options.
struct About {
  std::string name, purpose;
  std::vector<std::string> usages = {};  // behind the name: "[options]"
  std::vector<std::pair<std::string, std::string>> examples =
      {};  // what is typed, and what it does
  // Of the manual page alone: titles and texts in the language of man(7).
  std::vector<std::pair<std::string, std::string>> sections = {};
};

// The help in lines of 80 columns, one group of rows after the other.
std::string help_text(const About& about, const std::vector<OptionRow>& rows);

// The manual page in the language of man(7). Its section DESCRIPTION, if there is one, comes before
// the options, the others behind them.
std::string manual_page(const About& about, const std::vector<OptionRow>& rows);

// The text of the section EXIT STATUS, which all programs share.
const char* exit_status_section();

// A script that makes `shell` (bash, zsh or fish) complete options, their values and the files that
// they take.
std::string completion_script(const std::string& shell, const std::string& program,
                              const std::vector<OptionRow>& rows);

}  // namespace yent
