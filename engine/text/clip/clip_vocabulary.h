// The files of a CLIP tokenizer's folder: vocabulary, merges, special and added tokens.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/text/clip/added_tokens.h"
#include "engine/text/merge_table.h"
#include "loaders/io/json.h"

namespace yent {

struct ClipVocabulary {
  std::string path;                 // of the file that has the tokens; named in error messages
  std::vector<std::string> tokens;  // by id
  TokenIds ids;                     // of the same
  MergeTable merges;
  std::vector<AddedToken> added;  // each text once; their ids may lie behind `tokens`
  // The texts of the special tokens; they are among those added.
  std::string start = "<|startoftext|>", end = "<|endoftext|>";
  std::string unknown = "<|endoftext|>", pad = "<|endoftext|>";
};

// Reads tokenizer.json where it is, else merges.txt and vocab.json, without which the merges number
// the tokens as CLIP's do; then tokenizer_config.json, special_tokens_map.json and
// added_tokens.json where they are, as Hugging Face's transformers 5 does: with
// `added_tokens_decoder` in tokenizer_config.json the other two are not looked at. Throws file
// errors; for a tokenizer that is not CLIP's too.
ClipVocabulary read_clip_vocabulary(const std::filesystem::path& folder);

// Takes tokens, merges and added tokens from the contents of a tokenizer.json. Throws a file error
// if the tokenizer's model, normalizer or pre-tokenizer is another than CLIP's.
void read_tokenizer_json(const Json& json, ClipVocabulary& vocabulary);

// The tokens of an object of tokens and ids, which must be 0, 1, 2, ... in any order.
void read_token_ids(const Json& json, ClipVocabulary& vocabulary);

// An added token as Hugging Face writes it: its text, or an object with the text as `content`. The
// id is left out. `special` tokens are searched for in raw text unless the object says otherwise.
AddedToken read_added_token(const Json& json, bool special, const std::string& where);

}  // namespace yent
