// How byte-level vocabularies cut text into words before merging: the pre-tokenizers that
// tokenizer.ggml.pre of a GGUF file names.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/characters.h"
#include "engine/text/pretokenize/pattern.h"

namespace yent {

// Const functions may be called from several threads at once.
class PreTokenizer {
 public:
  // The names are llama.cpp's; no name is "default", as there. Throws a file error that begins with
  // `where` for names that are not known.
  static PreTokenizer named(std::string_view name, const std::string& where);
  static std::vector<std::string> names();

  // The lengths, in characters, of the words that the text consists of.
  std::vector<size_t> split(std::span<const Character> text) const;

  // A word that is a token is taken whole, whatever the merges would make of it.
  bool ignores_merges() const { return ignores_merges_; }
  // Prompts begin with bos unless the file says otherwise.
  bool adds_bos() const { return adds_bos_; }
  // Whether there is a bos where the file names none.
  bool has_bos() const { return has_bos_; }

 private:
  std::vector<Pattern> stages_;  // each splits the pieces of the one before
  bool ignores_merges_ = false, adds_bos_ = false, has_bos_ = true;
};

}  // namespace yent
