#include <fmt/ranges.h>

#include "tools/command_line/option_table.h"

namespace yent {
namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// For shells: '...', in which nothing but the quote itself is special.
std::string quoted(const std::string& text) { return "'" + replaced(text, "'", "'\\''") + "'"; }

// The help up to its first aside.
std::string short_help(const OptionRow& row) {
  const size_t end = std::min({row.help.find(" ("), row.help.find("; "), row.help.find(": "),
                               row.help.find(", "), row.help.size()});
  return row.help.substr(0, end);
}

std::string function_name(const std::string& program) { return "_" + replaced(program, "-", "_"); }

// In bash `--sampler=eu` is three words.
std::string bash(const std::string& program, const std::vector<OptionRow>& rows) {
  std::string names, cases;
  for (const OptionRow& row : rows) {
    for (const std::string& name : row.names) names += (names.empty() ? "" : " ") + name;
    if (row.value.empty()) continue;
    std::string words =
        fmt::format("-W {}", quoted(fmt::format("{}", fmt::join(typed_values(row), " "))));
    if (takes_file(row)) words += " -f";
    if (takes_folder(row)) words += " -d";
    cases += fmt::format("    {}) kinds=({}) ;;\n", fmt::join(row.names, "|"), words);
  }
  return fmt::format(R"(# bash completion of {0}
{1}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} option=${{COMP_WORDS[COMP_CWORD-1]}} kinds=()
  if [[ $word == = ]]; then
    word=
  elif [[ $option == = ]]; then
    option=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  case $option in
{2}    *) [[ $word == -* ]] && kinds=(-W '{3}') ;;
  esac
  COMPREPLY=()
  [[ ${{#kinds[@]}} -gt 0 ]] || return 0
  [[ " ${{kinds[*]}} " != *' -'[fd]' '* ]] || compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "${{kinds[@]}}" -- "$word")
}}
complete -F {1} {0}
)",
                     program, function_name(program), cases, names);
}

// A colon ends a part of what _arguments takes, a bracket its text.
std::string for_arguments(std::string text) {
  for (const char* c : {"\\", ":", "[", "]"})
    text = replaced(std::move(text), c, std::string("\\") + c);
  return text;
}

std::string zsh_action(const OptionRow& row, const std::string& function) {
  const std::vector<std::string> values = typed_values(row);
  const std::string names = for_arguments(fmt::format("{}", fmt::join(values, " ")));
  const char* files = takes_file(row) ? "_files" : takes_folder(row) ? "_files -/" : " ";
  if (values.empty()) return files;
  return takes_file(row) ? function + "_or_files " + names : "(" + names + ")";
}

std::string zsh(const std::string& program, const std::vector<OptionRow>& rows) {
  const std::string function = function_name(program);
  std::string specs;
  for (const OptionRow& row : rows) {
    const std::string text = "[" + for_arguments(short_help(row)) + "]";
    const std::string others =
        row.repeatable ? "*" : fmt::format("({})", fmt::join(row.names, " "));
    for (const std::string& name : row.names) {
      std::string spec = others + name;
      // The value of a long name may come behind an equals sign, that of a short one at once.
      if (!row.value.empty()) spec += name.starts_with("--") ? "=" : "+";
      spec += text;
      if (!row.value.empty())
        spec += ":" + for_arguments(row.value) + ":" + zsh_action(row, function);
      specs += "    " + quoted(spec) + " \\\n";
    }
  }
  return fmt::format(R"(#compdef {0}
# zsh completion of {0}
{1}_or_files() {{
  compadd "$@"
  _files
}}
{1}() {{
  _arguments -s -S \
{2}    '*:words: '
}}
if [[ ${{zsh_eval_context[-1]}} == loadautofunc ]]; then
  {1} "$@"
else
  compdef {1} {0}
fi
)",
                     program, function, specs);
}

std::string fish(const std::string& program, const std::vector<OptionRow>& rows) {
  std::string text =
      fmt::format("# fish completion of {0}\ncomplete -c {0} -e\ncomplete -c {0} -f\n", program);
  for (const OptionRow& row : rows) {
    text += "complete -c " + program;
    for (const std::string& name : row.names) {
      text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    if (!row.value.empty()) text += takes_file(row) ? " -r -F" : " -x";
    std::vector<std::string> values = typed_values(row);
    if (takes_folder(row)) values.push_back("(__fish_complete_directories)");
    if (!values.empty()) text += " -a " + quoted(fmt::format("{}", fmt::join(values, " ")));
    text += " -d " + quoted(short_help(row)) + "\n";
  }
  return text;
}

}  // namespace

std::string completion_script(const std::string& shell, const std::string& program,
                              const std::vector<OptionRow>& rows) {
  if (shell == "bash") return bash(program, rows);
  return shell == "zsh" ? zsh(program, rows) : fish(program, rows);
}

}  // namespace yent
