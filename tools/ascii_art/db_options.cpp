#include "tools/ascii_art/db_options.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "engine/ascii_writer/canonical.h"
#include "engine/ascii_writer/vocabulary.h"
#include "tools/command_line/questions.h"

namespace yent::art {
namespace {

constexpr const char* kDescription =
    R"(The database is one file of SQLite. Each drawing is in it once, in one form, with its title,
caption and tags, its source, and the right to use it.
.TP
.BI init " DATABASE"
makes it; a database that is there stays as it is
.TP
.BI import " DATABASE PATH ..."
adds pieces: the text files of a folder, one text file, or a file of JSON lines (NAME.jsonl: objects
with text, style, title, caption, tags, source, rights). All of them are added, or none if one cannot
be read. A text that is there already only adds its tags. Near-duplicates are left out and counted:
drawings of nearly the same size whose ink lies in the same places.
.TP
.BI search " DATABASE" " [" "WORD ..." ]
shows the pieces that have all words in title, tags or caption, the best first; without words the
first ones. Nothing in a word is an operator.
.TP
.BI stats " DATABASE"
counts
.TP
.BI check " DATABASE"
reads everything and says what is wrong: the file, hashes, sizes, rows without their piece, the index
)";

constexpr const char* kExitStatus =
    R"(.IP 0 5
done
.IP 1
the database cannot be written, or another program writes to it
.IP 2
the command line is wrong
.IP 3
a file is missing or damaged, or the check found something
.IP 130
interrupted: the database is as it was
)";

About about() {
  return {.name = "ascii-db",
          .purpose = "A database of drawings in characters, for training and for looking at.",
          .usages = {"init DATABASE", "import DATABASE PATH ... --source TEXT --rights TEXT",
                     "search DATABASE [word ...]", "stats DATABASE", "check DATABASE"},
          .examples = {{"ascii-db init art.db", "an empty database"},
                       {R"(ascii-db import art.db ~/art --source "my own" --rights CC0)",
                        "all text files of a folder"},
                       {"ascii-db search art.db black cat --width 40",
                        "what fits in 40 columns, the best first"}},
          .sections = {{"DESCRIPTION", kDescription}, {"EXIT STATUS", kExitStatus}}};
}

void add_options(CommandLine& line, DatabaseOptions& o) {
  OptionGroup import(line, "Import");
  import.add("--source TEXT", o.source, "where pieces come from that do not say it themselves");
  import.add("--rights TEXT", o.rights, "by what right those may be used");
  import.add("--tag NAME", o.tags, "a tag for each piece");
  import.flag("--keep-near", o.keep_near, "add near-duplicates too");
  OptionGroup both(line, "Import and search");
  both.add("--style NAME", o.style, "the style of pieces that do not say it, or that are searched",
           style_names);
  OptionGroup search(line, "Search");
  search.add("--width N", o.width, "the widest, in columns");
  search.add("--height N", o.height, "the tallest, in rows");
  search.add("-n,--limit N", o.limit, "show at most N (10)");
  OptionGroup output(line, "Output");
  output.flag("--json", o.json, "search, stats: JSON, of a search an object a line");
  output.flag("-q,--quiet", o.quiet, "no report and no progress");
}

// The options that only some commands take.
struct Taken {
  const char* option;
  std::vector<std::string> commands;
};

void check_command(const CommandLine& line, const DatabaseOptions& o) {
  const std::vector<std::string> commands{"init", "import", "search", "stats", "check"};
  if (o.command.empty()) {
    throw usage_error("no command, expected {}", fmt::join(commands, ", "));
  }
  if (std::ranges::find(commands, o.command) == commands.end()) {
    throw usage_error("there is no command {}, expected {}", o.command, fmt::join(commands, ", "));
  }
  if (o.database.empty()) throw usage_error("{} takes the file of the database", o.command);
  if (o.command == "import" && o.words.empty()) {
    throw usage_error("import takes folders or files to import");
  }
  if (o.command != "import" && o.command != "search" && !o.words.empty()) {
    throw usage_error("{} takes nothing behind the database, but there is {}", o.command,
                      o.words.front());
  }
  const std::vector<Taken> taken{{"--source", {"import"}},       {"--rights", {"import"}},
                                 {"--tag", {"import"}},          {"--keep-near", {"import"}},
                                 {"--width", {"search"}},        {"--height", {"search"}},
                                 {"--limit", {"search"}},        {"--style", {"import", "search"}},
                                 {"--json", {"search", "stats"}}};
  for (const Taken& t : taken) {
    if (line.given(t.option) && std::ranges::find(t.commands, o.command) == t.commands.end()) {
      throw usage_error("{} is for {}, not for {}", t.option, fmt::join(t.commands, " and "),
                        o.command);
    }
  }
  if (line.given("--width")) in_range("--width", o.width, 1, kMaxSide);
  if (line.given("--height")) in_range("--height", o.height, 1, kMaxSide);
  in_range("--limit", o.limit, 1, 1'000'000);
  if (!o.style.empty()) find_style(o.style);
}

}  // namespace

std::optional<DatabaseOptions> parse_database_options(int argc, char** argv) {
  DatabaseOptions o;
  Questions questions;
  std::vector<std::string> words;
  CommandLine line("ascii-db");
  line.take_words(words);
  add_options(line, o);
  add_questions(line, questions, "ascii-db");
  line.parse(argc, argv);
  if (answer(questions, about(), line)) return std::nullopt;
  if (!words.empty()) o.command = words[0];
  if (words.size() > 1) o.database = words[1];
  if (words.size() > 2) o.words.assign(words.begin() + 2, words.end());
  check_command(line, o);
  return o;
}

}  // namespace yent::art
