// The help, the manual page and the completions of yent-run, which are made from one table; in real
// shells where they are installed.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>

#include "kernels/spelling.h"
#include "tests/support/program.h"
#include "tools/command_line/option_group.h"

namespace yent::test {
namespace {

// Of the help: each option's long name, and the values of those that take nothing else.
std::map<std::string, Args> options_in(const std::string& help) {
  std::map<std::string, Args> options;
  std::istringstream lines(help.substr(0, help.find("\nExamples:")));
  for (std::string line; std::getline(lines, line);) {
    const size_t at = line.find("--");
    if (!line.starts_with("  ") || at > 8) continue;  // not the first line of an option
    std::istringstream words(line.substr(at));
    std::string name, value;
    words >> name;
    options[name] = {};
    if (line[at + name.size() + 1] != ' ' && words >> value && value.find('|') != value.npos) {
      std::istringstream values(value);
      for (std::string v; std::getline(values, v, '|');) options[name].push_back(v);
    }
  }
  return options;
}

std::string escaped(const std::string& text, char special) {
  std::string all;
  for (char c : text) all += c == special ? std::string("\\") + c : std::string(1, c);
  return all;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool is_installed(const std::string& shell) {
  if (std::system(("command -v " + shell + " >/dev/null 2>&1").c_str()) == 0) return true;
  MESSAGE("skipped: " << shell << " is not here");
  return false;
}

// What a shell command prints.
std::string output_of(const Program& program, const std::string& command) {
  const std::string out = (program.here / "printed").string();
  const std::string all =
      "cd '" + program.here.string() + "' && { " + command + "; } >'" + out + "' 2>&1 </dev/null";
  CHECK(std::system(all.c_str()) == 0);
  return text_of(out);
}

// The folder has a picture, another file and a folder.
void fill(const Program& program, const std::string& shell) {
  put(program.here / "script", program.run({"--completion", shell}).out);
  put(program.here / "pic of me.png", "");
  put(program.here / "pig.gguf", "");
  fs::create_directory(program.here / "pile");
}

}  // namespace

TEST_CASE("command line: every option and value is in the help, the manual and the completions") {
  if (Program::absent()) return;
  const Program program;
  const auto options = options_in(program.run({"--help"}).out);
  CHECK(options.size() > 55);
  CHECK(options.contains("--sampler"));
  CHECK(options.at("--grammar") == Args{"literal", "a1111"});
  const std::string manual = program.run({"--man"}).out;
  const std::string bash = program.run({"--completion", "bash"}).out;
  const std::string zsh = program.run({"--completion", "zsh"}).out;
  const std::string fish = program.run({"--completion", "fish"}).out;
  CHECK(has(bash, "euler euler-a dpm++2m"));
  for (const auto& option : options) {
    const std::string& name = option.first;
    CAPTURE(name);
    CHECK(has(manual, "\\fB" + escaped(name, '-') + "\\fR"));
    CHECK(has(bash, " " + name + " ") + has(bash, " " + name + "'") == 1);
    CHECK(has(zsh, name + "[") + has(zsh, name + "=[") == 1);
    CHECK(has(fish, " -l " + name.substr(2) + " "));
    for (const std::string& value : option.second) {
      CAPTURE(value);
      if (std::ranges::any_of(value, [](char c) { return c >= 'A' && c <= 'Z'; })) continue;
      for (const std::string* text : {&manual, &bash, &zsh, &fish}) {
        CHECK(has(*text, text == &manual ? escaped(value, '-')
                         : text == &zsh  ? escaped(value, ':')
                                         : value));
      }
    }
  }
}

TEST_CASE("command line: no type names in the help, no line above 80 columns") {
  if (Program::absent()) return;
  const std::string help = Program().run({"--help"}).out;
  CHECK_FALSE(has(help, "INT"));
  CHECK_FALSE(has(help, "FLOAT"));
  for (const std::string text : {"-o, --output FILE ", "--steps N ", "--filter ascii|",
                                 "--lora FILE[:SCALE]", "ddim, pndm,", "Examples:\n"}) {
    CHECK_MESSAGE(has(help, text), text);
  }
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) CHECK_MESSAGE(line.size() <= 80, line);
}

TEST_CASE("command line: the manual page is sound") {
  if (Program::absent()) return;
  const Program program;
  put(program.here / "page.1", program.run({"--man"}).out);
  if (is_installed("groff")) {
    CHECK(output_of(program, "groff -man -Tutf8 -ww -z page.1") == "");
  }
  if (is_installed("mandoc")) CHECK(output_of(program, "mandoc -Tlint -W error page.1") == "");
}

TEST_CASE("command line: bash completes") {
  if (Program::absent() || !is_installed("bash")) return;
  const Program program;
  fill(program, "bash");
  const auto completed = [&](const std::string& words) {
    return output_of(program, "bash -c 'source ./script; COMP_WORDS=(yent-run " + words +
                                  "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _yent_run;"
                                  " printf \"%s\\n\" \"${COMPREPLY[@]}\" | LC_ALL=C sort'");
  };
  CHECK(completed("--sampler eu") == "euler\neuler-a\n");
  CHECK(completed("--sampler = eu") == "euler\neuler-a\n");
  CHECK(completed("--grammar =") == "a1111\nliteral\n");
  CHECK(completed("--mo") == "--model\n--mood\n");
  CHECK(completed("-m de") == "default\n");
  CHECK(completed("-i pi") == "pic of me.png\npig.gguf\npile\n");
  CHECK(completed("--tokenizer pi") == "pile\n");
  CHECK(completed("pi") == "\n");
}

TEST_CASE("command line: fish completes") {
  if (Program::absent() || !is_installed("fish")) return;
  const Program program;
  fill(program, "fish");
  const auto completed = [&](const std::string& line) {
    return output_of(program, "HOME=\"$PWD\" fish -c 'source ./script; complete -C \"yent-run " +
                                  line + "\"' | cut -f 1");
  };
  CHECK(completed("--sampler eu") == "euler\neuler-a\n");
  CHECK(completed("--sampler=eu") == "--sampler=euler\n--sampler=euler-a\n");
  CHECK(completed("--mo") == "--model\n--mood\n");
  CHECK(completed("-m de") == "default\n");
  CHECK(completed("-i pi") == "pic of me.png\npig.gguf\npile/\n");
  CHECK(completed("--tokenizer pi") == "pile/\n");
  CHECK(completed("pi") == "");
}

TEST_CASE("command line: zsh completes") {
  if (Program::absent() || !is_installed("zsh")) return;
  const Program program;
  fill(program, "zsh");
  // What one Tab makes of a line, in a shell with a terminal.
  put(program.here / "complete.zsh", R"(zmodload zsh/zpty
zpty c zsh -f -i
zpty -w c "PS1=; autoload -Uz compinit; compinit -u -D; source ./script; unsetopt zle_bracketed_paste"
zpty -w c "show() { zle complete-word; print -r -- \"[[\$BUFFER]]\" >shown; }; zle -N show"
zpty -w c "bindkey '^I' show; : >ready"
while [[ ! -e ready ]]; do zpty -r -t c >/dev/null || sleep 0.05; done
zpty -w -n c "$1"$'\t'
while [[ ! -s shown ]]; do zpty -r -t c >/dev/null || sleep 0.05; done
cat shown
zpty -d c
)");
  const auto completed = [&](const std::string& line) {
    fs::remove(program.here / "ready");
    fs::remove(program.here / "shown");
    return output_of(program,
                     "HOME=\"$PWD\" timeout 60 zsh -f complete.zsh \"yent-run " + line + "\"");
  };
  CHECK(completed("--sampler heu") == "[[yent-run --sampler heun ]]\n");
  CHECK(completed("--sampler=heu") == "[[yent-run --sampler=heun ]]\n");
  CHECK(completed("-m de") == "[[yent-run -m default ]]\n");
  CHECK(completed("-i pig") == "[[yent-run -i pig.gguf ]]\n");
  CHECK(completed("--tokenizer pi") == "[[yent-run --tokenizer pile/]]\n");
}

TEST_CASE("command line: a name that is nearly right") {
  const Args samplers{"ddim", "euler", "euler-a", "dpm++2m", "heun", "lms"};
  CHECK(nearest_name("eulr", samplers) == "euler");
  CHECK(nearest_name("EULER", samplers) == "euler");
  CHECK(nearest_name("dpm+2m", samplers) == "dpm++2m");
  CHECK(nearest_name("he", samplers) == "heun");
  CHECK_FALSE(nearest_name("", samplers));
  CHECK_FALSE(nearest_name("x", samplers));
  CHECK_FALSE(nearest_name("magic", samplers));
  CHECK_FALSE(nearest_name(std::string(1 << 20, 'e'), samplers));
  CHECK(one_of("ddmi", {"ddim", "lms"}) == "one of ddim, lms; did you mean ddim?");
  CHECK(one_of("magic", {"ddim", "lms"}) == "one of ddim, lms");
}

TEST_CASE("command line: values as they are declared") {
  std::string filter = "ascii", width;
  std::vector<std::string> pair;
  CommandLine line("program");
  OptionGroup group(line, "All");
  group.add("-f,--filter ascii|none", filter, "what it shows");
  group.add("--columns N|auto", width, "columns");
  group.add("--pair KIND DIR", pair, "two values");
  const auto parse = [&](Args args) {
    args.insert(args.begin(), "program");
    std::vector<char*> argv;
    for (std::string& arg : args) argv.push_back(arg.data());
    line.parse(static_cast<int>(argv.size()), argv.data());
  };
  parse({"-f", "none", "--columns", "7", "--pair", "a", "b"});
  CHECK(filter == "none");
  CHECK(width == "7");
  CHECK(pair == Args{"a", "b"});
  CHECK(typed_values(line.rows()[1]) == Args{"auto"});
  CHECK_FALSE(takes_only_typed_values(line.rows()[1]));
  CHECK(takes_folder(line.rows()[2]));
  CHECK_THROWS_WITH(parse({"--filter", "nome"}),
                    "--filter is nome, expected one of ascii, none; did you mean none?");
}

}  // namespace yent::test
