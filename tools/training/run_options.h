// The options that every training has, and the settings that a run keeps to from its first step to
// its last.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tools/command_line/option_group.h"

namespace yent::training {

struct RunOptions {
  std::string out;  // a folder
  bool resume = false;
  int steps = 0, batch = 0;
  double rate = 0;
  std::optional<uint64_t> seed;
  int validate_every = 0, save_every = 0;
  double minutes = 0;  // 0: until all steps are done
  int stop_at = 0;     // a step; 0: the last
  int threads = 0;
  std::string isa;
  bool quiet = false;
};

// Under the headings Training and Machine. The values of `to` are the defaults.
void add_run_options(CommandLine& line, RunOptions& to);
// After parsing.
void check_run_options(RunOptions& o, const CommandLine& line, const char* environment_isa);

// The options that a run cannot change: what was given at its start holds until its end.
class FixedSettings {
 public:
  void add(const char* flag, int& value) { rows_.push_back({flag, &value}); }
  void add(const char* flag, double& value) { rows_.push_back({flag, &value}); }
  // What tells one file from another.
  void add_file(const char* flag, std::string& fingerprint) {
    rows_.push_back({flag, &fingerprint});
  }

  // As the metadata of the run's file.
  std::map<std::string, std::string> saved() const;
  // Takes the values of a saved run, which `check` looks at. Throws a usage error for an option
  // that was given and differs, and a file error for a value that is none.
  void take(const std::filesystem::path& state, const CommandLine& line,
            const std::function<void()>& check) const;

 private:
  struct Row {
    const char* flag;
    std::variant<int*, double*, std::string*> value;
    std::string text() const;
    bool read(const std::string& text) const;
  };
  std::vector<Row> rows_;
};

}  // namespace yent::training
