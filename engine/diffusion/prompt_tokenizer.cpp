#include "engine/diffusion/prompt_tokenizer.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "engine/text/unicode.h"
#include "kernels/error.h"
#include "loaders/io/utf8.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

std::filesystem::path folder_for(const DiffusionCheckpoint& files,
                                 const TokenizerFolders& folders) {
  if (!folders.instead.empty()) return folders.instead;
  if (const auto own = files.tokenizer_dir()) return *own;
  return folders.fallback ? folders.fallback() : std::filesystem::path();
}

// How a word is compared with others: in NFC and small letters. Empty for white space alone.
std::string searched(const std::string& word) {
  const std::u32string text = to_lower(to_nfc(decode_utf8(word)));
  return std::all_of(text.begin(), text.end(), is_space) ? "" : encode_utf8(text);
}

}  // namespace

ClipConfig read_clip_config(const DiffusionCheckpoint& files) {
  const PartConfig config = files.text_config();
  return ClipConfig::from_json(config.json, config.where);
}

PromptTokenizer::PromptTokenizer(const DiffusionCheckpoint& files, const TokenizerFolders& folders,
                                 std::span<const TextualInversion> embeddings)
    : PromptTokenizer{folder_for(files, folders), read_clip_config(files), embeddings} {
  const auto pad = files.pad_token();
  if (pad && folders.instead.empty()) tokenizer_.pad_with(*pad);
}

PromptTokenizer::PromptTokenizer(const std::filesystem::path& folder, const ClipConfig& config,
                                 std::span<const TextualInversion> embeddings)
    : tokenizer_(ClipTokenizer::load(folder)), positions_(config.max_position_embeddings) {
  if (tokenizer_.vocab_size() > config.vocab_size) {
    throw file_error("{}: {} tokens, expected at most the text encoder's {}", folder.string(),
                     tokenizer_.vocab_size(), config.vocab_size);
  }
  add_words(config, embeddings);
}

void PromptTokenizer::add_words(const ClipConfig& config,
                                std::span<const TextualInversion> embeddings) {
  int32_t next = config.vocab_size;
  std::map<std::string, const TextualInversion*> owners;  // by the word as prompts are searched
  std::vector<std::pair<std::string, Learned>> others;
  const auto add = [&](const std::string& word, const Learned& learned) {
    const bool touches = is_word(decode_utf8(word).front()) || is_word(decode_utf8(word).back());
    std::vector<int32_t> ids(static_cast<size_t>(learned.count));
    std::iota(ids.begin(), ids.end(), learned.first);
    tokenizer_.add({.text = word, .ids = std::move(ids), .single_word = touches});
  };
  for (const TextualInversion& e : embeddings) {
    if (e.width != config.hidden_size) {
      throw file_error("{}: vectors of {}, expected the text encoder's {}", e.path, e.width,
                       config.hidden_size);
    }
    if (e.vectors > capacity()) {
      throw file_error("{}: {} vectors, expected at most {}", e.path, e.vectors, capacity());
    }
    const std::string key = searched(e.word);
    if (key.empty()) throw file_error("{}: the word of the embedding is empty", e.path);
    const auto [owner, fresh] = owners.emplace(key, &e);
    if (!fresh) {
      throw file_error("{}: the word {} is already that of {}", e.path, printable(e.word),
                       owner->second->path);
    }
    learned_.push_back({e.word, next, e.vectors});
    add(e.word, learned_.back());
    next += e.vectors;
    if (!searched(e.other_word).empty()) others.emplace_back(e.other_word, learned_.back());
  }
  for (const auto& [word, learned] : others) {
    if (owners.emplace(searched(word), nullptr).second) add(word, learned);
  }
}

// How many ids beginning with this one belong together.
size_t PromptTokenizer::together(int32_t id) const {
  const auto word = std::find_if(learned_.begin(), learned_.end(),
                                 [&](const Learned& l) { return l.first == id; });
  return word == learned_.end() ? 1 : static_cast<size_t>(word->count);
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
    const std::vector<int32_t> ids = tokenizer_.encode(piece.text);
    for (size_t i = 0, count = 1; i < ids.size(); i += count) {
      count = together(ids[i]);
      builder.add(ids[i], count, static_cast<float>(piece.weight));
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
