// ascii-train: trains the ASCII transformer on a database of drawings.
#include <fmt/ranges.h>
#include <signal.h>

#include <cstdlib>
#include <random>

#include "engine/training/data/art_source.h"
#include "engine/training/networks.h"
#include "kernels/error.h"
#include "loaders/io/mapped_file.h"
#include "loaders/io/output_file.h"
#include "loaders/io/sha256.h"
#include "tools/ascii_art/database/database.h"
#include "tools/command_line/questions.h"
#include "tools/exit_code.h"
#include "tools/interrupt.h"
#include "tools/training/training_run.h"

namespace yent::art {
namespace {

namespace t = yent::training;

constexpr const char* kDescription =
    R"(A transformer learns to write the drawings of a database character by character, from their words,
sizes and styles.
About one drawing in twenty is held out, with all that are nearly the same, and measures the progress.
.PP
The folder gets
.IR model.safetensors " and " config.json ,
which
.B ascii\-gen \-\-model
and
.B ascii\-export \-\-checkpoint
read;
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
  std::string database, preset = "tiny";
  int layers = 0, heads = 0, width = 0, block_size = 0;  // 0: the preset's
  std::string fingerprint;                               // of the drawings: a run keeps to them
};

About about() {
  return {.name = "ascii-train",
          .purpose = "Train the ASCII transformer on a database of drawings.",
          .usages = {"--db FILE [options]", "--db FILE --resume [options]"},
          .examples = {{"ascii-train --db art.db --preset tiny --minutes 150",
                        "four layers of 192, for two and a half hours"},
                       {"ascii-train --db art.db --resume", "the rest of it"},
                       {"ascii-gen --model models/checkpoints cat", "what it draws now"}},
          .sections = {{"DESCRIPTION", kDescription}, {"EXIT STATUS", exit_status_section()}}};
}

void add_network(CommandLine& line, Options& o) {
  OptionGroup network(line, "Drawings and network");
  network.add("--db FILE", o.database, "a database that ascii-db has made");
  network.add("--preset NAME", o.preset, "the size of the network (tiny)",
              AsciiTransformerConfig::preset_names);
  network.add("--n-layer", o.layers, "layers, instead of the preset's");
  network.add("--n-head", o.heads, "attention heads");
  network.add("--n-embd", o.width, "width, a multiple of 32");
  network.add("--block-size", o.block_size, "tokens; drawings that need more are left out (4096)");
}

t::FixedSettings fixed_settings(Options& o) {
  t::FixedSettings fixed;
  fixed.add("--n-layer", o.layers);
  fixed.add("--n-head", o.heads);
  fixed.add("--n-embd", o.width);
  fixed.add("--block-size", o.block_size);
  fixed.add("--steps", o.steps);  // the learning rate follows them
  fixed.add("--batch", o.batch);
  fixed.add("--lr", o.rate);
  fixed.add_file("--db", o.fingerprint);
  return fixed;
}

// The preset's sizes where none were given.
void take_preset(Options& o, const CommandLine& line) {
  const auto preset = AsciiTransformerConfig::preset(o.preset);
  const auto take = [&](const char* flag, int& to, int value) {
    if (line.given(flag)) in_range(flag, to, 1, 1 << 20);
    if (!line.given(flag)) to = value;
  };
  take("--n-layer", o.layers, preset.layers);
  take("--n-head", o.heads, preset.heads);
  take("--n-embd", o.width, preset.width);
  take("--block-size", o.block_size, preset.block_size);
}

AsciiTransformerConfig config_of(const Options& o) {
  AsciiTransformerConfig config;
  config.layers = o.layers;
  config.heads = o.heads;
  config.width = o.width;
  config.ffn = AsciiTransformerConfig::ffn_of(o.width);
  config.block_size = o.block_size;
  config.check("the network", Error::usage);
  in_range("--batch", o.batch, 1, 1 << 16);
  return config;
}

// The drawings, and a name of their contents that does not depend on how the file lies on disk.
std::vector<t::ArtPiece> read_pieces(const std::string& path, std::string& name) {
  const std::vector<Piece> pieces = Database(path).pieces();
  const std::vector<bool> out = held_out(pieces);
  std::vector<t::ArtPiece> read;
  std::string all;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const Piece& p = pieces[i];
    read.push_back({.text = p.text,
                    .style = p.style,
                    .title = p.title,
                    .caption = p.caption,
                    .tags = p.tags,
                    .held_out = out[i]});
    all += fmt::format("{}\n{}\n{}\n{}\n{}\n", p.text, p.style, p.title, p.caption,
                       fmt::join(p.tags, "\n"));
  }
  name = sha256_hex(std::as_bytes(std::span(all))).substr(0, 16);
  return read;
}

// Weights, and the config that names them.
void write_model(const t::Transformer& network, AsciiTransformerConfig config, int64_t steps,
                 const t::RunFolder& folder) {
  t::write_weights(network, folder.weights());
  config.trained_steps = steps;
  Json json = config.to_json();
  json["weights_sha256"] = sha256_hex(MappedFile(folder.weights()).bytes());
  write_file_atomically(folder.folder / "config.json", json.dump(1) + "\n");
}

t::OptimizerSettings optimizer_of(const Options& o) {
  return {.learning_rate = o.rate,
          .beta2 = 0.95,
          .decay = 0.1,
          .clip = 1,
          .warm_up = 0.02,
          .final_share = 0.1};
}

void run(Options& o, const CommandLine& line) {
  std::vector<t::ArtPiece> pieces = read_pieces(o.database, o.fingerprint);
  const t::RunFolder folder{o.out};
  const t::FixedSettings fixed = fixed_settings(o);
  if (o.resume) {
    folder.open(true);
    fixed.take(folder.state(), line, [&] { config_of(o); });
  }
  const AsciiTransformerConfig config = config_of(o);
  const t::ArtSource source(std::move(pieces), {.batch = o.batch, .block_size = o.block_size},
                            o.database);
  if (!o.resume) folder.open(false);  // behind all that can be refused

  const TrainingDevice device(o.isa, o.threads);
  t::Transformer network(t::ascii_spec(config), device);
  const t::TrainingPlan plan{.seed = o.seed ? *o.seed : std::random_device{}(),
                             .steps = o.steps,
                             .optimizer = optimizer_of(o)};
  t::Trainer trainer(network, device, source, plan);
  if (o.resume) {
    trainer.load(folder.state());
  } else {
    t::initialize(network, t::ascii_table_deviation, plan.seed);
  }

  Console console({.quiet = o.quiet});
  console.say(fmt::format("{}: {} drawings, {} held out, {} too large; {} parameters, {}, {}",
                          o.database, source.trained_pieces(), source.held_out_pieces(),
                          source.too_large(), network.count(), t::threads_of(device),
                          device.isa()));
  if (!o.seed && !o.resume) console.say(fmt::format("seed {}", plan.seed));
  t::train({.options = o,
            .console = console,
            .trainer = trainer,
            .folder = folder,
            .settings = fixed.saved(),
            .unit = "tokens",
            .write_weights = [&] { write_model(network, config, trainer.done(), folder); }});
}

void train(int argc, char** argv, const char* environment_isa) {
  Options o;
  o.out = "models/checkpoints";
  o.steps = 20000;
  o.batch = 8;
  o.rate = 1e-3;
  o.validate_every = 500;
  o.save_every = 250;
  Questions questions;
  CommandLine line(about().name);
  add_network(line, o);
  t::add_run_options(line, o);
  add_questions(line, questions, about().name);
  line.parse(argc, argv);
  if (answer(questions, about(), line)) return;
  t::check_run_options(o, line, environment_isa);
  if (o.database.empty()) throw usage_error("--db is missing: a database to train on");
  take_preset(o, line);
  run(o, line);
}

}  // namespace
}  // namespace yent::art

int main(int argc, char** argv) {
  yent::handle_interrupts();
  // Past a limit on the size of files a write then fails as on a full disk.
  ::signal(SIGXFSZ, SIG_IGN);
  return yent::run_program("ascii-train",
                           [&] { yent::art::train(argc, argv, std::getenv("YENT_ISA")); });
}
