#include "tools/options.h"

#include "engine/ascii/charset.h"
#include "engine/diffusion/samplers/sampler_table.h"
#include "engine/pipeline/style.h"
#include "engine/yent/persona.h"
#include "kernels/devices.h"
#include "kernels/error.h"
#include "tools/command_line/about.h"
#include "tools/command_line/number.h"
#include "tools/command_line/option_group.h"
#include "tools/command_line/questions.h"
#include "tools/menu/preset_options.h"
#include "tools/talk/piped_words.h"

namespace yent {
namespace {

// Options that the program is going to have. Saying so beats doing half of it.

// Any negative seed is a random one, as in sd-cli.
void read_seed(const std::string& text, Options& o) {
  o.seed = natural_number(text);
  if (o.seed || whole_number(text)) return;
  throw usage_error("--seed is '{}', expected a whole number below 2^64", text);
}

std::vector<std::string> sampler_names() {
  std::vector<std::string> names;
  for (const Sampler& sampler : sampler_table()) names.emplace_back(sampler.name);
  return names;
}

std::vector<std::string> noise_levels_names() {
  std::vector<std::string> names;
  for (const NamedNoiseLevels& levels : noise_levels_table()) names.emplace_back(levels.name);
  return names;
}

void read_ascii_scale(const std::string& text, Options& o) {
  constexpr uint64_t most = 16;
  const auto scale = natural_number(text);
  if (text != "raw" && (!scale || *scale < 1 || *scale > most)) {
    throw usage_error("--ascii-scale is {}, expected 1 to {}, or raw", text, most);
  }
  o.ascii_scale = static_cast<int>(scale.value_or(0));
}

ScheduleShare schedule_share(const std::string& text) {
  const size_t colon = std::min(text.find(':'), text.size());
  const auto begin = decimal_number(std::string_view(text).substr(0, colon));
  const auto end = decimal_number(std::string_view(text).substr(std::min(colon + 1, text.size())));
  if (begin && end && *begin >= 0 && *begin <= *end && *end <= 1) return {*begin, *end};
  throw usage_error("--cfg-interval is {}, expected two shares of the schedule such as 0.2:0.8",
                    text);
}

std::vector<std::string> mood_names() {
  std::vector<std::string> names;
  for (const Mood& mood : built_in_persona().moods) names.push_back(mood.name);
  return names;
}

std::vector<std::string> shipped_style_names() { return style_names(built_in_persona()); }

// A list that a paragraph of help can break.
std::string spaced(std::string list) {
  for (size_t at = 0; (at = list.find(',', at)) != list.npos; ++at) list.insert(at + 1, " ");
  return list;
}

void add_conversation(CommandLine& line, Options& o) {
  OptionGroup talk(line, "Conversation");
  talk.flag("-I,--interactive", o.interactive,
            "keep talking, a picture for every line; Ctrl-C stops a picture, Ctrl-D the program, "
            "/help lists commands");
  talk.add("--session FILE", o.session,
           "remember here what was said; it is made where there is none. How new an input is "
           "decides the temperature");
  talk.flag("--dual", o.dual,
            "two Yents: one paints, the other roasts you meanwhile; they take turns");
  talk.add("--llm2 PATH|default", o.second_llm, "the second Yent: a GGUF file (the first one's)");
  const auto misplaced = [] {  // serve.h has taken it where it comes first
    throw usage_error("--serve comes first: --serve [PORT] [options of yent-server]");
  };
  talk.flag("--serve", misplaced,
            "comes first, with or without a port: starts yent-server, which is Yent on a web page; "
            "what follows are its options");
}

void add_painting(CommandLine& line, Options& o) {
  OptionGroup paint(line, "Painting");
  paint.add("-m,--model PATH|default", o.model,
            "painter: a diffusers folder or a single SD 1.x checkpoint (default)");
  paint.add("--llm PATH|default", o.llm, "Yent: a GGUF file (default)");
  paint.add("-p,--prompt TEXT", o.prompt, "skip Yent; paint this text");
  paint.add("-n,--negative TEXT", o.negative,
            "what not to paint (extra fingers, blurry, watermark)");
  paint.flag("--prompt-only", o.prompt_only, "print the reaction and stop");
  paint.add("--mood NAME", o.mood, "force a mood", mood_names);
  paint.add("--style FILE|NAME", o.style,
            "the style of the picture, with its weights where they are shipped; or a file of them",
            shipped_style_names);
  paint.add(
      "-s,--seed N", [&o](const std::string& text) { read_seed(text, o); },
      "seed (random); the same seed, machine and options give the same bytes, whatever the thread "
      "count");
  paint.add("--steps", o.steps, "denoising steps (25)");
  paint.add("--cfg-scale", o.guidance, "guidance (7.5)");
  paint.add(
      "--cfg-interval A:B", [&o](const std::string& text) { o.guided_in = schedule_share(text); },
      "guidance only from this share of the noise schedule to that one (0:1)");
  paint.add("--cache", o.cache,
            "of every N calls of the model only the first goes through its deep layers (1)");
  paint.add("-W,--width", o.width, "width in pixels (the model's own)");
  paint.add("-H,--height", o.height, "height in pixels (the model's own)");
  paint.add("-b,--batch-count", o.batch, "pictures (1); each has the next seed");
  paint.add("--sampler NAME", o.sampler,
            "sampler (the model's own), AUTOMATIC1111's names too, such as DPM++ 2M Karras",
            sampler_names);
  paint.add("--scheduler NAME", o.scheduler,
            "noise levels of a sampler from euler to unipc; trailing, the timesteps of models of "
            "few steps, is for all (as the sampler has them)",
            noise_levels_names);
  paint.add("--eta X", o.eta, "fresh noise in each step of ddim, from 0 (none) to 1, ddpm's (0)");
  paint.add("--prediction eps|v", o.prediction,
            "what the model predicts, where its files do not say it");
  paint.add("-i,--init-img FILE", o.init_image,
            "start from a PNG or JPEG; one that is stored turned or mirrored is set upright first");
  paint.add("--strength", o.strength, "how much of it may change, above 0 and at most 1 (0.75)");
  paint.add("--mask FILE", o.mask,
            "repaint the input picture only where this PNG or JPEG is white; it may have another "
            "size");
  paint.add("--clip-skip", o.clip_skip, "layer of the text encoder, from its last (1)");
  paint.add("--tokenizer DIR", o.tokenizer,
            "folder with tokenizer.json, or vocab.json and merges.txt");
  paint.add(
      "--vae PATH|tiny", o.vae,
      "another VAE: a diffusers folder or a file, also of a tiny autoencoder (TAESD); tiny is "
      "the model's own folder vae_tiny");
  paint.add("--variant NAME", o.variant,
            "weights *.NAME.safetensors of a folder, such as fp16, bf16 or non_ema");
  paint.add("--lora FILE[:SCALE]", o.loras, "LoRA adapter; may be repeated");
  paint.add("--embedding FILE", o.embeddings,
            "textual inversion, used where a prompt has its word; may be repeated");
  paint.add("--grammar literal|a1111", o.grammar,
            "how prompts are read (literal): as text, or as AUTOMATIC1111 reads (word:1.2), "
            "[word], BREAK and <lora:name:1>");
  paint.add("--lora-dir DIR", o.lora_dir, "folder where <lora:name:scale> finds files");
}

void add_output(CommandLine& line, Options& o) {
  OptionGroup show(line, "Output");
  show.add("-o,--output FILE", o.output,
           "PNG or JPEG, by its ending (the next free yent-0001.png); - is a PNG to standard "
           "output, and all text then goes to standard error");
  show.add("--ascii FILE", o.ascii, "also write the ASCII art as text");
  show.add("--html FILE", o.html, "also write the ASCII art as a page of HTML, in colour");
  show.add(
      "--ascii-scale N|raw", [&o](const std::string& text) { read_ascii_scale(text, o); },
      "how large the ASCII picture is: N times 8x16 pixels a character (1), or raw, the size of "
      "the "
      "picture itself, which then shows at most one column in five pixels");
  show.add("--filter ascii|blend|none", o.filter,
           "what the picture shows (ascii); blend lets the words grow where it is lit and flat");
  show.add(
      "--blend NAME=NUMBER,...",
      [&o](const std::string& text) { set_blend_numbers(o.blend, text); },
      "numbers of the blend filter; the defaults are " + spaced(blend_numbers_text(o.blend)));
  show.flag(
      "--raw", [&o] { o.filter = "none"; },
      "pixels only: --filter none, and no art in the terminal");
  show.add(
      "--columns", o.columns,
      "columns of the ASCII art (100); in a terminal fewer where it would not fit with the words "
      "above it");
  show.add("--charset NAME|CHARACTERS", o.charset,
           "characters from dark to bright, your own or these (techno)", charset_names);
  show.add("--glyphs level|shape|attention", o.glyphs,
           "how a character is chosen: by its tone, by the outlines in it (from all of ASCII if no "
           "charset is given), or by the painter's attention to the words, which stand where they "
           "drew it (level)");
  show.add(
      "--boost", o.boost,
      "brightness of glyphs (2.8): of dark ones, bright ones gain less, so that no colour turns "
      "white");
  show.add("--fill", o.fill, "brightness behind them (0.5)");
  show.flag("--invert", o.invert, "dark on light");
  show.flag(
      "--no-color", [&o] { o.color = false; }, "glyphs without colour, their tones stretched");
  show.add(
      "--color auto|always|never", o.color_when,
      "colour in what is printed (auto): where a terminal has it and NO_COLOR is not set, into "
      "a pipe too as for less -R, or never");
  show.add("--metadata FILE", o.metadata,
           "print the settings that a PNG or JPEG keeps and stop: AUTOMATIC1111's lines, and the "
           "command line of yent-run");
  show.add("--again FILE", o.again,
           "paint the picture that this file keeps the settings of once more, to the byte; other "
           "options change them, and what is different on this machine is said");
  show.add(
      "--preview auto|none|blocks|sixel|kitty", o.preview,
      "the picture in the terminal while it forms (auto): as the terminal can show it, and not "
      "where CI or NO_COLOR is set");
  show.flag("--sign", o.sign, "in a terminal, a small drawing in characters beside what Yent says");
  show.add("--record FILE", o.record, "asciicast of the run, which asciinema plays");
  add_report_options(show, o);
}

void add_machine(CommandLine& line, Options& o) {
  OptionGroup machine(line, "Machine");
  add_device_options(
      machine, o,
      {.device = "where to compute (a GPU if one answers, else the CPU); cuda:all divides a batch",
       .several_devices = true,
       .policy =
           "precision and quantization style of each layer, instead of --precision; int8-exact "
           "paints the same bytes on every CPU with AVX2 or NEON"});
}

void add_research(CommandLine& line, Options& o) {
  OptionGroup research(line, "Research");
  research.add("--rng cpu|cuda", o.rng, "draw noise as PyTorch does on that device (cpu)");
  research.add("--init-latent FILE", o.init_latent,
               "start from the tensor latent of a safetensors file instead of the seed");
  research.add("--cond FILE", o.cond,
               "tensors cond and uncond of a safetensors file instead of a prompt");
  research.add("--dump FILE", o.dump, "write the stages of the run as a safetensors file");
  research.add("--dump-layers GLOB", o.dump_layers,
               "with --dump: also the outputs of the layers whose path matches");
}

void add_language_model(CommandLine& line, Options& o) {
  OptionGroup voice(line, "Language model");
  voice.add("--complete TEXT", o.complete, "continue this text and stop");
  voice.add("--temp", o.temperature, "temperature (0.8); 0 always takes the likeliest token");
  voice.add("--top-k", o.top_k, "choose among the N likeliest tokens (40); 0 means all");
  voice.add("--top-p", o.top_p,
            "choose among the likeliest tokens that together have this probability (1)");
  voice.add("--min-p", o.min_p,
            "drop tokens that have less than this share of the likeliest one's probability (0)");
  voice.add("--repeat-penalty", o.repeat_penalty, "make repeated tokens less likely (1: off)");
  voice.add("-c,--ctx-size", o.context, "context in tokens (the file's)");
  voice.add("--tokens", o.tokens, "most tokens to add (128)");
}

// Whether words are missing, which may then come through standard input.
bool wants_words(const Options& o) {
  const bool paints_without = o.prompt || (!o.cond.empty() && !o.prompt_only);
  return o.words.empty() && o.metadata.empty() && !paints_without && !o.complete &&
         !o.interactive && (!o.explain || o.prompt_only);
}

// What concerns a conversation.
void check_conversation(const Options& o, const CommandLine& line) {
  const auto given = [&](const char* flag) { return line.given(flag); };
  for (const char* flag : {"--interactive", "--session", "--dual", "--sign"}) {
    if (!given(flag)) continue;
    if (o.prompt) throw usage_error("{} needs words, not -p", flag);
    if (o.complete) throw usage_error("{} needs words, not --complete", flag);
  }
  if (given("--session") && o.session.empty()) {
    throw usage_error("--session is empty, expected a file");
  }
  if (given("--llm2") && !o.dual) throw usage_error("--llm2 needs --dual");
  if (given("--style") && o.style.empty()) {
    throw usage_error("--style is empty, expected a name or a file");
  }
  if (!o.interactive) return;
  if (o.output == "-") throw usage_error("-o - takes one picture, -I makes many");
  for (const char* flag : {"--dump", "--cond"}) {
    if (given(flag)) throw usage_error("{} is of one picture, -I makes many", flag);
  }
}

// What the options say together.
void check_together(const Options& o, const CommandLine& line) {
  const auto given = [&](const char* flag) { return line.given(flag); };
  if (o.prompt && !o.words.empty()) {
    throw usage_error("-p speaks to the painter and words to Yent, expected one of them");
  }
  if (o.complete && (!o.words.empty() || o.prompt)) {
    throw usage_error("--complete takes its text alone, expected no words and no -p");
  }
  if (o.prompt_only && o.prompt) throw usage_error("--prompt-only needs words, not -p");
  if (o.output == "-" && o.json) throw usage_error("-o - and --json both want standard output");
  if (given("--output") && o.output.empty()) throw usage_error("-o is empty, expected a file");
  if (o.glyphs == "attention" && !o.cond.empty()) {
    throw usage_error("--glyphs attention needs words, and --cond has none");
  }
  if (given("--blend") && o.filter != "blend") throw usage_error("--blend needs --filter blend");
  if (given("--vae") && o.vae.empty()) throw usage_error("--vae is empty, expected a file");
  if (given("--variant") && o.variant.empty()) {
    throw usage_error("--variant is empty, expected a name as fp16, bf16 or non_ema");
  }
  for (const auto& [flag, file] :
       {std::pair("--dump", &o.dump), std::pair("--ascii", &o.ascii), std::pair("--html", &o.html),
        std::pair("--session", &o.session), std::pair("--record", &o.record)}) {
    if (*file == "-") throw usage_error("{} is -, expected a file; -o alone can be -", flag);
  }
  if (!o.dump_layers.empty() && o.dump.empty()) throw usage_error("--dump-layers needs --dump");
  if (given("--strength") && o.init_image.empty() && !(o.preset && o.interactive)) {
    throw usage_error("--strength needs -i");
  }
  if (given("--mask") && o.init_image.empty()) throw usage_error("--mask needs -i");
  if (!o.init_image.empty() && !o.init_latent.empty()) {
    throw usage_error("-i and --init-latent both say where to start, expected one of them");
  }
  if (!o.lora_dir.empty() && o.grammar != "a1111") {
    throw usage_error("--lora-dir needs --grammar a1111");
  }
}

// What each says by itself.
void check_values(const Options& o, const CommandLine& line) {
  const auto given = [&](const char* flag) { return line.given(flag); };
  if (!o.scheduler.empty()) find_noise_levels(o.scheduler);
  in_range("--steps", o.steps, 1, 1000);
  in_range("--batch-count", o.batch, 1, 10000);
  in_range("--columns", o.columns, 1, 2000);
  in_range("--cfg-scale", o.guidance, 0.0, 1000.0);
  in_range("--cache", o.cache, 1, 1000);
  in_range("--eta", o.eta, 0.0, 1.0);
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

// These do not shape a picture, or what they do is kept in another way.
const std::vector<std::string> kNotKept{
    "--again",  "--output",  "--ascii",       "--html",        "--dump",    "--dump-layers",
    "--json",   "--timings", "--quiet",       "--verbose",     "--explain", "--preview",
    "--record", "--color",   "--sign",        "--interactive", "--session", "--dual",
    "--llm",    "--llm2",    "--device",      "--isa",         "--threads", "--seed",
    "--filter", "--raw",     "--batch-count", "--preset",      "--img2img"};

void declare(CommandLine& line, Options& o, Questions& questions) {
  line.take_words(o.words);
  add_conversation(line, o);
  add_painting(line, o);
  add_preset_options(line, o);
  add_output(line, o);
  add_machine(line, o);
  add_research(line, o);
  add_language_model(line, o);
  add_questions(line, questions, about_yent_run().name);
}

std::vector<std::string> kept_arguments(const Options& o, const CommandLine& line) {
  std::vector<std::string> arguments = line.typed(kNotKept);
  arguments.push_back("--filter=" + o.filter);  // --raw says it, too
  return arguments;
}

// The last steps: what the options say together, and what a picture keeps of them.
Options finished(Options o, const CommandLine& line, const char* environment_isa) {
  check_device_options(o, line, environment_isa);
  apply_preset(o, line);
  check_together(o, line);
  check_preset(o, line);
  check_conversation(o, line);
  check_values(o, line);
  o.arguments = kept_arguments(o, line);
  return o;
}

// The options that a picture keeps, and behind them those of the command line. It runs where and as
// it ran then, as far as this machine can.
Options options_again(const Options& typed, const CommandLine& line, const char* environment_isa) {
  if (!typed.words.empty() || typed.prompt || typed.complete || typed.interactive) {
    throw usage_error("--again paints one picture once more, expected no words and no other mode");
  }
  const Recipe recipe = read_recipe(typed.again);
  std::vector<std::string> words = recipe.arguments;
  for (const std::string& argument : line.typed()) words.push_back(argument);
  Options o;
  Questions none;
  CommandLine whole(about_yent_run().name);
  declare(whole, o, none);
  whole.parse(std::move(words));
  o.recipe = recipe;
  if (recipe.said) o.words = {*recipe.said};
  if (!whole.given("--device") && recipe.device == "cpu") o.device = recipe.device;
  if (!whole.given("--isa") && !environment_isa && has_isa(recipe.isa)) o.isa = recipe.isa;
  return finished(std::move(o), whole, environment_isa);
}

}  // namespace

std::vector<std::string> in_order(std::vector<std::string> arguments) {
  Options o;
  Questions none;
  CommandLine line(about_yent_run().name);
  declare(line, o, none);
  line.parse(std::move(arguments));
  return kept_arguments(o, line);
}

std::optional<Options> parse_options(int argc, char** argv, const char* environment_isa) {
  Options o;
  Questions questions;
  CommandLine line(about_yent_run().name);
  declare(line, o, questions);
  line.parse(argc, argv);
  if (answer(questions, about_yent_run(), line)) return std::nullopt;
  if (!o.again.empty()) return options_again(o, line, environment_isa);
  o = finished(std::move(o), line, environment_isa);
  if (!wants_words(o)) return o;
  const std::optional<std::string> words = words_in_pipe();
  if (words) {
    o.words.push_back(*words);
  } else if (o.preset && !o.preset->prompts.empty() && !o.prompt_only) {
    take_first_prompt(o);
  } else {
    refuse_silence();
  }
  return o;
}

}  // namespace yent
