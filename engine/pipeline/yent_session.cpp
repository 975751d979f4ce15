#include "engine/pipeline/yent_session.h"

#include <random>

namespace yent {

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
    : persona_(std::move(config.persona)), voice_([&] {
        const Timings::Span span(timings, "load");
        return LanguageModel(config.voice, backend, config.policy, config.context, cancel,
                             config.messages);
      }()) {}

Reaction YentSession::react(const std::string& said, const ReactionSpec& spec,
                            const PromptLimit& limit, const OnWords& on_words, Timings* timings,
                            const CancelToken* cancel) {
  std::mt19937_64 generator(spec.seed);
  const Generate generate = [&](std::string_view context, float temperature, int max_tokens,
                                const std::function<bool(std::string_view)>& on_piece) {
    voice_.generate({.text = std::string(context),
                     .special = false,
                     .bos = voice_.adds_bos(),
                     .max_tokens = max_tokens,
                     .sampling = {.temperature = temperature, .top_k = spec.top_k},
                     .cancel = cancel},
                    generator, on_piece, timings);
  };
  const ReactOptions options{.mood = spec.mood,
                             .base_temperature = spec.temperature,
                             .on_words = on_words,
                             .clip_tokens = limit.count_tokens,
                             .clip_capacity = limit.capacity};
  const Reaction reaction = yent::react(said, persona_, generate, generator, options);
  memory_.push_back({said, reaction});
  return reaction;
}

PaintRequest request_for(const Reaction& reaction, PaintRequest painting) {
  painting.prompt = reaction.prompt;
  painting.grammar = Grammar::literal;
  return painting;
}

}  // namespace yent
