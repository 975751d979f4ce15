#include "tools/paint_request.h"

#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>

#include "engine/pipeline/assets.h"
#include "engine/pipeline/style.h"
#include "kernels/error.h"
#include "tools/command_line/number.h"
#include "tools/menu/preset_options.h"

namespace yent {
namespace {

Lora open_lora(const std::string& argument) {
  const auto [path, scale] = lora_argument(argument);
  return Lora::open(path, scale);
}

std::optional<NoiseLevels> levels_of(const Options& o) {
  if (o.scheduler.empty()) return std::nullopt;
  return find_noise_levels(o.scheduler);
}

// A folder that is not there is a slip of the hand, also where no prompt asks for a file of it.
std::filesystem::path existing_folder(const std::string& folder) {
  std::error_code error;
  if (folder.empty() || std::filesystem::is_directory(folder, error)) return folder;
  throw file_error("{}: not a folder, expected one with LoRA files", folder);
}

// A model may bring a tiny autoencoder along.
std::string vae_path(const Options& o) {
  if (o.vae != "tiny") return o.vae;
  const std::filesystem::path beside = painter_path(o.model) / "vae_tiny";
  std::error_code error;
  if (std::filesystem::is_directory(beside, error)) return beside.string();
  throw file_error("{}: not a folder, expected a tiny autoencoder such as madebyollin/taesd",
                   beside.string());
}

}  // namespace

std::pair<std::string, float> lora_argument(const std::string& argument) {
  const size_t colon = argument.rfind(':');
  std::error_code absent;
  if (colon == argument.npos || std::filesystem::exists(argument, absent)) return {argument, 1.0f};
  const std::string number = argument.substr(colon + 1);
  const auto scale = decimal_number(number);
  if (!scale || std::abs(*scale) > std::numeric_limits<float>::max()) {
    throw usage_error("--lora {}: the scale is '{}', expected a number", argument, number);
  }
  return {argument.substr(0, colon), static_cast<float>(*scale)};
}

Style chosen_style(const Options& o) {
  return find_style(o.style, painter_path(o.model), built_in_persona());
}

std::vector<LoraFile> style_adapters(const Options& o) {
  if (o.style.empty()) return {};
  const Style style = chosen_style(o);
  return style.adapter ? std::vector{*style.adapter} : std::vector<LoraFile>();
}

TokenizerFolders tokenizer_folders(const Options& o) {
  return {.instead = o.tokenizer, .fallback = [] { return shipped("clip"); }};
}

Pipeline make_pipeline(Run& run) {
  const Options& o = run.options;
  PipelineConfig config{.model = painter_path(o.model),
                        .policy = run.policy,
                        .prefer_f16 = o.precision == "f16",
                        .tokenizer = tokenizer_folders(o),
                        .text_is_given = !o.cond.empty(),
                        // Loaded once to be explained, and then used; or to be used many times.
                        .keep_loaded = o.explain || o.interactive,
                        .choice = {.variant = o.variant, .vae = vae_path(o)}};
  config.lora_dir = existing_folder(o.lora_dir);
  for (const std::string& file : o.embeddings) {
    config.embeddings.push_back(read_textual_inversion(file));
  }
  if (!o.prediction.empty()) config.prediction = prediction_named(o.prediction);
  for (const std::string& lora : o.loras) config.loras.push_back(open_lora(lora));
  config.messages.warn = [&run](const std::string& sentence) { run.console.warn(sentence); };
  config.messages.note = [&run](const std::string& sentence) { run.console.note(sentence); };
  std::vector<Backend*> backends;
  for (const auto& backend : run.backends) backends.push_back(backend.get());
  return Pipeline(std::move(config), std::move(backends));
}

// All of the request but Yent's prompt; input files are read.
PaintRequest request_of(Run& run, Dump* dump) {
  const Options& o = run.options;
  PaintRequest request{.prompt = o.prompt ? prefixed(o, *o.prompt) : "",
                       .negative = o.negative,
                       .spec = {.width = o.width,
                                .height = o.height,
                                .steps = o.steps,
                                .guidance = o.guidance,
                                .sampler = o.sampler,
                                .levels = levels_of(o),
                                .rng = o.rng == "cuda" ? Rng::cuda : Rng::cpu,
                                .eta = o.eta,
                                .strength = o.strength,
                                .clip_skip = o.clip_skip,
                                .cache = o.cache,
                                .guided_in = o.guided_in},
                       .seed = run.seed,
                       .count = o.batch,
                       .dump = dump,
                       .grammar = grammar_named(o.grammar),
                       .negative_grammar = grammar_named(o.grammar),
                       .loras = style_adapters(o)};
  if (request.grammar == Grammar::literal && request.prompt.find("<lora:") != std::string::npos) {
    run.console.warn("<lora:...> in the prompt is text without --grammar a1111");
  }
  if (o.timings || o.json) request.timings = &run.timings;
  if (!o.cond.empty()) request.embeddings = read_embeddings(o.cond);
  if (!o.init_image.empty()) request.picture = read_image(o.init_image);
  shape_by_preset(o, request.spec, request.picture.has_value());
  if (!o.mask.empty()) request.mask = read_image(o.mask);
  if (!o.init_latent.empty()) request.noise = read_first_latents(o.init_latent);
  return request;
}

}  // namespace yent
