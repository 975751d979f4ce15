#include "tools/paint.h"

#include <fmt/ranges.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <sstream>

#include "engine/ascii/charset.h"
#include "engine/ascii/font.h"
#include "engine/pipeline/assets.h"
#include "engine/pipeline/infotext.h"
#include "engine/pipeline/measured.h"
#include "engine/text/content_words.h"
#include "engine/yent/mood.h"
#include "kernels/error.h"
#include "kernels/spelling.h"
#include "tools/again/again.h"
#include "tools/live/live_show.h"
#include "tools/menu/preset_options.h"
#include "tools/outputs.h"
#include "tools/run.h"
#include "tools/show.h"
#include "tools/talk/roaster.h"
#include "tools/talk/signature.h"

namespace yent {
namespace {

constexpr const char* kReportKeys[] = {
    "said",        "words",      "starter", "detail",    "suffix",  "style", "prompt", "mood",
    "temperature", "dissonance", "boredom", "artist",    "roast",   "seed",  "steps",  "width",
    "height",      "device",     "isa",     "precision", "threads", "output"};

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
  const auto meant = o.charset ? nearest_name(*o.charset, charset_names()) : std::nullopt;
  if (meant && *meant != *o.charset) {
    run.console.warn(
        fmt::format("the charset is the characters '{}'; did you mean {}?", *o.charset, *meant));
  }
  for (char32_t c : ascii_options(o).charset) {
    if (o.filter == "none" || has_glyph(c)) continue;
    run.console.warn(fmt::format("the font of the pictures has no U+{:04X}, a box stands for it",
                                 static_cast<uint32_t>(c)));
  }
}

// Of the painting's request. `roaster` may be null; it has finished when the first picture is
// shown.
void paint_pictures(Run& run, Painting& painting, const Said& said, Roaster* roaster) {
  const Options& o = run.options;
  if (o.glyphs == "attention") painting.request.words = content_words(run.words);
  const PaintRequest& request = painting.request;
  const InfotextFacts facts{.model = model_name(painter_path(o.model)),
                            .version = YENT_VERSION,
                            .loras = o.loras,
                            .embeddings = o.embeddings,
                            .vae = o.vae.empty() ? "" : model_name(o.vae),
                            .policy = o.policy};
  PaintEvents events;
  LiveShow::Session live(run.live, painting.made, events);
  int calls_done = 0;
  if (run.console.shows_progress()) {
    run.console.progress("painting", 0, o.steps * o.batch);
    events.step = [&](const StepEvent& step) {
      run.console.progress("painting", ++calls_done, step.calls * o.batch);
    };
  }
  if (!o.seed && !o.interactive) run.console.say(fmt::format("seed {}", run.seed));
  std::vector<std::filesystem::path> written;
  std::optional<Recipe> recipe = recipe_of(run, request);
  const auto kept_text = [&](uint64_t seed) {
    Recipe one = recipe.value_or(Recipe());
    one.arguments.push_back(fmt::format("--seed={}", seed));
    one.words = run.words;
    return KeptText{infotext(request, painting.made, seed, facts), recipe ? recipe_text(one) : ""};
  };
  events.picture = [&](Painted&& painted) {
    live.finish_picture();
    if (roaster && painted.index == 0) {
      run.report["roast"] = roaster->finish();
      run.words += " " + roaster->finish();
    }
    const int k = said.pictures_before + painted.index;
    written.push_back(show(run, painted,
                           {numbered(o.output, k), numbered(o.ascii, k), numbered(o.html, k)},
                           kept_text(painted.seed)));
    if (o.output != "-") run.console.say(written.back().string());
  };
  painting.pipeline.paint(request, events, said.cancel);
  end_report(run, painting.made, written);
}

}  // namespace

Painting::Painting(Run& run, Dump* dump)
    : pipeline(make_pipeline(run)), request(request_of(run, dump)), made(pipeline.check(request)) {
  check_ascii_size(run.options, made.width, made.height);
}

void Painting::ask_for(const Run& run, PaintRequest another) {
  request = std::move(another);
  made = pipeline.check(request);
  check_ascii_size(run.options, made.width, made.height);
}

void print_layers(Run& run, const std::vector<Resolved>& layers) {
  const std::string text = layers_text(layers);
  if (!run.options.json) return run.console.print(text);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) run.console.say(line);
}

void explain(Run& run) { print_layers(run, make_pipeline(run).explain()); }

// What is asked for with --explain, before it is painted.
void explain(Run& run, Painting& painting) {
  if (!run.options.explain) return;
  print_layers(run, painting.pipeline.explain());
  if (!painting.made.calls.empty()) run.console.say(painting.made.calls);
}

void begin_report(Run& run) {
  for (const char* key : kReportKeys) run.report[key] = nullptr;
  const Options& o = run.options;
  run.report["seed"] = run.seed;
  run.report["device"] = run.backend().device();
  run.report["isa"] = run.backend().isa();
  run.report["precision"] = o.policy.empty() ? o.precision : o.policy;
  run.report["threads"] = run.backend().threads();
  if (!o.style.empty()) run.report["style"] = o.style;
}

void check_options(Run& run) {
  const Options& o = run.options;
  const Persona persona = built_in_persona();
  if (!o.mood.empty()) mood_named(o.mood, persona);
  if (!o.style.empty()) chosen_style(o);
  check_outputs(o);
  if (!o.prompt_only) check_charset(run);
}

void react(Run& run, Speaker& speaker, const Said& said, const PromptLimit& limit) {
  const ReactionSpec spec = speaker.spec();
  const Options& o = run.options;
  const Reaction reaction = speaker.answer(said.words, spec, with_prefix(o, limit), said.cancel);
  const std::string prompt = prefixed(o, reaction.prompt);
  run.report["prompt"] = prompt;
  if (!o.json) print_words(run, said.words, prompt);
  if (!o.seed) run.console.say(fmt::format("seed {}", run.seed));
  if (!speaker.are_two()) return;
  Roaster roaster(run, speaker, said.words, spec);
  run.report["roast"] = roaster.finish();
}

void react_and_paint(Run& run, Speaker& speaker, const Said& said, Painting& painting) {
  const Options& o = run.options;
  const ReactionSpec spec = speaker.spec();
  const PromptLimit limit =
      painting.request.embeddings ? PromptLimit() : prompt_limit(painting.pipeline);
  const Reaction reaction = speaker.answer(said.words, spec, with_prefix(o, limit), said.cancel);
  painting.request = request_for(reaction, std::move(painting.request));
  painting.request.prompt = prefixed(o, reaction.prompt);
  run.report["prompt"] = painting.request.prompt;
  painting.request.seed = spec.seed;
  run.words = reaction.words;
  const std::string who = speaker.are_two() ? reaction.artist + ": " : "";
  if (!o.quiet && !o.json) print_words(run, said.words, who + reaction.words);
  explain(run, painting);
  std::optional<Roaster> roaster;
  if (speaker.are_two()) roaster.emplace(run, speaker, said.words, spec);
  paint_pictures(run, painting, said, roaster ? &*roaster : nullptr);
}

// --again: what Yent said then.
void repaint(Run& run, const Said& said, Painting& painting) {
  const Options& o = run.options;
  const Reaction reaction = recall(run);
  painting.request = request_for(reaction, std::move(painting.request));
  if (!o.quiet && !o.json) print_words(run, said.words, reaction.words);
  explain(run, painting);
  paint_pictures(run, painting, said, nullptr);
}

void paint_prompt(Run& run, Painting& painting, const Said& said) {
  const Options& o = run.options;
  if (o.prompt) {
    // Without the prefix, which a picture that is painted again has in its prompt.
    run.words = o.recipe && !o.recipe->words.empty() ? o.recipe->words : *o.prompt;
    run.report["prompt"] = painting.request.prompt;
  }
  if (o.preset && o.prompt && !o.interactive) run.console.say(painting.request.prompt);
  explain(run, painting);
  paint_pictures(run, painting, said, nullptr);
}

void begin_turn(Run& run) {
  std::destroy_at(&run.timings);  // those of the last turn; they cannot be assigned
  std::construct_at(&run.timings);
  run.report = {};
  begin_report(run);
}

void paint(Run& run) {
  const Options& o = run.options;
  begin_report(run);
  check_options(run);
  const std::string words = fmt::format("{}", fmt::join(o.words, " "));
  if (o.prompt_only) {
    const PromptLimit limit =
        o.cond.empty() ? prompt_limit(painter_path(o.model), tokenizer_folders(o)) : PromptLimit();
    Speaker speaker(run);
    return react(run, speaker, {words}, limit);
  }
  std::optional<Dump> dump;
  if (!o.dump.empty()) dump.emplace(o.dump_layers);
  if (o.recipe) compare_with_recipe(run);
  Painting painting(run, dump ? &*dump : nullptr);
  const Said said{words};
  if (!o.words.empty() && o.recipe) {
    repaint(run, said, painting);
  } else if (!o.words.empty()) {
    Speaker speaker(run);
    react_and_paint(run, speaker, said, painting);
  } else {
    paint_prompt(run, painting, said);
  }
  if (dump) dump->write(o.dump);
}

void print_report(Run& run) {
  const Options& o = run.options;
  if (o.timings) {
    for (const Timings::Stage& s : run.timings.stages()) {
      const size_t n = s.ms.size();
      const std::string times = n > 1 ? fmt::format(" ({} x {:.1f})", n, s.sum() / n) : "";
      std::fprintf(stderr, "%-14s %10.1f ms%s\n", s.name.c_str(), s.sum(), times.c_str());
    }
  }
  if (o.json) {
    for (const Timings::Stage& s : run.timings.stages()) run.report["timings_ms"][s.name] = s.sum();
    run.console.print(run.report.dump(o.interactive ? -1 : 2) + "\n");
  }
}

}  // namespace yent
