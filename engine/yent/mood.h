// The mood and the temperature that a person's words put Yent in.
#pragma once

#include <string_view>

#include "engine/yent/persona.h"

namespace yent {

// The first mood in the persona's order with a keyword among the words, else the default. Whole
// words only: "hi" is not in "this". The reference lives as long as the persona.
const Mood& mood_of(std::string_view words, const Persona& persona);

// Throws usage_error naming the moods there are.
const Mood& mood_named(std::string_view name, const Persona& persona);

// From `base` (usually persona.temperature.base) by the persona's TemperatureRule.
float reaction_temperature(std::string_view words, const Persona& persona, double base);

}  // namespace yent
