#include "tools/diffuse/train.h"

#include <algorithm>
#include <random>

#include "engine/training/data/text_source.h"
#include "engine/training/networks.h"
#include "kernels/error.h"
#include "loaders/io/fingerprint.h"
#include "loaders/io/mapped_file.h"
#include "tools/command_line/questions.h"
#include "tools/training/training_run.h"

namespace yent::diffuse {
namespace {

namespace t = yent::training;

constexpr const char* kDescription =
    R"(A network learns to guess masked characters of a text, which may be any: the first nine tenths are
trained on, the last tenth measures the progress.
Each step masks pieces of it: of a piece a share that is drawn anew, but never its first characters,
which
.B yent\-diffuse sample
is given when it goes on with a block.
.PP
The folder gets
.IR model.safetensors ,
which
.B yent\-diffuse sample \-m
reads;
.IR run.safetensors ,
from which
.B \-\-resume
goes on to the bit, as if nothing had happened; and
.IR loss.csv ,
a line a step.
Ctrl-C saves.
The same seed gives the same files, whatever the number of threads.
)";

struct Options : t::RunOptions {
  std::string text;
  t::NetworkShape shape = {.layers = 6, .heads = 0, .width = 192};
  int length = 256, context = 16;
  std::string fingerprint;  // of the text: a run keeps to it
};

About about() {
  return {.name = "yent-diffuse train",
          .purpose = "Train character diffusion on a text.",
          .usages = {"--text FILE [options]", "--text FILE --resume [options]"},
          .examples = {{"yent-diffuse train --text book.txt --steps 2000 --minutes 150",
                        "six layers of 192, for two and a half hours"},
                       {"yent-diffuse train --text book.txt --resume", "the rest of it"},
                       {"yent-diffuse sample -m models/tiny-diffusion/model.safetensors",
                        "what it writes now"}},
          .sections = {{"DESCRIPTION", kDescription}, {"EXIT STATUS", exit_status_section()}}};
}

void add_network(CommandLine& line, Options& o) {
  OptionGroup network(line, "Text and network");
  network.add("--text FILE", o.text, "what is trained on, UTF-8; characters beyond ASCII are one");
  network.add("--layers", o.shape.layers, "layers (6)");
  network.add("--width", o.shape.width, "width, a multiple of 32 (192)");
  network.add("--heads", o.shape.heads, "attention heads (one for 64 columns)");
  network.add("--length", o.length, "characters of a piece, at most 512 (256)");
  network.add("--context", o.context, "characters at its beginning that are never masked (16)");
}

t::FixedSettings fixed_settings(Options& o) {
  t::FixedSettings fixed;
  fixed.add("--layers", o.shape.layers);
  fixed.add("--width", o.shape.width);
  fixed.add("--heads", o.shape.heads);
  fixed.add("--length", o.length);
  fixed.add("--context", o.context);
  fixed.add("--batch", o.batch);
  fixed.add("--lr", o.rate);
  fixed.add_file("--text", o.fingerprint);
  return fixed;
}

void check(const Options& o) {
  in_range("--length", o.length, 2, 512);
  in_range("--context", o.context, 0, o.length - 1);
  in_range("--batch", o.batch, 1, 1 << 16);
  t::check_shape(o.shape);
}

void run(Options& o, const CommandLine& line) {
  const MappedFile file(o.text);
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()),
                               file.bytes().size());
  o.fingerprint = fingerprint(file.bytes());
  const t::RunFolder folder{o.out};
  const t::FixedSettings fixed = fixed_settings(o);
  if (o.resume) {
    folder.open(true);
    fixed.take(folder.state(), line, [&] { check(o); });
  }
  check(o);
  const t::TextSource source(t::character_ids(bytes),
                             {.batch = o.batch, .length = o.length, .context = o.context}, o.text);
  if (!o.resume) folder.open(false);  // behind all that can be refused

  const TrainingDevice device(o.isa, o.threads);
  t::Transformer network(t::char_diffusion_spec(o.shape), device);
  t::TrainingPlan plan{.seed = o.seed ? *o.seed : std::random_device{}(), .steps = o.steps};
  plan.optimizer = {.learning_rate = o.rate, .decay = 0.01, .tables_decay = true};
  t::Trainer trainer(network, device, source, plan);
  if (o.resume) {
    trainer.load(folder.state());
  } else {
    t::initialize(network, t::char_diffusion_table_deviation, plan.seed);
  }

  Console console({.quiet = o.quiet});
  console.say(fmt::format("{}: {} characters; {} parameters, {}, {}", o.text, source.characters(),
                          network.count(), t::threads_of(device), device.isa()));
  if (!o.seed && !o.resume) console.say(fmt::format("seed {}", plan.seed));
  t::train({.options = o,
            .console = console,
            .trainer = trainer,
            .folder = folder,
            .settings = fixed.saved(),
            .unit = "characters",
            .write_weights = [&] {
              t::write_weights(network, folder.weights(),
                               {{"format", "pt"},
                                {"heads", std::to_string(o.shape.heads)},
                                {"length", std::to_string(o.length)}});
            }});
}

// With the defaults in `o`. Completions are those of yent-diffuse.
void add_options(CommandLine& line, Options& o, Questions& questions) {
  o.out = "models/tiny-diffusion";
  o.steps = 20000;
  o.batch = 64;
  o.rate = 3e-4;
  o.validate_every = 250;
  o.save_every = 250;
  add_network(line, o);
  t::add_run_options(line, o);
  OptionGroup help(line, "Help");
  help.flag("-h,--help", questions.help, "print this and stop");
  help.flag("--man", questions.manual,
            "print the manual page: yent-diffuse train --man | man -l -");
}

}  // namespace

std::vector<OptionRow> train_rows() {
  Options o;
  Questions questions;
  CommandLine line(about().name);
  add_options(line, o, questions);
  return line.rows();
}

void train(int argc, char** argv, const char* environment_isa) {
  Options o;
  Questions questions;
  CommandLine line(about().name);
  add_options(line, o, questions);
  line.parse(argc, argv);
  if (questions.help) return print_and_flush(help_text(about(), line.rows()));
  if (questions.manual) return print_and_flush(manual_page(about(), line.rows()));
  t::check_run_options(o, line, environment_isa);
  if (o.text.empty()) throw usage_error("--text is missing: a file to train on");
  if (!line.given("--heads")) o.shape.heads = std::max(1, o.shape.width / 64);
  run(o, line);
}

}  // namespace yent::diffuse
