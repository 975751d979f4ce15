// A command line that is read into the fields of a struct, with every value as it was typed.
// CLI11, which does the parsing, would read 010 as eight, take 0x10 and inf for numbers, and [a,b]
// for a list of two.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernels/error.h"
#include "tools/command_line/option_table.h"

namespace CLI {
class App;
}

namespace yent {

// Owns the table of the options; OptionGroup fills it. The fields must outlive the parsing.
class CommandLine {
 public:
  explicit CommandLine(std::string program);
  ~CommandLine();

  // The words that belong to no option.
  void take_words(std::vector<std::string>& to);

  // Reads the words behind the program's name. Throws a usage error for a wrong command line; an
  // unknown option that is nearly a known one is answered with that.
  void parse(int argc, char** argv);
  void parse(std::vector<std::string> words);
  bool given(const char* name) const;  // "--seed", after parsing

  // What was given, as --name or --name=value in the order of the table, but not these options.
  std::vector<std::string> typed(const std::vector<std::string>& but_not = {}) const;

  const std::vector<OptionRow>& rows() const { return rows_; }

 private:
  friend class OptionGroup;

  std::unique_ptr<CLI::App> app_;
  std::vector<OptionRow> rows_;
};

// The options under one heading of the help. They are declared by names and what they take:
//   "-s,--seed N"       a number, or what `add` gets
//   "--vae FILE"        completed with files; DIR with folders
//   "--filter ascii|blend|none"   one of these, and nothing else
//   "--columns N|auto"  `auto`, or something else: the reader decides
//   "--pair KIND DIR"   two values, for a list
// Without it a number takes N or X. Names from other tables (samplers, moods) come as
// `known`: they are listed and completed, and the code that looks them up refuses others.
// Of an option given twice the last value counts, of a list all do. What is no number is a usage
// error.
class OptionGroup {
 public:
  OptionGroup(CommandLine& line, std::string heading) : line_(line), heading_(std::move(heading)) {}

  void add(const char* declared, std::string& to, const std::string& help, KnownValues known = {});
  void add(const char* declared, std::optional<std::string>& to, const std::string& help,
           KnownValues known = {});
  void add(const char* declared, std::vector<std::string>& to, const std::string& help,
           KnownValues known = {});
  void add(const char* declared, int& to, const std::string& help);
  void add(const char* declared, double& to, const std::string& help);
  void add(const char* declared, std::optional<double>& to, const std::string& help);
  void flag(const char* names, bool& to, const std::string& help);
  void flag(const char* names, const std::function<void()>& given, const std::string& help);

  // Calls `read` with the value.
  using Read = std::function<void(const std::string&)>;
  void add(const char* declared, const Read& read, const std::string& help, KnownValues known = {});

 private:
  void add_row(OptionRow row, const Read& read);
  OptionRow row_of(const char* declared, const std::string& help, const char* value) const;

  CommandLine& line_;
  std::string heading_;
};

// Prints the text, which is all that the program does. Throws a run error where standard output is
// full or closed.
void print_and_flush(const std::string& text);

// Throws a usage error for a value outside.
template <class T>
void in_range(const char* option, T value, T least, T most) {
  if (value >= least && value <= most) return;
  throw usage_error("{} is {}, expected {} to {}", option, value, least, most);
}

}  // namespace yent
