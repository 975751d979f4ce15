// The text a language model is asked to continue.
#pragma once

#include <string>
#include <string_view>

namespace yent {

// Replaces {words} and {starter} in `form` (Persona::context, Persona::roast_context). What a
// person says is data: braces in it stay braces, white space and control characters become single
// spaces so that it keeps to its line, malformed UTF-8 is replaced, and a speech of more than
// `longest` bytes keeps its end, from a word's beginning if it has one.
std::string fill_context(std::string_view form, std::string_view words, std::string_view starter,
                         size_t longest);

}  // namespace yent
