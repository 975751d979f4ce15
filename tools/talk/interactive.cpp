// -I: a conversation, line by line. A line that begins with a slash is a command.
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "engine/pipeline/assets.h"
#include "engine/yent/mood.h"
#include "kernels/error.h"
#include "tools/command_line/number.h"
#include "tools/interrupt.h"
#include "tools/paint.h"
#include "tools/talk/line_editor.h"

namespace yent {
namespace {

class Talk;

struct Command {
  std::string_view name, value, help;
  void (Talk::*act)(const std::string& value);
};

// The options change from turn to turn; the painter and the voices stay.
class Talk {
 public:
  Talk(const Run& run, LineEditor& lines)
      : options_(run.options), run_(run.with(options_)), lines_(lines) {
    check_options(run_);
    if (!options_.prompt_only) painting_.emplace(run_, nullptr);
    speaker_.emplace(run_);
  }

  void go() {
    std::optional<CancelOnInterrupt> scope;
    if (lines_.is_terminal()) scope.emplace(cancel_);
    turn(fmt::format("{}", fmt::join(options_.words, " ")));
    if (lines_.is_terminal()) run_.console.say("/help lists commands, Ctrl-D ends");
    while (!ended_) {
      cancel_.reset();
      const std::optional<std::string> line = lines_.read("> ");
      if (!line) return;
      cancel_.reset();
      turn(*line);
    }
  }

  void help(const std::string&);
  void set_style(const std::string& name);
  void set_mood(const std::string& name);
  void set_seed(const std::string& text);
  void forget(const std::string&);
  void quit(const std::string&) { ended_ = true; }

 private:
  static const std::array<Command, 6> kCommands;

  // What goes wrong ends only this turn, unless nobody is there to read of it.
  void turn(const std::string& line) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) return;
    try {
      if (line.front() == '/') return command(line);
      answer(line);
    } catch (const Error& error) {
      if (!lines_.is_terminal()) throw;
      run_.console.say(error.kind() == Error::cancelled ? "stopped" : error.what());
    }
  }

  void answer(const std::string& said);
  void command(const std::string& line);

  Options options_;
  Run run_;
  LineEditor& lines_;
  CancelToken cancel_;
  std::optional<Painting> painting_;
  std::optional<Speaker> speaker_;
  int pictures_ = 0;
  bool ended_ = false;
};

const std::array<Command, 6> Talk::kCommands = {{
    {"/help", "", "this list", &Talk::help},
    {"/style", "NAME", "a style for what follows; without a name, a new one each time",
     &Talk::set_style},
    {"/mood", "NAME", "force a mood; without a name, moods follow your words", &Talk::set_mood},
    {"/seed", "N", "the seed of the next turn; each has the next one", &Talk::set_seed},
    {"/forget", "", "begin a new conversation", &Talk::forget},
    {"/quit", "", "the end", &Talk::quit},
}};

void Talk::answer(const std::string& said) {
  begin_turn(run_);
  if (options_.prompt_only) {
    const PromptLimit limit =
        prompt_limit(painter_path(options_.model), tokenizer_folders(options_));
    react(run_, *speaker_, {said, 0, &cancel_}, limit);
  } else {
    const int before = pictures_;
    pictures_ += options_.batch;
    react_and_paint(run_, *speaker_, {said, before, &cancel_}, *painting_);
  }
  if (!options_.seed) run_.console.say(fmt::format("seed {}", run_.seed));
  run_.seed += static_cast<uint64_t>(options_.batch);
  options_.explain = false;  // once is enough
  print_report(run_);
}

void Talk::command(const std::string& line) {
  const size_t space = std::min(line.find_first_of(" \t"), line.size());
  const std::string name = line.substr(0, space);
  std::string value = line.substr(space);
  value.erase(0, std::min(value.find_first_not_of(" \t"), value.size()));
  value.erase(value.find_last_not_of(" \t\r") + 1);
  for (const Command& command : kCommands) {
    if (command.name == name) return (this->*command.act)(value);
  }
  throw usage_error("{} is no command, /help lists them", name);
}

void Talk::help(const std::string&) {
  for (const Command& c : kCommands) {
    run_.console.say(fmt::format("{:<12} {}", fmt::format("{} {}", c.name, c.value), c.help));
  }
}

void Talk::set_style(const std::string& name) {
  Options changed = options_;
  changed.style = name;
  if (!name.empty()) chosen_style(changed);  // or an error, and the style stays
  options_.style = name;
  if (painting_) painting_->request.loras = style_adapters(options_);
}

void Talk::set_mood(const std::string& name) {
  if (!name.empty()) mood_named(name, speaker_->session().persona());
  options_.mood = name;
}

void Talk::set_seed(const std::string& text) {
  const auto seed = natural_number(text);
  if (!seed) throw usage_error("/seed is '{}', expected a whole number below 2^64", text);
  options_.seed = run_.seed = *seed;
}

void Talk::forget(const std::string&) { speaker_->session().forget(); }

}  // namespace

void converse(const Run& run, LineEditor& lines) { Talk(run, lines).go(); }

}  // namespace yent
