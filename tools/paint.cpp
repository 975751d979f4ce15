// From words or a prompt to written pictures.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>

#include "engine/ascii/charset.h"
#include "engine/ascii/filter.h"
#include "engine/diffusion/text2image.h"
#include "engine/pipeline/assets.h"
#include "engine/pipeline/batch.h"
#include "engine/pipeline/language_model.h"
#include "engine/yent/mood.h"
#include "engine/yent/reaction.h"
#include "kernels/error.h"
#include "loaders/io/output_file.h"
#include "loaders/tensors/safetensors.h"
#include "tools/run.h"

namespace yent {
namespace {

std::filesystem::path painter_path(const Options& o) {
  return o.model == "default" ? shipped("default") : std::filesystem::path(o.model);
}

std::filesystem::path voice_path(const Options& o) {
  return o.llm == "default" ? shipped("default/yent.gguf") : std::filesystem::path(o.llm);
}

// FILE or FILE:SCALE; a colon that is part of a file's name is left alone.
Lora open_lora(const std::string& argument) {
  const size_t colon = argument.rfind(':');
  if (colon != std::string::npos && !std::filesystem::exists(argument)) {
    const std::string number = argument.substr(colon + 1);
    char* end = nullptr;
    const float scale = std::strtof(number.c_str(), &end);
    if (!number.empty() && *end == 0 && std::isfinite(scale))
      return Lora::open(argument.substr(0, colon), scale);
    throw usage_error("--lora {}: the scale is '{}', expected a number", argument, number);
  }
  return Lora::open(argument, 1);
}

// picture.png, picture_2.png, picture_3.png, ...
std::filesystem::path numbered(const std::filesystem::path& path, int index) {
  if (index == 0) return path;
  auto name = path.stem().string() + "_" + std::to_string(index + 1) + path.extension().string();
  return path.parent_path() / name;
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

DiffusionCheckpoint painter_files(const Options& o) {
  return DiffusionCheckpoint::open(painter_path(o), o.precision == "f16");
}

Text2Image make_painter(Run& run, Backend& backend, Dump* dump) {
  const Options& o = run.options;
  Text2Image::Options options{
      .policy = run.policy,
      .tokenizer = o.tokenizer,
      .clip = shipped("clip"),
      .text_is_given = !o.cond.empty(),
      .keep_loaded = o.explain,  // loaded once to be explained, and then used
  };
  for (const std::string& lora : o.loras) options.loras.push_back(open_lora(lora));
  options.dump = dump;
  if (o.timings || o.json) options.timings = &run.timings;
  if (run.console.shows_progress()) {
    options.progress = [&run](int, int calls) {
      run.console.progress("painting", ++run.calls_done, calls * run.options.batch);
    };
  }
  options.warn = [&run](const std::string& sentence) { run.console.warn(sentence); };
  options.note = [&run](const std::string& sentence) { run.console.note(sentence); };
  return Text2Image(painter_files(o), backend, std::move(options));
}

PaintSpec spec_of(const Options& o) {
  return {.width = o.width,
          .height = o.height,
          .steps = o.steps,
          .guidance = o.guidance,
          .sampler = o.sampler,
          .karras = o.scheduler == "karras",
          .rng = o.rng == "cuda" ? Rng::cuda : Rng::cpu,
          .strength = o.strength};
}

// What Yent answers to the words; told, and kept for the report.
Reaction answer(Run& run, const std::string& said,
                const std::function<int(std::string_view)>& clip_tokens, int clip_capacity) {
  const Options& o = run.options;
  LanguageModel model = [&] {
    const Timings::Span span(&run.timings, "load");
    return LanguageModel(voice_path(o), run.backend(), run.policy, o.context);
  }();
  if (o.explain) print_layers(run, model.resolved());
  std::mt19937_64 generator(run.seed);
  ReactOptions options;
  if (!o.mood.empty()) options.mood = o.mood;
  options.base_temperature = o.temperature;
  options.clip_tokens = clip_tokens;
  options.clip_capacity = clip_capacity;
  const Generate generate = [&](std::string_view context, float temperature, int max_tokens,
                                const std::function<bool(std::string_view)>& on_piece) {
    model.generate({.text = std::string(context),
                    .special = false,
                    .bos = true,
                    .max_tokens = max_tokens,
                    .sampling = {.temperature = temperature, .top_k = o.top_k}},
                   generator, on_piece, &run.timings);
  };
  const Reaction reaction = react(said, built_in_persona(), generate, generator, options);
  run.report["said"] = said;
  run.report["words"] = reaction.words;
  run.report["prompt"] = reaction.prompt;
  run.report["mood"] = reaction.mood;
  run.report["temperature"] =
      std::stod(fmt::format("{}", reaction.temperature));  // 0.9, not 0.8999999
  return reaction;
}

// The tensor of that name, or a file error.
const HostTensor* find_tensor(const TensorSet& set, const char* name, bool required) {
  const HostTensor* t = set.find(name);
  if (!t && required) throw file_error("{}: {} is missing", set.path, name);
  return t;
}

// [n, c, h, w] unit noise of --init-latent.
std::vector<Latent> read_latents(const std::string& path) {
  const TensorSet set = read_tensors(path);
  const HostTensor& t = *find_tensor(set, "latent", true);
  if (t.dtype != DType::f32 || t.dims.size() != 4 || t.count() == 0 ||
      *std::max_element(t.dims.begin(), t.dims.end()) > 1 << 16) {
    throw file_error("{}: latent is {} {}, expected f32 {{n, 4, h/8, w/8}}", path,
                     dims_text(t.dims), dtype_name(t.dtype));
  }
  std::vector<Latent> latents;
  const size_t count = t.count() / t.dims[0];
  for (int64_t i = 0; i < t.dims[0]; ++i) {
    Latent& l = latents.emplace_back(Latent{
        static_cast<int>(t.dims[1]), static_cast<int>(t.dims[2]), static_cast<int>(t.dims[3]), {}});
    l.values.resize(count);
    std::memcpy(l.values.data(), t.data + i * count * sizeof(float), count * sizeof(float));
  }
  return latents;
}

// What a picture needs to be made again, in the words of AUTOMATIC1111.
std::string parameters(const Run& run, const std::string& prompt, const std::string& sampler,
                       Text2Image::Size size, uint64_t seed) {
  const Options& o = run.options;
  std::string text = fmt::format(
      "{}\nNegative prompt: {}\nSteps: {}, Sampler: {}, CFG scale: {}, Seed: {}, Size: {}x{}, "
      "Model: {}",
      prompt, o.negative, o.steps, sampler, o.guidance, seed, size.width, size.height,
      (painter_path(o) / "").parent_path().filename().string());
  if (o.scheduler == "karras") text += ", Schedule type: Karras";
  if (!o.init_image.empty()) text += fmt::format(", Denoising strength: {}", o.strength);
  for (const std::string& lora : o.loras) text += fmt::format(", Lora: {}", lora);
  return text + fmt::format(", Version: yent {}", YENT_VERSION);
}

// Writes one picture, and draws it where there is a terminal.
void show(Run& run, const Image& image, const std::filesystem::path& path,
          const std::filesystem::path& ascii_path, const std::string& text) {
  const Options& o = run.options;
  const bool filtered = o.filter == "ascii";
  AsciiOptions options{.charset = charset_from(o.charset),
                       .boost = static_cast<float>(o.boost),
                       .fill = static_cast<float>(o.fill),
                       .invert = o.invert,
                       .colour = o.color};
  Image picture = image;
  if (filtered) {
    const Timings::Span span(&run.timings, "ascii");
    options.columns = readable_columns(image.width, o.columns);
    picture = paint_ascii(draw_ascii(image, options), image.width, image.height);
  }
  {
    const Timings::Span span(&run.timings, "png");
    const std::vector<std::pair<std::string, std::string>> chunks{{"parameters", text}};
    const std::vector<uint8_t> png = encode_png(picture, chunks);
    if (o.output == "-") {
      std::cout.write(reinterpret_cast<const char*>(png.data()),
                      static_cast<std::streamsize>(png.size()));
      std::cout.flush();
      if (!std::cout) throw run_error("the picture cannot be written to standard output");
    } else {
      write_file_atomically(path, png);
    }
  }
  options.columns = o.columns;
  if (!ascii_path.empty()) {
    write_file_atomically(ascii_path, ascii_text(draw_ascii(image, options)));
  }
  if (!filtered || run.console.quiet() || o.json) return;
  const Terminal& terminal = run.console.terminal();
  if (terminal.is_terminal) options.columns = std::min(o.columns, terminal.columns);
  run.console.print(
      ascii_text(draw_ascii(image, options), o.color ? colour_of(terminal) : TerminalColour::none));
}

// --prompt-only: of the painter, only what counts tokens is opened.
void speak(Run& run) {
  const Options& o = run.options;
  std::optional<ClipTokenizer> tokenizer;
  std::function<int(std::string_view)> clip_tokens;
  int capacity = 0;
  if (o.cond.empty()) {
    const DiffusionCheckpoint files = painter_files(o);
    const PartConfig text = files.text_config();
    capacity = ClipConfig::from_json(text.json, text.where).max_position_embeddings - 2;
    tokenizer =
        ClipTokenizer::load(!o.tokenizer.empty() ? std::filesystem::path(o.tokenizer)
                                                 : files.tokenizer_dir().value_or(shipped("clip")));
    clip_tokens = [&](std::string_view prompt) {
      return static_cast<int>(tokenizer->encode(prompt).size());
    };
  }
  const Reaction reaction = answer(run, joined(o.words), clip_tokens, capacity);
  if (!o.json) run.console.print(reaction.prompt + "\n");
}

// Every key that --json has, in order; null where the run has nothing to say.
void begin_report(Run& run) {
  for (const char* key : {"said", "words", "prompt", "mood", "temperature", "seed", "steps",
                          "width", "height", "device", "isa", "precision", "threads", "output"}) {
    run.report[key] = nullptr;
  }
  const Options& o = run.options;
  run.report["seed"] = run.seed;
  run.report["device"] = run.backend().device();
  run.report["isa"] = run.backend().isa();
  run.report["precision"] = o.policy.empty() ? o.precision : o.policy;
  run.report["threads"] = run.backend().threads();
}

}  // namespace

void print_layers(Run& run, const std::vector<Resolved>& layers) {
  size_t widest = 0;
  for (const Resolved& r : layers) widest = std::max(widest, r.style.size() + 1);
  for (const Resolved& r : layers) {
    const std::string line =
        fmt::format("{:<72} {:<5} {:<{}}{:<14} {:>12}", r.layer, precision_name(r.precision),
                    r.style, widest, r.kernel, r.bytes);
    if (run.options.json) {
      run.console.say(line);
    } else {
      run.console.print(line + "\n");
    }
  }
}

void explain(Run& run) {
  Text2Image painter = make_painter(run, run.backend(), nullptr);
  painter.load_all();
  print_layers(run, painter.resolved());
}

void paint(Run& run) {
  const Options& o = run.options;
  if (!o.mood.empty()) mood_named(o.mood, built_in_persona());
  begin_report(run);
  if (o.prompt_only) return speak(run);
  const bool to_stdout = o.output == "-";
  std::vector<std::filesystem::path> outputs;
  for (int k = 0; k < o.batch; ++k) outputs.push_back(numbered(o.output, k));
  if (to_stdout && o.batch > 1) throw usage_error("-o - takes one picture, not {}", o.batch);
  for (const auto& path : outputs) {
    if (!to_stdout) ensure_writable(path);
  }
  if (!o.ascii.empty()) ensure_writable(o.ascii);
  if (!o.dump.empty()) ensure_writable(o.dump);
  charset_from(o.charset);  // a mistake is told before the work

  std::optional<Dump> dump;
  if (!o.dump.empty()) dump.emplace(o.dump_layers);
  Text2Image painter = make_painter(run, run.backend(), dump ? &*dump : nullptr);
  PaintSpec spec = spec_of(o);

  // Whatever can be wrong with the inputs is found before the first network runs.
  std::optional<TensorSet> cond;
  if (!o.cond.empty()) cond = read_tensors(o.cond);
  std::optional<Image> picture;
  if (!o.init_image.empty()) picture = read_image(o.init_image);
  std::vector<Latent> noise;
  if (!o.init_latent.empty()) {
    noise = read_latents(o.init_latent);
    if (spec.width == 0) spec.width = noise[0].width * painter.factor();
    if (spec.height == 0) spec.height = noise[0].height * painter.factor();
  }
  const Text2Image::Size size = painter.size(spec, picture ? &*picture : nullptr);
  spec.width = size.width, spec.height = size.height;
  const std::string sampler = painter.sampler(spec);
  painter.check(spec, size);
  for (const Latent& l : noise) {
    const int f = painter.factor();
    if (l.channels != painter.latent_channels() || l.width * f != size.width ||
        l.height * f != size.height || noise.size() < outputs.size()) {
      throw file_error("{}: latent is [{}, {}, {}, {}], expected [{}, {}, {}, {}]", o.init_latent,
                       noise.size(), l.channels, l.height, l.width, outputs.size(),
                       painter.latent_channels(), size.height / f, size.width / f);
    }
  }

  std::string prompt = o.prompt.value_or("");
  if (!o.words.empty()) {
    std::function<int(std::string_view)> clip_tokens;
    if (!cond) clip_tokens = [&](std::string_view text) { return painter.count_tokens(text); };
    const Reaction reaction =
        answer(run, joined(o.words), clip_tokens, cond ? 0 : painter.token_capacity());
    prompt = reaction.prompt;
    if (!o.quiet && !o.json) run.console.print(reaction.words + "\n");
  } else if (o.prompt) {
    run.report["prompt"] = prompt;
  }
  if (o.explain) {
    painter.load_all();
    print_layers(run, painter.resolved());
  }

  nlohmann::ordered_json seeds, files;
  for (size_t k = 0; k < outputs.size(); ++k) {
    seeds.push_back(run.seed + k);
    files.push_back(to_stdout ? "-" : outputs[k].string());
  }
  // Everyone takes every n-th picture and makes it as if alone. A dump is one painter's.
  const size_t count = outputs.size();
  const size_t workers = dump ? 1 : std::min(run.backends.size(), count);
  Batch batch;
  run.console.progress("painting", 0, o.steps * o.batch);
  batch.run(workers, [&](size_t worker) {
    std::optional<Text2Image> other;
    if (worker > 0) other.emplace(make_painter(run, *run.backends[worker], nullptr));
    Text2Image& own = other ? *other : painter;
    const PersistentTensor text =
        cond ? own.embed(find_tensor(*cond, "cond", true), cond->find("uncond"), spec, o.cond)
             : own.encode(prompt, o.negative, spec);
    std::optional<Latent> moments;
    if (picture) moments = own.encode_picture(*picture, spec);
    std::vector<Latent> latents;
    for (size_t k = worker; k < count; k += workers) {
      batch.check();
      latents.push_back(own.denoise(text, spec, size, run.seed + k,
                                    {.noise = noise.empty() ? nullptr : &noise[k],
                                     .picture = moments ? &*moments : nullptr}));
    }
    for (size_t k = worker; k < count; k += workers) {
      const Image image = own.decode(latents[k / workers]);
      batch.in_turn(k, [&] {
        const std::filesystem::path ascii =
            o.ascii.empty() ? "" : numbered(o.ascii, static_cast<int>(k));
        show(run, image, outputs[k], ascii, parameters(run, prompt, sampler, size, run.seed + k));
        if (!to_stdout) run.console.say(outputs[k].string());
      });
    }
  });
  if (dump) dump->write(o.dump);
  if (count > 1) run.report["seed"] = seeds;
  run.report["steps"] = o.steps;
  run.report["width"] = size.width;
  run.report["height"] = size.height;
  run.report["output"] = count > 1 ? files : files[0];
}

}  // namespace yent
