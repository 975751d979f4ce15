// From a prompt to the ids that a painter's text encoder reads.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/models/clip.h"
#include "engine/text/clip_tokenizer.h"
#include "engine/text/prompt/chunks.h"
#include "engine/text/prompt/prompt.h"
#include "loaders/checkpoint/diffusion_checkpoint.h"
#include "loaders/checkpoint/textual_inversion.h"

namespace yent {

// Where a tokenizer's files are looked for: a folder that replaces the checkpoint's own (empty:
// none), and the one for checkpoints that bring none, which is asked for only then.
struct TokenizerFolders {
  std::filesystem::path instead = {};
  std::function<std::filesystem::path()> fallback = {};
};

// The text encoder's config. Throws a file error for a config of another family.
ClipConfig read_clip_config(const DiffusionCheckpoint& files);

// A word that was learned: its vectors have the ids first, first + 1, ...
struct Learned {
  std::string word;
  int32_t first;
  int count;
};

struct TokenizedPrompt {
  // What the encoder reads: start, text, end and padding, as long as its positions each. Literal
  // prompts have one row.
  std::vector<PromptChunk> rows = {};
  int used = 0;                     // tokens of the text, without those that pad a chunk at its end
  std::string lost = {};            // the text that did not fit; never of the a1111 grammar
  std::vector<LoraTag> loras = {};  // that the prompt asks for
};

// Opens nothing but the tokenizer's files and the text encoder's config. May be used by several
// threads at once.
class PromptTokenizer {
 public:
  // Throws a file error where the files do not fit the text encoder. The vectors of the embeddings
  // get the ids behind the text encoder's vocabulary, in order. Their words are found in any case,
  // but not inside longer words; a word of two embeddings is a file error.
  PromptTokenizer(const DiffusionCheckpoint& files, const TokenizerFolders& folders,
                  std::span<const TextualInversion> embeddings = {});

  // Tokens of a prompt without start and end, and how many of them one row of the encoder holds. In
  // the a1111 grammar the rows before the last count in full. Throws the usage errors of
  // parse_prompt.
  int count(const Prompt& prompt) const;
  int capacity() const { return positions_ - 2; }

  const std::vector<Learned>& learned() const { return learned_; }

  // Throws the usage errors of parse_prompt.
  TokenizedPrompt tokenize(const Prompt& prompt) const;

 private:
  PromptTokenizer(const std::filesystem::path& folder, const ClipConfig& config,
                  std::span<const TextualInversion> embeddings);
  void add_words(const ClipConfig& config, std::span<const TextualInversion> embeddings);
  size_t together(int32_t id) const;

  PromptChunk row_of(const PromptChunk& chunk) const;

  ClipTokenizer tokenizer_;
  int positions_;
  std::vector<Learned> learned_;
};

}  // namespace yent
