#include "engine/diffusion/prompt_tokenizer.h"

#include "kernels/error.h"

namespace yent {

ClipConfig read_clip_config(const DiffusionCheckpoint& files) {
  const PartConfig config = files.text_config();
  return ClipConfig::from_json(config.json, config.where);
}

PromptTokenizer::PromptTokenizer(const DiffusionCheckpoint& files, const TokenizerFolders& folders)
    : PromptTokenizer(read_clip_config(files),
                      folders.instead.empty() ? files.tokenizer_dir().value_or(folders.fallback)
                                              : folders.instead) {}

PromptTokenizer::PromptTokenizer(const ClipConfig& config, const std::filesystem::path& folder)
    : tokenizer_(ClipTokenizer::load(folder)), positions_(config.max_position_embeddings) {
  if (tokenizer_.vocab_size() > config.vocab_size) {
    throw file_error("{}: {} tokens, expected at most the text encoder's {}", folder.string(),
                     tokenizer_.vocab_size(), config.vocab_size);
  }
}

int PromptTokenizer::count(std::string_view prompt) const {
  return static_cast<int>(tokenizer_.encode(prompt).size());
}

ClipTokenizer::Tokens PromptTokenizer::tokenize(std::string_view prompt) const {
  return tokenizer_.tokenize(prompt, positions_);
}

}  // namespace yent
