// --complete: the language model alone.
#include "engine/core/dump.h"
#include "engine/pipeline/assets.h"
#include "engine/pipeline/language/language_model.h"
#include "kernels/error.h"
#include "tools/outputs.h"
#include "tools/run.h"

namespace yent {

void complete(Run& run) {
  const Options& o = run.options;
  check_outputs(o);
  LanguageModel model = [&] {
    const Timings::Span span(&run.timings, "load");
    return LanguageModel(voice_path(o.llm), run.backend(), run.policy, o.context, nullptr,
                         {.warn = [&run](const std::string& s) { run.console.warn(s); }});
  }();
  if (o.explain) print_layers(run, model.resolved());
  std::mt19937_64 generator(run.seed);
  std::string text;
  const auto result = model.generate(
      {.text = *o.complete,
       .special = true,
       .bos = model.adds_bos(),
       .eos = model.adds_eos(),
       .max_tokens = o.tokens > 0 ? o.tokens : 128,
       .sampling = {.temperature = static_cast<float>(o.temperature.value_or(0.8)),
                    .top_k = o.top_k,
                    .top_p = static_cast<float>(o.top_p),
                    .min_p = static_cast<float>(o.min_p),
                    .repeat_penalty = static_cast<float>(o.repeat_penalty)},
       .keep_logits = !o.dump.empty()},
      generator,
      [&](std::string_view piece) {
        text += piece;
        if (!o.json) run.console.print(std::string(piece));
        return true;
      },
      &run.timings);
  if (!o.json) run.console.print("\n");
  if (!o.seed) run.console.say(fmt::format("seed {}", run.seed));
  if (result.context_full) run.console.say("the context is full");
  if (!o.dump.empty()) {
    Dump dump;
    const auto count = [](const auto& values) { return static_cast<int64_t>(values.size()); };
    dump.add("tokens", {count(result.prompt)}, result.prompt);
    dump.add("generated", {count(result.generated)}, result.generated);
    const int64_t vocabulary = model.config().vocabulary;
    dump.add("logits", {count(result.logits) / vocabulary, vocabulary}, result.logits);
    dump.write(o.dump);
  }
  double tokens_per_s = 0;
  for (const Timings::Stage& s : run.timings.stages()) {
    if (s.name == "llm_decode") tokens_per_s = static_cast<double>(s.ms.size()) / s.sum() * 1000;
  }
  run.report["text"] = text;
  run.report["tokens"] = result.generated.size();
  run.report["tokens_per_s"] = tokens_per_s;
  run.report["seed"] = run.seed;
}

}  // namespace yent
