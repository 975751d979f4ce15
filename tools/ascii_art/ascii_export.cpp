// ascii-export: writes the files of an ASCII transformer, in every precision, from a checkpoint or
// with random weights.
#include <signal.h>

#include <filesystem>
#include <optional>

#include "engine/ascii_writer/export.h"
#include "kernels/devices.h"
#include "kernels/error.h"
#include "loaders/tensors/safetensors.h"
#include "tools/command_line/number.h"
#include "tools/command_line/questions.h"
#include "tools/exit_code.h"
#include "tools/interrupt.h"

namespace yent::art {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDescription =
    R"(The weights come from a checkpoint of a training or, with
.BR \-\-preset ,
are random ones, which draw nothing but let other programs be tried.
.PP
The folder gets
.IR config.json " and " model.safetensors ,
and with
.B \-\-quantize
also
.IR model_int8.safetensors " or " model_int4.safetensors " and " quant_config.json .
In these the matrices have 8.5 or 4.5 bits a weight, and the rest is f16.
.PP
Every file is read back before it is written: its logits for some drawings are compared with those
of f32 weights, and where the cosine is below 0.9999 (f16) or, of trained weights, 0.999 (int8) or
0.99 (int4), nothing is written and the exit status is 1.
)";

struct ExportOptions {
  std::string checkpoint, preset, folder, dtype = "float32", quantize = "none";
  int layers = 0, heads = 0, width = 0, block_size = 0;
  uint64_t seed = 0;
  bool quiet = false;
};

About about() {
  return {.name = "ascii-export",
          .purpose = "Write the files of an ASCII transformer.",
          .usages = {"--checkpoint FILE --output-dir DIR [options]",
                     "--preset NAME --output-dir DIR [options]"},
          .examples = {{"ascii-export --checkpoint run.safetensors --output-dir model "
                        "--dtype float16 --quantize both",
                        "f16, int8 and int4 of what was trained"},
                       {"ascii-export --preset test --seed 1 --output-dir /tmp/test",
                        "a small network with random weights"}},
          .sections = {{"DESCRIPTION", kDescription}}};
}

void read_seed(const std::string& text, uint64_t& to) {
  const auto seed = natural_number(text);
  if (!seed) throw usage_error("--seed is '{}', expected a whole number below 2^64", text);
  to = *seed;
}

// Nothing where the program has answered and is done.
std::optional<ExportOptions> parse(int argc, char** argv) {
  ExportOptions o;
  Questions questions;
  CommandLine line(about().name);
  OptionGroup weights(line, "Weights");
  weights.add("--checkpoint PATH", o.checkpoint,
              "folder of a training or of a model, or a safetensors file beside its config.json");
  weights.add("--preset NAME", o.preset, "random weights of this size",
              AsciiTransformerConfig::preset_names);
  weights.add("--n-layer", o.layers, "layers instead of the preset's");
  weights.add("--n-head", o.heads, "heads instead of the preset's");
  weights.add("--n-embd", o.width, "width instead of the preset's, a multiple of 32");
  weights.add("--block-size", o.block_size, "most tokens of a drawing (4096)");
  weights.add(
      "--seed N", [&o](const std::string& text) { read_seed(text, o.seed); },
      "seed of the random weights (0)");
  OptionGroup files(line, "Files");
  files.add("--output-dir DIR", o.folder, "where they are written; it is made");
  files.add("--dtype float32|float16", o.dtype, "of model.safetensors (float32)");
  files.add("--quantize none|int8|int4|both", o.quantize, "also quantized (none)");
  files.flag("-q,--quiet", o.quiet, "nothing but errors");
  add_questions(line, questions, about().name);
  line.parse(argc, argv);
  if (answer(questions, about(), line)) return std::nullopt;
  if (o.checkpoint.empty() == o.preset.empty()) {
    throw usage_error("expected one of --checkpoint and --preset");
  }
  if (o.folder.empty()) throw usage_error("expected --output-dir");
  for (const char* name : {"--n-layer", "--n-head", "--n-embd", "--block-size"}) {
    if (line.given(name) && o.preset.empty()) throw usage_error("{} needs --preset", name);
  }
  if (line.given("--n-layer")) in_range("--n-layer", o.layers, 1, 256);
  if (line.given("--n-head")) in_range("--n-head", o.heads, 1, 1024);
  if (line.given("--n-embd")) in_range("--n-embd", o.width, 32, 1 << 14);
  if (line.given("--block-size")) in_range("--block-size", o.block_size, 16, 1 << 16);
  return o;
}

AsciiTransformerConfig config_of_preset(const ExportOptions& o) {
  auto config = AsciiTransformerConfig::preset(o.preset);
  if (o.layers > 0) config.layers = o.layers;
  if (o.heads > 0) config.heads = o.heads;
  if (o.width > 0) config.width = o.width;
  if (o.block_size > 0) config.block_size = o.block_size;
  config.ffn = AsciiTransformerConfig::ffn_of(config.width);
  config.check("the network", Error::usage);
  return config;
}

// The config is beside the weights, or in the checkpoint's own metadata.
AsciiTransformerConfig config_of_checkpoint(const TensorSet& set, const fs::path& path) {
  const auto found = set.metadata.find("config");
  if (found != set.metadata.end()) {
    return AsciiTransformerConfig::from_json(parse_json(found->second, path.string()),
                                             path.string());
  }
  const fs::path beside = path.parent_path() / "config.json";
  return AsciiTransformerConfig::from_json(read_json(beside), beside.string());
}

std::vector<QuantMethod> methods_of(const ExportOptions& o) {
  if (o.quantize == "none") return {};
  if (o.quantize == "both") return {*find_quant_method("int8"), *find_quant_method("int4")};
  return {*find_quant_method(o.quantize)};
}

void run(const ExportOptions& o) {
  AsciiTransformerConfig config;
  TensorSet weights;
  if (o.checkpoint.empty()) {
    config = config_of_preset(o);
    weights = untrained_weights(config, o.seed);
  } else {
    std::error_code error;
    fs::path path = o.checkpoint;
    if (fs::is_directory(path, error)) path /= "model.safetensors";
    const TensorSet set = read_safetensors(path);
    config = config_of_checkpoint(set, path);
    weights = weights_of(set, config);
  }
  const auto backend = std::move(make_backends("cpu", "", 0, 1).front());
  const ExportSpec spec{o.folder, o.dtype == "float16" ? DType::f16 : DType::f32, methods_of(o)};
  for (const ExportedFile& file : export_model(weights, config, spec, *backend)) {
    if (o.quiet) continue;
    print_and_flush(fmt::format("{}: {} bytes, cosine of its logits {:.6f}\n", file.path.string(),
                                file.bytes, file.cosine));
  }
}

}  // namespace
}  // namespace yent::art

int main(int argc, char** argv) {
  yent::handle_interrupts();
  ::signal(SIGXFSZ, SIG_IGN);
  return yent::run_program("ascii-export", [&] {
    if (const auto options = yent::art::parse(argc, argv)) yent::art::run(*options);
  });
}
