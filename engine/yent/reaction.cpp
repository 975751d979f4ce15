#include "engine/yent/reaction.h"

#include "engine/core/random.h"
#include "engine/yent/context.h"
#include "engine/yent/detail.h"
#include "engine/yent/mood.h"

namespace yent {
namespace {

std::string_view without_last_word(std::string_view text) {
  const size_t space = text.find_last_of(' ');
  return space == std::string_view::npos ? "" : without_end_marks(text.substr(0, space));
}

}  // namespace

void compose(Reaction& reaction) {
  reaction.words = reaction.starter;
  if (!reaction.detail.empty()) reaction.words += " " + reaction.detail;
  reaction.prompt = reaction.words + reaction.suffix;
}

Reaction react(std::string_view words, const Persona& persona, const Generate& generate,
               std::mt19937_64& generator, const ReactOptions& options) {
  const Mood& mood = options.mood ? mood_named(*options.mood, persona) : mood_of(words, persona);
  const double base = options.base_temperature.value_or(persona.temperature.base);
  const std::vector<std::string>& starters = options.opposes ? mood.opposition : mood.starters;
  const size_t chosen = draw_index(generator, starters.size());

  Reaction reaction;
  reaction.mood = mood.name;
  reaction.starter = starters[chosen];
  reaction.temperature = options.temperature.value_or(reaction_temperature(words, persona, base));

  const auto say = [&](std::string_view piece) {
    if (options.on_words) options.on_words(piece);
  };
  say(reaction.starter);

  Detail detail;
  generate(fill_context(persona.context, words, reaction.starter, options.longest_words),
           reaction.temperature, options.max_tokens, [&](std::string_view piece) {
             const bool more = detail.take(piece);
             if (more) say(piece);
             return more;
           });
  reaction.detail = detail.text();
  if (reaction.detail.empty()) {  // no draw here: the order of draws is a promise
    reaction.detail = persona.fallbacks[chosen % persona.fallbacks.size()];
  }

  const size_t suffix = draw_index(generator, persona.suffixes.size());
  reaction.suffix = options.style_suffix.value_or(persona.suffixes[suffix].text);

  compose(reaction);
  while (options.clip_tokens && !reaction.detail.empty() &&
         options.clip_tokens(reaction.prompt) > options.clip_capacity) {
    reaction.detail = std::string(without_last_word(reaction.detail));
    compose(reaction);
  }
  return reaction;
}

}  // namespace yent
