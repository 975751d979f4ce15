#include "engine/pipeline/yent_session.h"

#include <random>

#include "engine/yent/context.h"
#include "engine/yent/roast.h"

namespace yent {
namespace {

// Strange characters are a token each, or several: what is said in them may not fit the voice. Then
// its beginning is not heard.
bool is_too_long(const LanguageModel& voice, std::string_view text) {
  return voice.count_tokens(text) >= voice.config().context;
}

}  // namespace

PromptLimit prompt_limit(Pipeline& pipeline) {
  return {
      [&pipeline](std::string_view prompt) { return pipeline.count_tokens({std::string(prompt)}); },
      pipeline.token_capacity()};
}

PromptLimit prompt_limit(const std::filesystem::path& model, const TokenizerFolders& folders) {
  const auto tokenizer =
      std::make_shared<PromptTokenizer>(DiffusionCheckpoint::open(model, false), folders);
  return {[tokenizer](std::string_view prompt) { return tokenizer->count({std::string(prompt)}); },
          tokenizer->capacity()};
}

YentSession::YentSession(SessionConfig config, Backend& backend, Timings* timings,
                         const CancelToken* cancel)
    : persona_(std::move(config.persona)),
      two_(config.two),
      listens_(config.dissonance),
      voice_([&] {
        const Timings::Span span(timings, "load");
        return LanguageModel(config.voice, backend, config.policy, config.context, cancel,
                             config.messages);
      }()) {
  if (!two_ || config.second_voice.empty() || config.second_voice == config.voice) return;
  const Timings::Span span(timings, "load");
  second_voice_ = std::make_unique<LanguageModel>(config.second_voice, backend, config.policy,
                                                  config.context, cancel, config.messages);
}

Reaction YentSession::react(const std::string& said, const ReactionSpec& spec,
                            const PromptLimit& limit, const OnWords& on_words, Timings* timings,
                            const CancelToken* cancel) {
  const bool b = b_reacts_to(conversation_.count());
  LanguageModel& voice = voice_of(b);
  std::mt19937_64 generator(spec.seed);
  const Generate generate = [&](std::string_view context, float temperature, int max_tokens,
                                const std::function<bool(std::string_view)>& on_piece) {
    voice.generate(
        {.text = std::string(context),
         .special = false,
         .bos = voice.adds_bos(),
         .max_tokens = max_tokens,
         .sampling = {.temperature = temperature, .top_k = spec.top_k, .min_p = spec.min_p},
         .cut_to_fit = is_too_long(voice, context),
         .cancel = cancel},
        generator, on_piece, timings);
  };
  ReactOptions options{.mood = spec.mood,
                       .base_temperature = spec.temperature,
                       .opposes = two_,
                       .style_suffix = spec.suffix,
                       .max_tokens = spec.max_tokens,
                       .on_words = on_words,
                       .clip_tokens = limit.count_tokens,
                       .clip_capacity = limit.capacity};
  // The memory changes when the reaction is there: what fails or is cancelled was not said.
  Dissonance dissonance = conversation_.dissonance;
  std::optional<double> d;
  if (listens_) {
    d = dissonance.hear(said, persona_.emotions);
    options.temperature =
        dissonant_temperature(*d, spec.temperature.value_or(persona_.temperature.base));
  }
  Reaction reaction = yent::react(said, persona_, generate, generator, options);
  reaction.dissonance = d;
  reaction.boredom = dissonance.boredom();
  if (two_) reaction.artist = b ? "B" : "A";
  conversation_.dissonance = std::move(dissonance);
  conversation_.add({said, reaction});
  return reaction;
}

std::string YentSession::roast(const std::string& said, const ReactionSpec& spec,
                               const CancelToken* cancel) {
  const size_t longest_words = ReactOptions().longest_words;
  LanguageModel& voice = voice_of(!b_reacts_to(conversation_.count() - 1));
  const double base = spec.temperature.value_or(persona_.temperature.base);
  std::mt19937_64 generator(spec.seed + 1);
  Roast roast;
  const std::string text = fill_context(persona_.roast_context, said, "", longest_words);
  voice.generate({.text = text,
                  .special = false,
                  .bos = voice.adds_bos(),
                  .max_tokens = 50,
                  .sampling = {.temperature = static_cast<float>(base + 0.2),
                               .top_k = spec.top_k,
                               .min_p = spec.min_p},
                  .cut_to_fit = is_too_long(voice, text),
                  .cancel = cancel},
                 generator, [&roast](std::string_view piece) { return roast.take(piece); });
  return roast.text();
}

PaintRequest request_for(const Reaction& reaction, PaintRequest painting) {
  painting.prompt = reaction.prompt;
  painting.grammar = Grammar::literal;
  return painting;
}

}  // namespace yent
