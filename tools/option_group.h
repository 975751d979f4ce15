// The options of a command line under one heading of its help, with every value as it was typed.
// CLI11 would read 010 as eight, take 0x10 and inf for numbers, and [a,b] for a list of two.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kernels/error.h"

namespace yent {

// `names` as CLI11 has them: "-s,--seed". Of an option given twice the last value counts, of a list
// all do. What is no number is a usage error. `app` and the fields must outlive the parsing.
class OptionGroup {
 public:
  OptionGroup(CLI::App& app, std::string heading) : app_(app), heading_(std::move(heading)) {}

  void add(const char* names, std::string& to, const std::string& help);
  void add(const char* names, std::optional<std::string>& to, const std::string& help);
  void add(const char* names, std::vector<std::string>& to, const std::string& help);
  void add(const char* names, int& to, const std::string& help);
  void add(const char* names, double& to, const std::string& help);
  void add(const char* names, std::optional<double>& to, const std::string& help);
  void flag(const char* names, bool& to, const std::string& help);
  void flag(const char* names, const std::function<void()>& given, const std::string& help);

  // Calls `read` with the value.
  using Read = std::function<void(const std::string&)>;
  void add(const char* names, const char* type, const Read& read, const std::string& help);

 private:
  CLI::App& app_;
  std::string heading_;
};

// The words that belong to no option.
void add_words(CLI::App& app, const char* name, std::vector<std::string>& to,
               const std::string& help);

// Parses the words behind the program's name. False where help or the version was asked for, which
// is then printed. Throws a usage error for a wrong command line; an unknown option that is nearly
// a known one is answered with that.
bool parse_as_typed(CLI::App& app, int argc, char** argv);

// The end of a program that only prints. Throws a run error where standard output is full or
// closed.
void flush_output();

// Throws a usage error for a value outside.
template <class T>
void in_range(const char* option, T value, T least, T most) {
  if (value >= least && value <= most) return;
  throw usage_error("{} is {}, expected {} to {}", option, value, least, most);
}

}  // namespace yent
