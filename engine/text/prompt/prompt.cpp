#include "engine/text/prompt/prompt.h"

#include <algorithm>

#include "engine/text/prompt/schedules.h"
#include "engine/text/prompt/tags.h"
#include "kernels/error.h"
#include "loaders/io/utf8.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

Grammar grammar_named(std::string_view name) {
  if (name == "literal") return Grammar::literal;
  if (name == "a1111") return Grammar::a1111;
  throw usage_error("the grammar is {}, expected literal or a1111", printable(name));
}

ParsedPrompt parse_prompt(const Prompt& prompt) {
  if (prompt.grammar == Grammar::literal) return {{{prompt.text}}, {}};
  const TaggedText tagged = take_tags(decode_utf8(prompt.text));
  refuse_schedules(tagged.text);
  if (!prompt.negative) refuse_compositions(tagged.text);
  ParsedPrompt parsed{parse_emphasis(tagged.text), {}};
  for (const LoraTag& tag : tagged.loras) {
    const auto known = std::find_if(parsed.loras.begin(), parsed.loras.end(),
                                    [&](const LoraTag& l) { return l.name == tag.name; });
    if (known == parsed.loras.end()) {
      parsed.loras.push_back(tag);
    } else {
      known->scale += tag.scale;
    }
  }
  return parsed;
}

}  // namespace yent
