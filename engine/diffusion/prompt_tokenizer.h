// From a prompt to the ids that a painter's text encoder reads.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "engine/models/clip.h"
#include "engine/text/clip_tokenizer.h"
#include "loaders/checkpoint/diffusion_checkpoint.h"

namespace yent {

// Where a tokenizer's files are looked for: a folder that replaces the checkpoint's own (empty:
// none), and the one for checkpoints that bring none.
struct TokenizerFolders {
  std::filesystem::path instead = {}, fallback = {};
};

// The text encoder's config. Throws a file error for a config of another family.
ClipConfig read_clip_config(const DiffusionCheckpoint& files);

// Opens nothing but the tokenizer's files and the text encoder's config. May be used by several
// threads at once.
class PromptTokenizer {
 public:
  // Throws a file error where the files do not fit the text encoder.
  PromptTokenizer(const DiffusionCheckpoint& files, const TokenizerFolders& folders);

  // Tokens of a prompt without start and end, and how many of them the encoder sees.
  int count(std::string_view prompt) const;
  int capacity() const { return positions_ - 2; }

  // One row of ids for the encoder, filled up to its positions. `lost` is what did not fit.
  ClipTokenizer::Tokens tokenize(std::string_view prompt) const;

 private:
  PromptTokenizer(const ClipConfig& config, const std::filesystem::path& folder);

  ClipTokenizer tokenizer_;
  int positions_;
};

}  // namespace yent
