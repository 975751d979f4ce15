#include "tools/ascii_art/gen_options.h"

#include "kernels/error.h"
#include "tools/command_line/number.h"
#include "tools/command_line/questions.h"

namespace yent::art {
namespace {

constexpr int kUsualWidth = 64, kUsualHeight = 32;

constexpr const char* kDescription =
    R"(A small transformer writes the drawing character by character, row by row.
It knows the row and the column of each, and how far the border is.
The words say what to draw; without words it draws anything.
.PP
The size is a guarantee: the drawing has exactly as many rows and columns as asked for, or with
.B \-\-max
no more.
With one of
.BR \-\-width " and " \-\-height
alone, the model chooses the other side.
.PP
The drawing alone goes to standard output, each row when it is complete.
Spaces at the ends of rows are left out there, unless
.B \-\-pad
is given; a file keeps them.
)";

constexpr const char* kFiles =
    R"(A model is a folder with
.IR config.json " and " model.safetensors ,
or
.IR model_int8.safetensors " or " model_int4.safetensors " with " quant_config.json ,
as
.BR ascii\-export (1)
writes it.
Of several files in a folder,
.B \-\-precision
chooses one.
The default model is looked for inside the executable, if it was built so; beside it; in
.IR prefix /share/yent/ascii-transformer;
in the source tree.
)";

About about() {
  return {.name = "ascii-gen",
          .purpose = "Draw something in characters.",
          .usages = {"[options] [words ...]", "--info [--model PATH]"},
          .examples = {{"ascii-gen cat", "a cat of 64 x 32 characters"},
                       {"ascii-gen --width 40 --height 12 -n 8 \"a house\"",
                        "the likeliest of eight houses, of exactly that size"},
                       {"ascii-gen --max --width 80 --height 40 --style line tree",
                        "a tree in lines that may be smaller"},
                       {"ascii-gen --json -s 7 fish", "the text, its size and its seed"}},
          .sections = {{"DESCRIPTION", kDescription},
                       {"EXIT STATUS", exit_status_section()},
                       {"FILES", kFiles}}};
}

void read_seed(const std::string& text, std::optional<uint64_t>& to) {
  to = natural_number(text);
  if (to || whole_number(text)) return;  // a negative one is a random one
  throw usage_error("--seed is '{}', expected a whole number below 2^64", text);
}

void add_drawing(CommandLine& line, GenOptions& o) {
  OptionGroup drawing(line, "Drawing");
  drawing.add("-m,--model PATH", o.model, "a model's folder or file (the one that ships)");
  drawing.add("-W,--width", o.width, "columns (64), 1 to 256");
  drawing.add("-H,--height", o.height, "rows (32), 1 to 256");
  drawing.flag("--max", o.limits, "the size is a limit: the drawing may be smaller");
  drawing.flag("--free", o.free, "no size: the model ends rows and the drawing");
  drawing.add("--style NAME", o.style, "how it is drawn, and with which characters (any)",
              style_names);
  drawing.add("--charset NAME", o.charset,
              "characters that may be used: ASCII, blocks, or all that the model knows (all)",
              charset_names);
}

void add_sampling(CommandLine& line, GenOptions& o) {
  OptionGroup sampling(line, "Sampling");
  sampling.add("--temp", o.temperature,
               "temperature (0.8); 0 always takes the likeliest character");
  sampling.add("--top-k", o.top_k, "choose among the N likeliest characters (40); 0 means all");
  sampling.add("--top-p", o.top_p,
               "choose among the likeliest that together have this probability (0.95)");
  sampling.add(
      "-s,--seed N", [&o](const std::string& text) { read_seed(text, o.seed); },
      "seed (random); the same seed, machine and options draw the same, whatever the thread count");
  sampling.add("-n,--candidates", o.candidates,
               "draw N times, with one seed after the other, and keep what the model finds "
               "likeliest (1)");
  sampling.flag("--all", o.all, "all candidates instead of one");
}

void add_output(CommandLine& line, GenOptions& o) {
  OptionGroup output(line, "Output");
  output.add("-o,--output FILE", o.output, "write the drawing to this file instead");
  output.flag("--pad", o.pad, "keep the spaces at the ends of rows");
  output.flag("--info", o.info, "print what the model's files say, and draw nothing");
  add_report_options(output, o.report);
}

void check(const GenOptions& o, const CommandLine& line) {
  const auto given = [&](const char* name) { return line.given(name); };
  if (given("--width")) in_range("--width", o.width, 1, kMaxSide);
  if (given("--height")) in_range("--height", o.height, 1, kMaxSide);
  in_range("--temp", o.temperature, 0.0, 100.0);
  in_range("--top-k", o.top_k, 0, 1 << 30);
  in_range("--top-p", o.top_p, 0.0, 1.0);
  in_range("--candidates", o.candidates, 1, 1000);
  if (o.free && (o.limits || given("--width") || given("--height"))) {
    throw usage_error("--free leaves the size to the model, expected no size with it");
  }
  if (given("--output") && o.output.empty()) throw usage_error("-o is empty, expected a file");
  if (given("--model") && o.model.empty()) throw usage_error("--model is empty, expected a path");
  if (o.info && !o.words.empty()) throw usage_error("--info draws nothing, expected no words");
}

}  // namespace

std::optional<GenOptions> parse_gen_options(int argc, char** argv, const char* environment_isa) {
  GenOptions o;
  Questions questions;
  CommandLine line(about().name);
  line.take_words(o.words);
  add_drawing(line, o);
  add_sampling(line, o);
  add_output(line, o);
  OptionGroup machine(line, "Machine");
  add_device_options(machine, o.device);
  add_questions(line, questions, about().name);
  line.parse(argc, argv);
  if (answer(questions, about(), line)) return std::nullopt;
  check_device_options(o.device, line, environment_isa);
  check(o, line);
  drawing_rules(o);
  return o;
}

DrawingRules drawing_rules(const GenOptions& o) {
  const Limit limit = o.limits ? Limit::at_most : Limit::exactly;
  DrawingRules rules;
  if (!o.free) {
    const bool usual = o.width == 0 && o.height == 0;
    if (usual || o.width > 0) rules.width = {limit, usual ? kUsualWidth : o.width};
    if (usual || o.height > 0) rules.height = {limit, usual ? kUsualHeight : o.height};
  }
  rules.style = find_style(o.style);
  rules.characters = characters_of_style(rules.style) & find_charset(o.charset);
  if (rules.characters.count() < 2) {
    throw usage_error("style {} has no character of charset {} but the space", o.style, o.charset);
  }
  return rules;
}

}  // namespace yent::art
