#include "engine/diffusion/prompt_tokenizer.h"

#include "kernels/error.h"

namespace yent {
namespace {

std::filesystem::path folder_for(const DiffusionCheckpoint& files,
                                 const TokenizerFolders& folders) {
  if (!folders.instead.empty()) return folders.instead;
  if (const auto own = files.tokenizer_dir()) return *own;
  return folders.fallback ? folders.fallback() : std::filesystem::path();
}

}  // namespace

ClipConfig read_clip_config(const DiffusionCheckpoint& files) {
  const PartConfig config = files.text_config();
  return ClipConfig::from_json(config.json, config.where);
}

PromptTokenizer::PromptTokenizer(const DiffusionCheckpoint& files, const TokenizerFolders& folders)
    : PromptTokenizer(read_clip_config(files), folder_for(files, folders)) {
  const auto pad = files.pad_token();
  if (pad && folders.instead.empty()) tokenizer_.pad_with(*pad);
}

PromptTokenizer::PromptTokenizer(const ClipConfig& config, const std::filesystem::path& folder)
    : tokenizer_(ClipTokenizer::load(folder)), positions_(config.max_position_embeddings) {
  if (tokenizer_.vocab_size() > config.vocab_size) {
    throw file_error("{}: {} tokens, expected at most the text encoder's {}", folder.string(),
                     tokenizer_.vocab_size(), config.vocab_size);
  }
}

int PromptTokenizer::count(const Prompt& prompt) const {
  if (prompt.grammar == Grammar::a1111) return tokenize(prompt).used;
  return static_cast<int>(tokenizer_.encode(prompt.text).size());
}

// Start, the chunk, end, padding; only the chunk's own positions are weighted.
PromptChunk PromptTokenizer::row_of(const PromptChunk& chunk) const {
  const auto length = static_cast<size_t>(positions_);
  PromptChunk row{{tokenizer_.start()}, {1}};
  row.ids.insert(row.ids.end(), chunk.ids.begin(), chunk.ids.end());
  row.ids.push_back(tokenizer_.end());
  row.ids.resize(length, tokenizer_.pad());
  row.weights.insert(row.weights.end(), chunk.weights.begin(), chunk.weights.end());
  row.weights.resize(length, 1);
  return row;
}

TokenizedPrompt PromptTokenizer::tokenize(const Prompt& prompt) const {
  if (prompt.grammar == Grammar::literal) {
    ClipTokenizer::Tokens tokens = tokenizer_.tokenize(prompt.text, positions_);
    std::vector<float> weights(tokens.ids.size(), 1);
    return {.rows = {{std::move(tokens.ids), std::move(weights)}}, .lost = std::move(tokens.lost)};
  }
  ParsedPrompt parsed = parse_prompt(prompt);
  ChunkBuilder builder(static_cast<size_t>(capacity()), tokenizer_.find(",</w>"));
  for (const WeightedText& piece : parsed.pieces) {
    if (piece.breaks) builder.end_chunk();
    for (const int32_t id : tokenizer_.encode(piece.text)) {
      builder.add(id, static_cast<float>(piece.weight));
    }
  }
  TokenizedPrompt made{.loras = std::move(parsed.loras)};
  const std::vector<PromptChunk> chunks = builder.finish();
  for (const PromptChunk& chunk : chunks) made.rows.push_back(row_of(chunk));
  made.used =
      static_cast<int>(chunks.size() - 1) * capacity() + static_cast<int>(chunks.back().ids.size());
  return made;
}

}  // namespace yent
