#include "tools/options.h"

#include <fmt/ranges.h>
#include <iostream>

#include "engine/ascii/charset.h"
#include "engine/diffusion/samplers/sampler_table.h"
#include "kernels/error.h"
#include "tools/number.h"
#include "tools/option_group.h"

namespace yent {
namespace {

// Options that the program is going to have. Saying so beats doing half of it.
constexpr const char* kNotBuilt[] = {"--dual",     "--llm2",  "-I",     "--interactive",
                                     "--session",  "--style", "--html", "--preview",
                                     "--metadata", "--again", "--serve"};

void refuse_not_built(CLI::App& app) {
  for (const char* flag : kNotBuilt) {
    const CLI::callback_t refuse = [flag](const CLI::results_t&) -> bool {
      throw usage_error("{} is not built yet", flag);
    };
    app.add_option(flag, refuse)->expected(0, 1)->group("");  // a group without a name is not shown
  }
}

// Any negative seed is a random one, as in sd-cli.
void read_seed(const std::string& text, Options& o) {
  o.seed = natural_number(text);
  if (o.seed || whole_number(text)) return;
  throw usage_error("--seed is '{}', expected a whole number below 2^64", text);
}

std::string sampler_names() {
  std::vector<std::string_view> names;
  for (const Sampler& sampler : sampler_table()) names.emplace_back(sampler.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string charset_names() {
  std::vector<std::string_view> names;
  for (const NamedCharset& charset : named_charsets()) names.push_back(charset.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

void check_glyphs(const std::string& glyphs) {
  if (glyphs == "shape" || glyphs == "attention") {
    throw usage_error("--glyphs {} is not built yet", glyphs);
  }
  if (glyphs != "level") throw usage_error("--glyphs is {}, expected level", glyphs);
}

void add_painting(CLI::App& app, Options& o) {
  OptionGroup paint(app, "Painting");
  paint.add("-m,--model", o.model,
            "painter: a diffusers folder, a single SD 1.x checkpoint, or default");
  paint.add("--llm", o.llm, "Yent: a GGUF file, or default");
  paint.add("-p,--prompt", o.prompt, "skip Yent; paint TEXT");
  paint.add("-n,--negative", o.negative, "negative prompt");
  paint.flag("--prompt-only", o.prompt_only, "print the reaction and stop");
  paint.add("--mood", o.mood, "force a mood");
  paint.add(
      "-s,--seed", "INT", [&o](const std::string& text) { read_seed(text, o); }, "seed (random)");
  paint.add("--steps", o.steps, "denoising steps (25)");
  paint.add("--cfg-scale", o.guidance, "guidance (7.5)");
  paint.add("-W,--width", o.width, "width in pixels (the model's own)");
  paint.add("-H,--height", o.height, "height in pixels (the model's own)");
  paint.add("-b,--batch-count", o.batch, "pictures (1)");
  paint.add("--sampler", o.sampler, sampler_names());
  paint.add("--scheduler", o.scheduler,
            "noise levels of a sigma sampler: karras, exponential, beta or normal");
  paint.add("--prediction", o.prediction, "what the model predicts, eps or v (the files say)");
  paint.add("-i,--init-img", o.init_image, "start from a PNG or JPEG");
  paint.add("--strength", o.strength, "how much of it may change (0.75)");
  paint.add("--mask", o.mask, "PNG or JPEG: repaint the input picture where it is white");
  paint.add("--clip-skip", o.clip_skip, "layer of the text encoder, from its last (1)");
  paint.add("--tokenizer", o.tokenizer, "folder with tokenizer.json, or vocab.json and merges.txt");
  paint.add("--vae", o.vae, "another VAE: a diffusers folder or a file");
  paint.add("--variant", o.variant, "weights NAME of a folder: *.NAME.safetensors");
  paint.add("--lora", o.loras, "FILE[:SCALE], repeatable");
  paint.add("--embedding", o.embeddings,
            "textual inversion, used where a prompt has its word; repeatable");
  paint.add("--grammar", o.grammar,
            "how prompts are read: literal, or a1111 for (word:1.2), BREAK, <lora:name:1>");
  paint.add("--lora-dir", o.lora_dir, "folder where <lora:name:scale> finds files");
}

void add_output(CLI::App& app, Options& o) {
  OptionGroup show(app, "Output");
  show.add("-o,--output", o.output,
           "PNG or JPEG, by its ending (yent.png); - is a PNG to standard output");
  show.add("--ascii", o.ascii, "also write the ASCII art as text");
  show.add("--filter", o.filter, "ascii or none");
  show.flag(
      "--raw", [&o] { o.filter = "none"; }, "pixels only");
  show.add("--columns", o.columns, "columns (100)");
  show.add("--charset", o.charset, charset_names() + ", or your own");
  show.add("--glyphs", "TEXT", check_glyphs, "level");
  show.add("--boost", o.boost, "brightness of glyphs (2.8)");
  show.add("--fill", o.fill, "brightness behind them (0.5)");
  show.flag("--invert", o.invert, "dark on light");
  show.flag("!--no-color", o.color, "glyphs without colour");
  show.flag("--timings", o.timings, "time of every stage on standard error");
  show.flag("--json", o.json, "one JSON object on standard output");
  show.flag("-q,--quiet", o.quiet, "nothing but errors");
  show.flag("-v,--verbose", o.verbose, "say more");
}

void add_machine(CLI::App& app, Options& o) {
  OptionGroup machine(app, "Machine");
  machine.add("--device", o.device, "cpu, cuda, cuda:N, or cuda:all for a batch");
  machine.add("--precision", o.precision, "auto, f32, bf16, f16 or int8");
  machine.add("--policy", o.policy,
              "file of per-layer precisions and styles, or auto, bf16, int8, "
              "int8-exact, int8-impressionist, woodcut, fog");
  machine.flag("--explain", o.explain, "print what every layer computes with");
  machine.add("-t,--threads", o.threads, "threads (physical cores that this process may use)");
  machine.add("--isa", o.isa, "cap on the instruction set: ref, avx2, avx512, neon, ...");
}

void add_research(CLI::App& app, Options& o) {
  OptionGroup research(app, "Research");
  research.add("--rng", o.rng, "noise as PyTorch draws it on: cpu, cuda");
  research.add("--init-latent", o.init_latent, "start from this noise (safetensors)");
  research.add("--cond", o.cond, "text embeddings instead of a prompt (safetensors)");
  research.add("--dump", o.dump, "write the stages of the run (safetensors)");
  research.add("--dump-layers", o.dump_layers, "with the outputs of layers that match");
}

void add_language_model(CLI::App& app, Options& o) {
  OptionGroup voice(app, "Language model");
  voice.add("--complete", o.complete, "continue TEXT and stop");
  voice.add("--temp", o.temperature, "temperature; 0 is greedy");
  voice.add("--top-k", o.top_k, "keep the K best (40)");
  voice.add("--top-p", o.top_p, "keep this share of the probability (1)");
  voice.add("--min-p", o.min_p, "drop what is this much less likely than the best (0)");
  voice.add("--repeat-penalty", o.repeat_penalty, "1 is off");
  voice.add("-c,--ctx-size", o.context, "context (the file's)");
  voice.add("--tokens", o.tokens, "most tokens to add (128)");
}

void add_options(CLI::App& app, Options& o) {
  add_words(app, "words", o.words, "what you say to Yent");
  add_painting(app, o);
  add_output(app, o);
  add_machine(app, o);
  add_research(app, o);
  add_language_model(app, o);
  refuse_not_built(app);
}

void one_of(const char* flag, const std::string& value, std::initializer_list<const char*> known) {
  for (const char* k : known) {
    if (value == k) return;
  }
  throw usage_error("{} is {}, expected one of {}", flag, value, fmt::join(known, ", "));
}

// What the options say together.
void check_together(const Options& o, const CLI::App& app) {
  const auto given = [&](const char* flag) { return app.count(flag) > 0; };
  const bool paints_without_words = o.prompt || !o.cond.empty();
  if (o.words.empty() && !paints_without_words && !o.complete && !o.explain) {
    throw usage_error("nothing is said: yent-run \"who are you\" (--help tells more)");
  }
  if (o.prompt && !o.words.empty()) {
    throw usage_error("-p speaks to the painter and words to Yent, expected one of them");
  }
  if (o.complete && (!o.words.empty() || o.prompt)) {
    throw usage_error("--complete takes its text alone, expected no words and no -p");
  }
  if (o.prompt_only && o.words.empty()) throw usage_error("--prompt-only needs words");
  if (o.output == "-" && o.json) throw usage_error("-o - and --json both want standard output");
  if (o.output.empty()) throw usage_error("-o is empty, expected a file");
  if (o.filter == "blend") throw usage_error("--filter blend is not built yet");
  if (o.vae == "tiny") throw usage_error("--vae tiny is not built yet");
  if (given("--vae") && o.vae.empty()) throw usage_error("--vae is empty, expected a file");
  if (given("--variant") && o.variant.empty()) {
    throw usage_error("--variant is empty, expected a name as fp16, bf16 or non_ema");
  }
  for (const auto& [flag, file] : {std::pair("--dump", &o.dump), std::pair("--ascii", &o.ascii)}) {
    if (*file == "-") throw usage_error("{} is -, expected a file; -o alone can be -", flag);
  }
  if (!o.dump_layers.empty() && o.dump.empty()) throw usage_error("--dump-layers needs --dump");
  if (given("--strength") && o.init_image.empty()) throw usage_error("--strength needs -i");
  if (given("--mask") && o.init_image.empty()) throw usage_error("--mask needs -i");
  if (!o.init_image.empty() && !o.init_latent.empty()) {
    throw usage_error("-i and --init-latent both say where to start, expected one of them");
  }
  if (!o.lora_dir.empty() && o.grammar != "a1111") {
    throw usage_error("--lora-dir needs --grammar a1111");
  }
}

// What each says by itself.
void check_values(const Options& o, const CLI::App& app) {
  const auto given = [&](const char* flag) { return app.count(flag) > 0; };
  one_of("--filter", o.filter, {"ascii", "none"});
  one_of("--grammar", o.grammar, {"literal", "a1111"});
  one_of("--rng", o.rng, {"cpu", "cuda"});
  one_of("--precision", o.precision, {"auto", "f32", "bf16", "f16", "int8"});
  if (!o.scheduler.empty()) find_noise_levels(o.scheduler);
  if (!o.prediction.empty()) prediction_named(o.prediction);
  in_range("--steps", o.steps, 1, 1000);
  in_range("--batch-count", o.batch, 1, 10000);
  in_range("--columns", o.columns, 1, 2000);
  in_range("--threads", o.threads, given("--threads") ? 1 : 0, 1024);
  in_range("--cfg-scale", o.guidance, 0.0, 1000.0);
  in_range("--boost", o.boost, 0.0, 1000.0);
  in_range("--fill", o.fill, 0.0, 1.0);
  in_range("--top-k", o.top_k, 0, 1 << 30);
  in_range("--top-p", o.top_p, 0.0, 1.0);
  in_range("--min-p", o.min_p, 0.0, 1.0);
  in_range("--repeat-penalty", o.repeat_penalty, 0.01, 100.0);
  in_range("--ctx-size", o.context, given("--ctx-size") ? 1 : 0, 1 << 20);
  in_range("--tokens", o.tokens, given("--tokens") ? 1 : 0, 1 << 20);
  for (const char* flag : {"--width", "--height"}) {
    if (given(flag)) in_range(flag, flag[2] == 'w' ? o.width : o.height, 1, 16384);
  }
  in_range("--clip-skip", o.clip_skip, 1, 512);
  if (!(o.strength > 0 && o.strength <= 1)) {
    throw usage_error("--strength is {}, expected more than 0 and at most 1", o.strength);
  }
  if (o.temperature && !(*o.temperature >= 0 && *o.temperature <= 100)) {
    throw usage_error("--temp is {}, expected 0 to 100", *o.temperature);
  }
}

// Every long option, for bash.
void print_completion(const CLI::App& app) {
  std::string flags;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // not built
    for (const std::string& name : option->get_lnames()) flags += " --" + name;
  }
  std::cout << "_yent_run() {\n"
               "  local word=${COMP_WORDS[COMP_CWORD]}\n"
               "  if [[ $word == -* ]]; then\n"
               "    COMPREPLY=($(compgen -W \""
            << flags.substr(1)
            << "\" -- \"$word\"))\n"
               "  else\n"
               "    COMPREPLY=($(compgen -f -- \"$word\"))\n"
               "  fi\n"
               "}\n"
               "complete -o filenames -F _yent_run yent-run\n";
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv, const char* environment_isa) {
  Options o;
  CLI::App app("Say something. Yent reacts, and paints the reaction.", "yent-run");
  bool completion = false;
  add_options(app, o);
  app.add_flag("--completion-bash", completion, "print a completion script for bash")
      ->group("Output");
  app.set_version_flag("--version", std::string("yent ") + YENT_VERSION);
  if (!parse_as_typed(app, argc, argv)) return std::nullopt;
  if (completion) {
    print_completion(app);
    flush_output();
    return std::nullopt;
  }
  if (o.isa.empty() && environment_isa) o.isa = environment_isa;
  check_together(o, app);
  check_values(o, app);
  return o;
}

}  // namespace yent
