// What a person writes to the painter: a text, and the grammar that it is written in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/text/prompt/emphasis.h"

namespace yent {

enum class Grammar {
  literal,  // every character is text
  a1111,    // as AUTOMATIC1111's web UI reads it
};

// "literal" or "a1111". Throws a usage error for another name.
Grammar grammar_named(std::string_view name);

struct Prompt {
  std::string text = {};
  Grammar grammar = Grammar::literal;
  bool negative = false;
};

// <lora:name:scale>: an adapter that the prompt asks for.
struct LoraTag {
  std::string name;
  double scale = 1;

  bool operator==(const LoraTag&) const = default;
};

struct ParsedPrompt {
  std::vector<WeightedText> pieces;  // the words in order, without tags
  std::vector<LoraTag> loras;        // each name once: the scales of one name add up
};

// Reads a prompt. Where AUTOMATIC1111 would do something that is not built, this throws a usage
// error: [from:to:when], [a|b], AND in a prompt (in a negative prompt it is a word there, too), and
// tags of other kinds than lora and its other name lyco. Takes time in proportion to the text.
//
// AUTOMATIC1111 ignores BREAK inside parentheses (the word "break" enters the prompt with a
// negative weight); here it begins a chunk there, too.
ParsedPrompt parse_prompt(const Prompt& prompt);

}  // namespace yent
