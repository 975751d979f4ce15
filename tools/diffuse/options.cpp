#include "tools/diffuse/options.h"

#include <algorithm>

#include "engine/models/char_diffusion.h"
#include "kernels/error.h"
#include "kernels/spelling.h"
#include "tools/command_line/number.h"
#include "tools/command_line/questions.h"
#include "tools/diffuse/about.h"
#include "tools/diffuse/commands.h"
#include "tools/diffuse/train.h"

namespace yent::diffuse {
namespace {

// As yent-run reads it: a negative seed is a random one.
void read_seed(const std::string& text, Options& o) {
  o.seed = natural_number(text);
  if (o.seed || whole_number(text)) return;
  throw usage_error("--seed is '{}', expected a whole number below 2^64", text);
}

void add_model(CommandLine& line, Options& o) {
  OptionGroup model(line, "Model and text");
  model.add("-m,--model FILE|default", o.model,
            "the network: .pt, .safetensors or .gguf (default)");
  model.add("--heads", o.heads, "attention heads (the file's, or one for 64 columns)");
  model.add("--length", o.length, "characters of a block, at most 512 (the file's, or 256)");
  model.add("--text FILE", o.text, "where beginnings are taken from (a text that ships)");
  model.add(
      "-s,--seed N", [&o](const std::string& text) { read_seed(text, o); },
      "seed of the beginning, of draws and of life (random)");
  model.add("-o,--output FILE", o.output,
            "write the text here, control characters as they are; - is standard output");
}

void add_sampling(CommandLine& line, Options& o) {
  character_diffusion::Decoding& d = o.decoding;
  OptionGroup sampling(line, "Writing");
  sampling.add("--blocks", o.blocks,
               "blocks (30), each beginning with the end of the one before; without context 5");
  sampling.add("--context", o.context,
               "characters that a block has from the one before (16); 0: independent samples");
  sampling.add(
      "--rule confidence|topk|entropy",
      [&d](const std::string& name) { d.rule.kind = character_diffusion::rule_named(name); },
      "which characters a step reveals (confidence): all that are sure enough, the K surest, or "
      "as many as a bound on the error allows, which takes the fewest steps");
  sampling.add("--tau", d.rule.tau, "confidence: the least probability (0.9)");
  sampling.add("-k,--top-k", d.rule.k, "topk: characters a step (a tenth of the block)");
  sampling.add("--bound", d.rule.bound, "entropy: the most error of a step, in nats (0.1)");
  sampling.add("--reach", d.rule.reach,
               "entropy: the distance, in characters, over which what two know of each other falls "
               "to a third (4)");
  sampling.add("--temp", d.temperature, "temperature of the probabilities (1)");
  sampling.flag("--draw", d.draw, "draw characters by their probabilities; else the likeliest");
  sampling.add(
      "--time rising|falling",
      [&d](const std::string& name) {
        d.time = name == "falling" ? character_diffusion::TimeOrder::falling
                                   : character_diffusion::TimeOrder::rising;
      },
      "the time that the network is told: the number of the step (rising), or as in training, "
      "falling with the masks");
  sampling.add("--steps", d.most_steps,
               "the most steps of a block; the last reveals all (no limit)");
  sampling.flag(
      "--no-mask", [&d] { d.nul = false; }, "never reveal the mask itself (NUL)");
  sampling.flag("--infill", o.infill, "the words are a text with masked places, to be filled in");
  sampling.add("--blank CHARACTER", o.blank, "infill: what marks a masked place (_)");
}

void add_animation(CommandLine& line, Options& o) {
  OptionGroup animation(line, "Animation");
  animation.add("--frames", o.frames, "the most frames (all)");
  animation.add("--loops", o.loops, "how often the terminal shows it (until q or Ctrl-C)");
  animation.flag("--plain", o.plain,
                 "every frame as text on standard output; a pipe else gets the last one");
  animation.add("--apng FILE", o.apng, "write it as an animated PNG");
  animation.add("--cast FILE", o.cast, "write it as an asciicast, which asciinema plays");
}

void add_convert(CommandLine& line, Options& o) {
  OptionGroup convert(line, "Conversion");
  convert.add("--type f32|f16|bf16|q8_0", o.type,
              "how the weights are kept (f32); q8_0 in .gguf alone");
}

void check_values(const Options& o, const CommandLine& line) {
  const auto given = [&](const char* flag) { return line.given(flag); };
  const character_diffusion::Decoding& d = o.decoding;
  constexpr int most = CharDiffusion::kMostLength;
  in_range("--heads", o.heads, given("--heads") ? 1 : 0, 1024);
  in_range("--length", o.length, given("--length") ? 2 : 0, most);
  in_range("--blocks", o.blocks, given("--blocks") ? 1 : 0, 1000000);
  in_range("--context", o.context, 0, most - 1);
  in_range("--tau", d.rule.tau, 0.0, 1.0);
  in_range("--top-k", d.rule.k, given("--top-k") ? 1 : 0, most);
  in_range("--bound", d.rule.bound, 0.0, 1e6);
  in_range("--reach", d.rule.reach, 1e-3, 1e6);
  in_range("--temp", d.temperature, 1e-3, 1e3);
  in_range("--steps", d.most_steps, given("--steps") ? 1 : 0, 1 << 20);
  in_range("--frames", o.frames, given("--frames") ? 1 : 0, 1 << 20);
  in_range("--loops", o.loops, given("--loops") ? 1 : 0, 1 << 20);
  if (o.json && (o.output == "-" || o.plain)) {
    throw usage_error("--json and the text both want standard output");
  }
  for (const auto& [flag, file] : {std::pair("--cast", &o.cast), std::pair("--apng", &o.apng)}) {
    if (*file == "-") throw usage_error("{} is -, expected a file", flag);
    if (given(flag) && file->empty()) throw usage_error("{} is empty, expected a file", flag);
  }
  if (given("--output") && o.output.empty()) throw usage_error("-o is empty, expected a file");
}

// A shell completes one table for a program, whatever its command.
std::vector<OptionRow> with_train(std::vector<OptionRow> rows) {
  for (const OptionRow& row : train_rows()) {
    const auto same = [&](const OptionRow& other) {
      return other.longest_name() == row.longest_name();
    };
    if (std::ranges::none_of(rows, same)) rows.push_back(row);
  }
  return rows;
}

void take_command(Options& o) {
  std::vector<std::string> names;
  for (const Command& c : commands()) names.emplace_back(c.name);
  names.emplace_back("train");  // which has options of its own and does not come here
  const std::string first = o.words.empty() ? "" : o.words.front();
  if (first == "train") throw usage_error("train comes before its options");
  if (std::ranges::find(names, first) == names.end()) {
    throw usage_error("the command is '{}', expected {}", first, one_of(first, names));
  }
  o.command = first;
  o.words.erase(o.words.begin());
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv, const char* environment_isa) {
  Options o;
  Questions questions;
  CommandLine line(about().name);
  line.take_words(o.words);
  add_model(line, o);
  add_sampling(line, o);
  add_animation(line, o);
  add_convert(line, o);
  OptionGroup report(line, "Report");
  add_report_options(report, o);
  OptionGroup machine(line, "Machine");
  add_device_options(machine, o);
  add_questions(line, questions, about().name);
  line.parse(argc, argv);
  if (line.given("--completion")) {
    print_and_flush(completion_script(questions.completion, about().name, with_train(line.rows())));
    return std::nullopt;
  }
  if (answer(questions, about(), line)) return std::nullopt;
  check_device_options(o, line, environment_isa);
  check_values(o, line);
  take_command(o);
  return o;
}

}  // namespace yent::diffuse
