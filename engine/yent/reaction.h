// A reaction: from a person's words to the prompt that is painted.
//
//   words -> mood -> starter -> the language model completes it -> style suffix
//
// Chance enters in a fixed order from one generator: the starter, one draw per sampled token, the
// suffix. So one seed gives one reaction, on every machine whose model gives the same logits.
#pragma once

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "engine/yent/persona.h"

namespace yent {

// Continues `context` (BOS in front, special tokens in it not parsed) with at most `max_tokens`
// sampled tokens, handing each decoded piece to `on_piece` until that returns false or the model
// ends. Draws from the same generator that react() was given.
using Generate = std::function<void(std::string_view context, float temperature, int max_tokens,
                                    const std::function<bool(std::string_view piece)>& on_piece)>;

struct ReactOptions {
  std::optional<std::string> mood = {};          // forces a mood by name
  std::optional<double> base_temperature = {};   // instead of the persona's
  std::optional<float> temperature = {};         // instead of what the persona's rule gives
  bool opposes = false;                          // starters of the opposition
  std::optional<std::string> style_suffix = {};  // a chosen style's, instead of a random one
  int max_tokens = 30;
  size_t longest_words = 400;  // bytes of the person's words that the model is shown

  // Hears the reaction as it is said: the starter, then pieces of the detail. The reaction itself
  // may end up shorter. May be empty.
  std::function<void(std::string_view piece)> on_words = {};

  // Tokens of a prompt without start and end. Where given, the detail is shortened to fit.
  std::function<int(std::string_view)> clip_tokens = {};
  int clip_capacity = 75;
};

struct Reaction {
  std::string mood = {};
  std::string starter = {};
  std::string detail = {};
  std::string words = {};  // starter and detail: what Yent says
  std::string suffix = {};
  std::string prompt = {};  // words and suffix: what is painted
  float temperature = 0;

  // Of a conversation; how they come about is in YentSession.
  std::optional<double> dissonance = {};
  int64_t boredom = 0;
  std::string artist = {};  // "A" or "B" of two Yents
};

// Words and prompt from starter, detail and suffix.
void compose(Reaction& reaction);

// Throws usage_error for an unknown mood, and whatever `generate` and `clip_tokens` throw.
Reaction react(std::string_view words, const Persona& persona, const Generate& generate,
               std::mt19937_64& generator, const ReactOptions& options = {});

}  // namespace yent
