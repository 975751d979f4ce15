// The command line of ascii-db: a command, the database, and what the command takes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/command_line/option_group.h"

namespace yent::art {

struct DatabaseOptions {
  std::string command, database;
  std::vector<std::string> words;  // behind them: paths to import, words to search
  std::string source, rights, style;
  std::vector<std::string> tags;
  bool keep_near = false;
  int width = 0, height = 0, limit = 10;
  bool json = false, quiet = false;
};

// Nothing where the help or the like was asked for, and has been printed. Throws a usage error for
// a command line that makes no sense.
std::optional<DatabaseOptions> parse_database_options(int argc, char** argv);

}  // namespace yent::art
