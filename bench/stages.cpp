// bench: the time of every stage from words to PNG, as median and spread, compared with the peak
// speeds of the machine.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>

#include "bench/ascii_transformer.h"
#include "bench/characters.h"
#include "bench/machine.h"
#include "bench/rehearse.h"
#include "bench/row.h"
#include "bench/synthesize/synthesize.h"
#include "engine/ascii/charset.h"
#include "engine/ascii/filter.h"
#include "engine/ascii_writer/model_files.h"
#include "engine/pipeline/assets.h"
#include "engine/pipeline/language/language_model.h"
#include "engine/pipeline/measured.h"
#include "engine/pipeline/named_policy.h"
#include "engine/pipeline/pipeline.h"
#include "kernels/devices.h"
#include "kernels/error.h"
#include "loaders/io/json.h"
#include "loaders/io/output_file.h"
#include "tools/command_line/option_group.h"
#include "tools/exit_code.h"

namespace yent {
namespace {

struct Arguments {
  std::string model = "default", llm = "default", characters = "default", ascii = "default", only;
  std::string policy, device, precision = "auto", isa, json;
  int threads = 0, steps = 5, width = 0, height = 0, rehearse = 0;
  bool roofline = false;
  std::vector<std::string> synthesize;
};

Arguments parse(int argc, char** argv) {
  Arguments a;
  bool help = false;
  CommandLine line("bench");
  OptionGroup options(line, "Options");
  options.add("--model PATH", a.model, "painter, as for yent-run");
  options.add("--llm PATH", a.llm, "GGUF file, as for yent-run");
  options.add("--chars FILE|default", a.characters, "character diffusion, as for yent-diffuse");
  options.add("--ascii PATH|default", a.ascii, "ASCII transformer, as for ascii-gen");
  options.add("--only voice|painter|characters|ascii", a.only, "the stages of one model (all)");
  options.add("--policy FILE|NAME", a.policy, "per-layer precisions", policy_names);
  options.add("--device cpu|cuda|cuda:N", a.device, "where to compute");
  options.add("--precision auto|f32|bf16|f16|int8", a.precision, "precision of all layers (auto)");
  options.add("--isa NAME", a.isa, "cap on the instruction set", isa_names);
  options.add("-t,--threads", a.threads, "threads (physical cores)");
  options.add("--steps", a.steps, "denoising steps that are timed (5)");
  options.add("-W,--width", a.width, "width in pixels");
  options.add("-H,--height", a.height, "height in pixels");
  options.add("--json FILE", a.json, "also write Google Benchmark's JSON");
  options.flag("--roofline", a.roofline, "MACs, bytes and floor of every layer");
  options.add("--rehearse THREADS", a.rehearse,
              "the painter's layers on more threads than there are cores, imagined");
  options.add(
      "--synthesize KIND DIR", a.synthesize,
      "write random weights: bk-sdm-tiny, sd15, sd15-ckpt (one file of 2.1 GB), micro-yent, "
      "tiny-diffusion or ascii-small");
  options.flag("-h,--help", help, "print this and stop");
  line.parse(argc, argv);
  if (help) {
    print_and_flush(help_text({.name = "bench",
                               .purpose = "Times every stage from words to PNG.",
                               .usages = {"[options]"}},
                              line.rows()));
    std::exit(0);
  }
  in_range("--threads", a.threads, line.given("--threads") ? 1 : 0, 1024);
  in_range("--steps", a.steps, 1, 999);
  in_range("--rehearse", a.rehearse, line.given("--rehearse") ? 2 : 0, 1024);
  if (a.isa.empty() && std::getenv("YENT_ISA")) a.isa = std::getenv("YENT_ISA");
  return a;
}

class Bench {
 public:
  Bench(const Arguments& arguments, Backend& backend, const Machine& machine)
      : a_(arguments),
        backend_(backend),
        trace_(backend),
        machine_(machine),
        policy_(named_policy(arguments.policy, arguments.precision, backend)) {}

  std::vector<Row> run() {
    const auto wanted = [&](const char* model) { return a_.only.empty() || a_.only == model; };
    if (wanted("voice")) voice();
    if (wanted("painter")) painter();
    if (wanted("characters") && (a_.only == "characters" || has_characters())) {
      for (Row& row : bench_characters(a_.characters, trace_, policy_, machine_, a_.roofline)) {
        rows_.push_back(std::move(row));
      }
    }
    if (wanted("ascii") && (a_.only == "ascii" || has_ascii())) {
      const std::string model = a_.ascii == "default" ? ascii_model() : a_.ascii;
      for (Row& row : bench_ascii_transformer(model, backend_, policy_)) {
        rows_.push_back(std::move(row));
      }
    }
    return rows_;
  }

 private:
  // One that ships may be missing.
  bool has_characters() const {
    return a_.characters != "default" || find_shipped("tiny-diffusion/model.gguf") ||
           find_shipped("tiny-diffusion/model.safetensors");
  }

  bool has_ascii() const { return a_.ascii != "default" || art::find_shipped_model(); }
  static std::string ascii_model() {
    const auto found = art::find_shipped_model();
    return (found ? *found : shipped("ascii-transformer/config.json")).string();
  }

  Row& row(const std::string& name) { return rows_.emplace_back(Row{name, {}}); }

  std::vector<double> times(const Timings& timings, const std::string& stage) const {
    for (const Timings::Stage& s : timings.stages()) {
      if (s.name == stage) return s.ms;
    }
    return {};
  }

  void voice() {
    LanguageModel model(voice_path(a_.llm), trace_, policy_, 0);
    // Nearly 128 tokens of prompt, read as one piece; temperature 0.8, as Yent speaks.
    const int most = std::min(128, model.config().context / 2), tokens = 32;
    std::string text;
    while (model.count_tokens(text + " duck") < most) text += " duck";
    const int prompt = model.count_tokens(text) + 1;  // BOS, too
    Timings timings;
    const auto generate = [&](int count, Timings* timed) {
      std::mt19937_64 generator(1);
      bool decoding = false;
      const auto all = [&](std::string_view) {  // the first piece comes before the first decoding
        if (timed && !decoding) trace_.clear();
        return decoding = true;
      };
      model.generate({.text = text, .max_tokens = count, .cut_to_fit = true}, generator, all,
                     timed);
    };
    generate(1, nullptr);  // a warm-up, which also counts
    Row& prefill = row("llm_prefill");
    for (const TracedOp& op : trace_.ops()) prefill.macs += op.macs, prefill.bytes += op.bytes;
    if (a_.roofline) print_roofline("llm_prefill", trace_, machine_);
    trace_.clear();
    for (int repetition = 0; repetition < 3; ++repetition) generate(tokens, &timings);
    prefill.ms = times(timings, "llm_prefill");
    prefill.items_per_second = prompt / prefill.median() * 1000;
    Row& decode = row("llm_decode");
    decode.ms = times(timings, "llm_decode");
    decode.items_per_second = 1000 / decode.median();
    for (const TracedOp& op : trace_.ops()) decode.macs += op.macs, decode.bytes += op.bytes;
    if (a_.roofline) print_roofline("llm_decode", trace_, machine_);
    trace_.clear();
  }

  // Paints once with two steps and times each stage, on demand each layer. Layers are timed
  // once their memory has been touched, so --roofline paints twice.
  void count_costs(Pipeline& pipeline, PaintRequest request, std::map<std::string, Row>& costs) {
    request.spec.steps = 2;
    for (int turn = 0; turn < (a_.roofline ? 2 : 1); ++turn) {
      trace_.clear();
      request.prompt += '.';  // the same words would not be encoded again
      pipeline.paint(request, {.stage = [&](std::string_view stage) {
                       Row row{std::string(stage), {}};
                       add_costs(row, trace_);
                       if (a_.roofline && turn > 0) print_roofline(row.name, trace_, machine_);
                       trace_.clear();
                       costs.insert_or_assign(row.name, row);
                     }});
    }
  }

  // Filters and writes the picture as yent-run does by default.
  static void finish(Image image, Timings& timings) {
    {
      const Timings::Span span(&timings, "ascii");
      AsciiOptions ascii{.charset = charset_from("techno")};
      image = paint_ascii(draw_ascii(image, ascii));
    }
    const Timings::Span span(&timings, "png");
    encode_png(image);
  }

  void painter() {
    Timings timings, warm;
    Pipeline pipeline({.model = painter_path(a_.model),
                       .policy = policy_,
                       .prefer_f16 = a_.precision == "f16",
                       .tokenizer = {.fallback = [] { return shipped("clip"); }}},
                      {&trace_});
    PaintRequest request{
        .prompt = "an angry rubber duck wearing a crown of broken glass, street art",
        .spec = {.width = a_.width, .height = a_.height},
        .seed = 1,
        .timings = &warm};
    std::map<std::string, Row> costs;
    count_costs(pipeline, request, costs);

    request.spec.steps = a_.steps;
    request.timings = &timings;
    for (int repetition = 0; repetition < 3; ++repetition) {
      const Timings::Span total(&timings, "total");
      request.prompt += '!';
      pipeline.paint(request, {.picture = [&](Painted&& painted) {
                       finish(std::move(painted.image), timings);
                     }});
    }
    row("load").ms = {0};
    for (const double ms : times(warm, "load")) rows_.back().ms[0] += ms;
    row("tokenize").ms = times(timings, "tokenize");
    for (const char* stage : {"text_encoder", "unet_step", "vae_decode"}) {
      rows_.push_back(costs.at(stage));
      rows_.back().ms = times(timings, stage);
    }
    for (const char* stage : {"ascii", "png", "total"}) row(stage).ms = times(timings, stage);
  }

  const Arguments& a_;
  Backend& backend_;  // without the costs of tracing
  TraceBackend trace_;
  const Machine& machine_;
  Policy policy_;
  std::vector<Row> rows_;
};

void print(const std::vector<Row>& rows, const Machine& machine) {
  std::printf("%-25s %11s %9s %9s %10s %9s %9s\n", "stage", "ms", "+-", "GMAC", "GMAC/s", "GB/s",
              "of peak");
  for (const Row& r : rows) {
    const double seconds = r.median() / 1000;
    std::printf("%-25s %11.2f %9.2f", r.name.c_str(), r.median(), r.spread());
    if (r.macs > 0) {
      std::printf(" %9.2f %10.1f %9.2f %8.1f%%", r.macs / 1e9, r.macs / 1e9 / seconds,
                  r.bytes / 1e9 / seconds, r.macs / seconds / machine.macs_per_s * 100);
    }
    if (r.items_per_second > 0) std::printf("  %.0f tokens/s", r.items_per_second);
    std::printf("\n");
  }
  std::printf("%-25s %11.0f MB\n", "peak memory", max_rss_mb());
}

Json to_json(const std::vector<Row>& rows, const Machine& machine, const Backend& backend,
             const Arguments& a) {
  Json j;
  j["context"] = Json::object({{"host_name", machine.name},
                               {"num_cpus", ::sysconf(_SC_NPROCESSORS_ONLN)},
                               {"threads", backend.threads()},
                               {"isa", backend.isa()},
                               {"device", backend.device()},
                               {"precision", a.policy.empty() ? a.precision : a.policy},
                               {"model", a.model},
                               {"llm", a.llm},
                               {"chars", a.characters},
                               {"peak_gmac_per_s", machine.macs_per_s / 1e9},
                               {"peak_gb_per_s", machine.bytes_per_s / 1e9}});
  j["benchmarks"] = Json::array();
  for (const Row& r : rows) {
    Json e = Json::object({{"name", r.name},
                           {"run_name", r.name},
                           {"run_type", "aggregate"},
                           {"aggregate_name", "median"},
                           {"repetitions", r.ms.size()},
                           {"iterations", r.ms.size()},
                           {"real_time", r.median()},
                           {"cpu_time", r.median()},
                           {"time_unit", "ms"},
                           {"stddev", r.spread()}});
    if (r.items_per_second > 0) e["items_per_second"] = r.items_per_second;
    if (r.macs > 0) {
      e["gmac"] = r.macs / 1e9;
      e["gmac_per_s"] = r.macs / 1e6 / r.median();
      e["peak_share"] = r.macs * 1000 / r.median() / machine.macs_per_s;
    }
    if (r.name == "total") e["max_rss_mb"] = max_rss_mb();
    j["benchmarks"].push_back(std::move(e));
  }
  return j;
}

void run(int argc, char** argv) {
  const Arguments a = parse(argc, argv);
  if (!a.synthesize.empty()) return synthesize(a.synthesize[0], a.synthesize[1], shipped("clip"));
  if (a.rehearse) {
    return print_rehearsal({a.model, a.policy, a.precision, a.isa, a.width, a.height}, a.rehearse);
  }
  if (!a.json.empty()) ensure_writable(a.json);
  auto backend = std::move(make_backends(a.device, a.isa, a.threads, 1).front());
  if (named_policy(a.policy, a.precision, *backend).exact()) backend = backend->exact_twin();
  const bool cpu = backend->device() == "cpu";
  const Machine machine =
      cpu ? measure_machine(a.isa, backend->threads()) : measure_device(*backend);
  std::printf("%s, %s, %d threads; peak %.0f GMAC/s (%s), %.1f GB/s\n", machine.name.c_str(),
              backend->isa().c_str(), backend->threads(), machine.macs_per_s / 1e9,
              cpu ? "f32" : "f16", machine.bytes_per_s / 1e9);
  const std::vector<Row> rows = Bench(a, *backend, machine).run();
  print(rows, machine);
  if (!a.json.empty()) {
    write_file_atomically(a.json, to_json(rows, machine, *backend, a).dump(2) + "\n");
  }
}

}  // namespace
}  // namespace yent

int main(int argc, char** argv) {
  return yent::run_program("bench", [&] { yent::run(argc, argv); });
}
