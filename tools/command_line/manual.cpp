// The manual page, in the language of man(7).
#include <algorithm>
#include <cctype>

#include "tools/command_line/option_table.h"

namespace yent {
namespace {

// As it stands: a hyphen is a minus, as what is typed needs it, and no line is a request.
std::string escaped(const std::string& text) {
  std::string all;
  for (const char c : text) {
    const bool begins_line = all.empty() || all.back() == '\n';
    if (begins_line && (c == '.' || c == '\'')) all += "\\&";
    if (c == '\\') {
      all += "\\e";
    } else if (c == '-') {
      all += "\\-";
    } else {
      all += c;
    }
  }
  return all;
}

std::string bold(const std::string& text) { return "\\fB" + escaped(text) + "\\fR"; }

// What stands for something else is in italics, what is typed in bold.
std::string value_text(const std::string& value) {
  std::string all, word;
  const auto end_word = [&] {
    const bool stands_for_others =
        std::ranges::any_of(word, [](char c) { return std::isupper(c); });
    if (!word.empty()) all += (stands_for_others ? "\\fI" : "\\fB") + escaped(word) + "\\fR";
    word.clear();
  };
  for (const char c : value) {
    if (std::string_view("|[]:").find(c) == std::string_view::npos) {
      word += c;
      continue;
    }
    end_word();
    all += c;
  }
  end_word();
  return all;
}

std::string manual_row(const OptionRow& row) {
  std::string text = ".TP\n";
  for (const std::string& name : row.names) {
    text += (&name == row.names.data() ? "" : ", ") + bold(name);
  }
  if (!row.value.empty()) text += " " + value_text(row.value);
  text += "\n" + escaped(row.help);
  if (!row.known) return text + "\n";
  std::string known;
  for (const std::string& name : row.known()) known += (known.empty() ? ": " : ", ") + bold(name);
  return text + known + "\n";
}

std::string upper_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

std::string sections(const About& about, bool description) {
  std::string text;
  for (const auto& [title, body] : about.sections) {
    if ((title == "DESCRIPTION") == description) text += ".SH " + title + "\n" + body;
  }
  return text;
}

}  // namespace

const char* exit_status_section() {
  return R"(.IP 0 5
done
.IP 1
the run failed: memory, device, unwritable output
.IP 2
the command line is wrong
.IP 3
a file to be read is missing, malformed or does not fit
.IP 130
interrupted
)";
}

std::string manual_page(const About& about, const std::vector<OptionRow>& rows) {
  std::string text = ".TH " + upper_case(about.name) +
                     " 1 \"\" \"\" \"User Commands\"\n.SH NAME\n" + escaped(about.name) + " \\- " +
                     escaped(about.purpose) + "\n.SH SYNOPSIS\n";
  for (const std::string& usage : about.usages) {
    text += (&usage == about.usages.data() ? "" : ".br\n") + bold(about.name) + " " +
            escaped(usage) + "\n";
  }
  text += sections(about, true) + ".SH OPTIONS\nDefaults are in parentheses.\n";
  std::string heading;
  for (const OptionRow& row : rows) {
    if (row.heading != heading) text += ".SS " + escaped(row.heading) + "\n";
    heading = row.heading;
    text += manual_row(row);
  }
  text += sections(about, false);
  if (!about.examples.empty()) text += ".SH EXAMPLES\n";
  for (const auto& [typed, meaning] : about.examples) {
    text += ".TP\n" + bold(typed) + "\n" + escaped(meaning) + "\n";
  }
  return text;
}

}  // namespace yent
