// CLIP's tokenizer: lower-cased words as byte-level BPE whose last symbol carries "</w>".
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/clip/added_tokens.h"
#include "engine/text/merge_table.h"

namespace yent {

// Equal to Hugging Face's (fast) CLIPTokenizer. Text that is not UTF-8 is read with U+FFFD for
// every bad byte. Const functions may be called from several threads at once.
class ClipTokenizer {
 public:
  // Reads the files of a tokenizer's folder, see clip_vocabulary.h. Throws file errors.
  static ClipTokenizer load(const std::filesystem::path& folder);

  // From now on the text of the token becomes its ids. Tokens of the same text are replaced. The
  // ids may lie behind the vocabulary. Throws a usage error for an empty text.
  void add(AddedToken token);
  // Fills up with this token of the vocabulary, whose text becomes its id from now on. Throws a
  // usage error when there is none.
  void pad_with(const std::string& token);
  // Whether a word of a prompt may become this token alone: added, or of the vocabulary.
  bool has(std::string_view token) const;

  // Ids without start and end, without a limit. The literal text of an added token becomes its ids;
  // start, end and padding are such tokens.
  std::vector<int32_t> encode(std::string_view text) const;

  struct Tokens {
    std::vector<int32_t> ids;  // start, text, end, padding: exactly `length`
    std::string lost;          // the text that did not fit; empty when all did
  };
  Tokens tokenize(std::string_view text, int length = 77) const;

  // The id of a token of the vocabulary.
  std::optional<int32_t> find(std::string_view token) const;

  // One more than the largest id, those of the files' added tokens included.
  int64_t vocab_size() const { return vocab_size_; }
  int32_t start() const { return start_; }
  int32_t end() const { return end_; }
  int32_t pad() const { return pad_; }

 private:
  void encode_raw(std::string_view text, std::vector<int32_t>& ids) const;
  void encode_normalized(std::string_view text, std::vector<int32_t>& ids) const;
  void encode_word(std::string_view word, std::vector<int32_t>& ids) const;
  std::string decode(const int32_t* ids, size_t count) const;

  std::vector<std::string> tokens_;  // by id
  TokenIds ids_;
  MergeTable merges_;
  AddedTokens added_;
  int64_t vocab_size_ = 0;
  int32_t start_ = 0, end_ = 0, unknown_ = 0, pad_ = 0;
};

}  // namespace yent
