#include "tools/menu/menu.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "kernels/error.h"
#include "tools/command_line/number.h"
#include "tools/interrupt.h"
#include "tools/menu/preset_options.h"
#include "tools/paint.h"

namespace yent {
namespace {

std::string trimmed(const std::string& line) {
  constexpr const char* blank = " \t\r";
  const size_t begin = line.find_first_not_of(blank);
  if (begin == line.npos) return "";
  return line.substr(begin, line.find_last_not_of(blank) + 1 - begin);
}

// A path as it is typed, or as a file manager drops it into a terminal: quoted.
std::string path_of(std::string typed) {
  const bool quoted = typed.size() > 1 && typed.front() == typed.back() &&
                      (typed.front() == '\'' || typed.front() == '"');
  if (quoted) return typed.substr(1, typed.size() - 2);
  const char* home = std::getenv("HOME");
  return home && typed.starts_with("~/") ? home + typed.substr(1) : typed;
}

class Menu {
 public:
  Menu(const Run& run, LineEditor& lines)
      : options_(run.options),
        run_(run.with(options_)),
        lines_(lines),
        negative_(options_.negative),
        picture_(options_.init_image) {
    check_options(run_);
    painting_.emplace(run_, nullptr);
  }

  void go() {
    std::optional<CancelOnInterrupt> scope;
    if (lines_.is_terminal()) scope.emplace(cancel_);
    run_.console.say(options_.preset->title);
    while (!ended_) turn();
  }

 private:
  struct Entry {
    const char* text;
    void (Menu::*act)();
  };
  static const std::array<Entry, 4> kEntries;

  struct Made {
    std::string file;
    uint64_t seed;
    int steps;
    std::string prompt;
  };

  void turn();
  void text_to_image();
  void image_to_image();
  void list();
  void end() { ended_ = true; }

  std::string ask(const std::string& question);
  std::optional<PresetPrompt> ask_prompt();
  void ask_picture();
  void ask_numbers();
  void paint(const PresetPrompt& prompt);
  void remember();
  void say_row(const std::string& row) { run_.console.say(fitted(row)); }
  std::string fitted(const std::string& row) const;

  Options options_;
  Run run_;
  LineEditor& lines_;
  const std::string negative_;
  std::string picture_;  // of the last turn that had one
  CancelToken cancel_;
  std::optional<Painting> painting_;
  std::vector<Made> made_;
  bool ended_ = false;
};

const std::array<Menu::Entry, 4> Menu::kEntries = {{{"text to image", &Menu::text_to_image},
                                                    {"image to image", &Menu::image_to_image},
                                                    {"what was made", &Menu::list},
                                                    {"the end", &Menu::end}}};

// A row of a list stays one row.
std::string Menu::fitted(const std::string& row) const {
  const Terminal& terminal = run_.console.terminal();
  const size_t most = terminal.is_terminal ? std::max(terminal.columns - 1, 20) : row.size();
  if (row.size() <= most) return row;
  size_t end = most - 3;
  while (end > 0 && (static_cast<unsigned char>(row[end]) & 0xc0) == 0x80) --end;
  return row.substr(0, end) + "...";
}

// A trimmed answer; empty keeps what there is. Where nobody types, the end of the lines keeps it,
// too. Ctrl-C and Ctrl-D leave the question, and with it the turn.
std::string Menu::ask(const std::string& question) {
  cancel_.reset();
  std::optional<std::string> line;
  if (!ended_) line = lines_.read(question + ": ");
  if (!line) ended_ = true;
  if (ended_ && lines_.is_terminal()) cancel_.cancel();
  CancelToken::check(&cancel_);
  return trimmed(line.value_or(""));
}

void Menu::turn() {
  try {
    std::string entries;  // one row, so that the picture above stays on the screen
    for (size_t i = 0; i < kEntries.size(); ++i) {
      entries += fmt::format("{}{} {}", i ? ", " : "", i + 1, kEntries[i].text);
    }
    const std::string answer = ask(entries);
    if (answer.empty()) return;
    const auto number = natural_number(answer);
    if (!number || *number < 1 || *number > kEntries.size()) {
      throw usage_error("{} is not in the menu, expected 1 to {}", answer, kEntries.size());
    }
    (this->*kEntries[*number - 1].act)();
  } catch (const Error& error) {
    if (!lines_.is_terminal()) throw;
    if (ended_) return;
    run_.console.say(error.kind() == Error::cancelled ? "stopped" : error.what());
  }
}

void Menu::text_to_image() {
  const std::optional<PresetPrompt> prompt = ask_prompt();
  if (!prompt) return;
  ask_numbers();
  options_.init_image.clear();
  paint(*prompt);
}

void Menu::image_to_image() {
  ask_picture();
  if (picture_.empty()) return;
  const std::optional<PresetPrompt> prompt = ask_prompt();
  if (!prompt) return;
  ask_numbers();
  options_.init_image = picture_;
  paint(*prompt);
}

// Nothing for an empty answer.
std::optional<PresetPrompt> Menu::ask_prompt() {
  const std::vector<PresetPrompt>& prompts = options_.preset->prompts;
  for (size_t i = 0; i < prompts.size(); ++i) {
    say_row(fmt::format("{:>2}  {}", i + 1, prompts[i].text));
  }
  const std::string answer =
      ask(prompts.empty() ? "your own words" : "a number, or your own words");
  if (answer.empty()) return {};
  const auto number = whole_number(answer);
  if (!number || prompts.empty()) {
    const std::string negative = ask(fmt::format("what not to paint ({})", negative_));
    return PresetPrompt{answer, negative.empty() ? negative_ : negative};
  }
  if (*number < 1 || *number > static_cast<int64_t>(prompts.size())) {
    throw usage_error("there is no prompt {}, expected 1 to {}, or words", answer, prompts.size());
  }
  return prompts[static_cast<size_t>(*number) - 1];
}

// A picture that cannot be read is an error at once.
void Menu::ask_picture() {
  const std::string shown = picture_.empty() ? "PNG or JPEG" : picture_;
  const std::string typed = ask(fmt::format("picture ({})", shown));
  if (typed.empty() && picture_.empty()) return;
  const std::string file = typed.empty() ? picture_ : path_of(typed);
  read_image(file);
  picture_ = file;
  const std::string strength =
      ask(fmt::format("strength, how much may change ({})", options_.strength));
  if (strength.empty()) return;
  const auto number = decimal_number(strength);
  if (!number || !(*number > 0 && *number <= 1)) {
    throw usage_error("the strength is {}, expected more than 0 and at most 1", strength);
  }
  options_.strength = *number;
}

// They stay for the turns that follow.
void Menu::ask_numbers() {
  if (const std::string typed = ask(fmt::format("seed ({})", run_.seed)); !typed.empty()) {
    const auto seed = natural_number(typed);
    if (!seed) throw usage_error("the seed is {}, expected a whole number below 2^64", typed);
    options_.seed = run_.seed = *seed;
  }
  if (const std::string typed = ask(fmt::format("steps ({})", options_.steps)); !typed.empty()) {
    const auto steps = natural_number(typed);
    if (!steps || *steps < 1 || *steps > 1000) {
      throw usage_error("steps is {}, expected 1 to 1000", typed);
    }
    options_.steps = static_cast<int>(*steps);
  }
}

void Menu::paint(const PresetPrompt& prompt) {
  options_.prompt = prompt.text;
  options_.negative = prompt.negative.value_or(negative_);
  begin_turn(run_);
  painting_->ask_for(run_, request_of(run_, nullptr));
  run_.console.begin_page();
  say_row(painting_->request.prompt);
  paint_prompt(run_, *painting_, {"", static_cast<int>(made_.size()), &cancel_});
  options_.explain = false;  // once is enough
  remember();
  print_report(run_);
}

void Menu::remember() {
  const Json& output = run_.report["output"];
  std::vector<std::string> files;
  if (const std::string* one = output.text()) {
    files.push_back(*one);
  } else {
    files = output.get<std::vector<std::string>>();
  }
  for (size_t k = 0; k < files.size(); ++k) {
    made_.push_back({files[k], run_.seed + k, options_.steps, painting_->request.prompt});
  }
}

void Menu::list() {
  if (made_.empty()) run_.console.say("nothing yet");
  for (const Made& m : made_) {
    const std::string row =
        fitted(fmt::format("{}  seed {}, {} steps  {}", m.file, m.seed, m.steps, m.prompt));
    if (options_.json) {
      run_.console.say(row);
    } else {
      run_.console.print(row + "\n");
    }
  }
}

}  // namespace

void run_menu(const Run& run, LineEditor& lines) { Menu(run, lines).go(); }

}  // namespace yent
