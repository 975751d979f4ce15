// From words or a prompt to written pictures.
#include <fmt/ranges.h>

#include <filesystem>
#include <sstream>

#include "engine/ascii/charset.h"
#include "engine/ascii/font.h"
#include "engine/pipeline/assets.h"
#include "engine/pipeline/infotext.h"
#include "engine/pipeline/measured.h"
#include "engine/pipeline/pipeline.h"
#include "engine/pipeline/yent_session.h"
#include "engine/text/content_words.h"
#include "engine/yent/mood.h"
#include "kernels/error.h"
#include "tools/outputs.h"
#include "tools/paint_request.h"
#include "tools/run.h"
#include "tools/show.h"

namespace yent {
namespace {

// What Yent answers to the words; told, and kept for the report.
Reaction answer(Run& run, const PromptLimit& limit) {
  const Options& o = run.options;
  YentSession session({.voice = voice_path(o.llm),
                       .policy = run.policy,
                       .context = o.context,
                       .messages = {.warn = [&run](const std::string& s) { run.console.warn(s); }}},
                      run.backend(), &run.timings);
  if (o.explain) print_layers(run, session.voice().resolved());
  ReactionSpec spec{.temperature = o.temperature, .top_k = o.top_k, .seed = run.seed};
  if (!o.mood.empty()) spec.mood = o.mood;
  const std::string said = fmt::format("{}", fmt::join(o.words, " "));
  const Reaction reaction = session.react(said, spec, limit, {}, &run.timings);
  run.report["said"] = said;
  run.report["words"] = run.words = reaction.words;
  run.report["prompt"] = reaction.prompt;
  run.report["mood"] = reaction.mood;
  run.report["temperature"] =
      std::stod(fmt::format("{}", reaction.temperature));  // 0.9, not 0.8999999
  return reaction;
}

// --prompt-only: of the painter, only what counts tokens is opened.
void speak(Run& run) {
  const Options& o = run.options;
  const PromptLimit limit =
      o.cond.empty() ? prompt_limit(painter_path(o.model), tokenizer_folders(o)) : PromptLimit();
  const Reaction reaction = answer(run, limit);
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

void end_report(Run& run, const Pipeline::Resolution& made,
                const std::vector<std::filesystem::path>& outputs) {
  const Options& o = run.options;
  Json seeds, files;
  for (size_t k = 0; k < outputs.size(); ++k) {
    seeds.push_back(run.seed + k);
    files.push_back(outputs[k].string());
  }
  if (outputs.size() > 1) run.report["seed"] = seeds;
  run.report["steps"] = o.steps;
  run.report["width"] = made.width;
  run.report["height"] = made.height;
  run.report["output"] = outputs.size() > 1 ? files : files[0];
}

// A charset that the terminal shows may have characters that the font of the pictures lacks.
void check_charset(Run& run) {
  const Options& o = run.options;
  for (char32_t c : charset_from(o.charset)) {
    if (o.filter == "none" || has_glyph(c)) continue;
    run.console.warn(fmt::format("the font of the pictures has no U+{:04X}, a box stands for it",
                                 static_cast<uint32_t>(c)));
  }
}

void paint_pictures(Run& run, Pipeline& pipeline, const PaintRequest& request,
                    const Pipeline::Resolution& made,
                    const std::vector<std::filesystem::path>& outputs) {
  const Options& o = run.options;
  const InfotextFacts facts{.model = model_name(painter_path(o.model)),
                            .version = YENT_VERSION,
                            .loras = o.loras,
                            .embeddings = o.embeddings,
                            .vae = o.vae.empty() ? "" : model_name(o.vae),
                            .policy = o.policy};
  PaintEvents events;
  int calls_done = 0;
  if (run.console.shows_progress()) {
    run.console.progress("painting", 0, o.steps * o.batch);
    events.step = [&](const StepEvent& step) {
      run.console.progress("painting", ++calls_done, step.calls * o.batch);
    };
  }
  events.picture = [&](Painted&& painted) {
    show(run, painted, {outputs[painted.index], numbered(o.ascii, painted.index)},
         infotext(request, made, painted.seed, facts));
    if (o.output != "-") run.console.say(outputs[painted.index].string());
  };
  pipeline.paint(request, events);
}

}  // namespace

void print_layers(Run& run, const std::vector<Resolved>& layers) {
  const std::string text = layers_text(layers);
  if (!run.options.json) return run.console.print(text);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) run.console.say(line);
}

void explain(Run& run) { print_layers(run, make_pipeline(run).explain()); }

void paint(Run& run) {
  const Options& o = run.options;
  if (!o.mood.empty()) mood_named(o.mood, built_in_persona());
  begin_report(run);
  if (o.prompt_only) return speak(run);
  check_charset(run);
  check_outputs(o);
  const std::vector<std::filesystem::path> outputs = picture_paths(o);
  std::optional<Dump> dump;
  if (!o.dump.empty()) dump.emplace(o.dump_layers);

  // Whatever can be wrong with the inputs is found before the first network runs.
  Pipeline pipeline = make_pipeline(run);
  PaintRequest request = request_of(run, dump ? &*dump : nullptr);
  const Pipeline::Resolution made = pipeline.check(request);

  if (!o.words.empty()) {
    const Reaction reaction =
        answer(run, request.embeddings ? PromptLimit() : prompt_limit(pipeline));
    request = request_for(reaction, std::move(request));
    if (!o.quiet && !o.json) run.console.print(reaction.words + "\n");
  } else if (o.prompt) {
    run.report["prompt"] = run.words = *o.prompt;
  }
  if (o.glyphs == "attention") request.words = content_words(run.words);
  if (o.explain) print_layers(run, pipeline.explain());
  paint_pictures(run, pipeline, request, made, outputs);
  if (dump) dump->write(o.dump);
  end_report(run, made, outputs);
}

}  // namespace yent
