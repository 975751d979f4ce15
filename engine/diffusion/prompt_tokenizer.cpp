#include "engine/diffusion/prompt_tokenizer.h"

#include "kernels/error.h"

namespace yent {

ClipConfig read_clip_config(const DiffusionCheckpoint& files) {
  const PartConfig config = files.text_config();
  return ClipConfig::from_json(config.json, config.where);
}

PromptTokenizer::PromptTokenizer(const DiffusionCheckpoint& files, const TokenizerFolders& folders)
    : tokenizer_([&] {
        const auto folder = folders.instead.empty()
                                ? files.tokenizer_dir().value_or(folders.fallback)
                                : folders.instead;
        ClipTokenizer tokenizer = ClipTokenizer::load(folder);
        const int rows = read_clip_config(files).vocab_size;
        if (tokenizer.vocab_size() > rows) {
          throw file_error("{}: {} tokens, expected at most the text encoder's {}", folder.string(),
                           tokenizer.vocab_size(), rows);
        }
        return tokenizer;
      }()),
      positions_(read_clip_config(files).max_position_embeddings) {}

int PromptTokenizer::count(std::string_view prompt) const {
  return static_cast<int>(tokenizer_.encode(prompt).size());
}

ClipTokenizer::Tokens PromptTokenizer::tokenize(std::string_view prompt) const {
  return tokenizer_.tokenize(prompt, positions_);
}

}  // namespace yent
