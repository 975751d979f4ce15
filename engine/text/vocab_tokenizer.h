// The tokenizers of GGUF files: SentencePiece-BPE with byte fallback ("llama") and byte-level BPE
// ("gpt2"). Bytes that are no UTF-8 survive encoding and decoding.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/merge_table.h"
#include "engine/text/pretokenize/pre_tokenizer.h"

namespace yent {

constexpr int kNoToken = -1;

// The vocabulary of a file, unchecked.
struct Vocabulary {
  std::string path = "the vocabulary";  // named in error messages
  std::string model = "llama";          // or "gpt2"
  std::string pre = "";                 // gpt2: the pre-tokenizer's name; empty: none is named
  std::vector<std::string> tokens = {};
  std::vector<float> scores = {};        // llama: one for each token
  std::vector<int32_t> types = {};       // PieceType, one for each token; empty: all are normal
  std::vector<std::string> merges = {};  // gpt2: "left right", in order of rank
  int bos = 1, eos = 2;                  // or kNoToken
  std::vector<int> other_ends = {};      // tokens that end a generation as eos does
  // To the text of a completion.
  bool add_bos = true, add_eos = false;
  // llama: a space is added before the text; in nanollama's files only if the text does not begin
  // with one.
  bool add_space_prefix = true;
  bool nanollama = false;
};

enum PieceType : int32_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,      // stands for no text
  kUserDefined = 4,  // is found literally in every text
  kUnused = 5,
  kByte = 6,
};

struct EncodeOptions {
  bool bos = false;      // begin with the vocabulary's bos, if there is one
  bool eos = false;      // end with its eos
  bool special = false;  // the text of a control piece becomes its id; never for a person's words
};

// Const functions may be called from several threads at once.
class VocabTokenizer {
 public:
  // Throws a file error for lists that do not match, ids outside, byte pieces and merges that
  // do not parse, scores that are no numbers, pre-tokenizers that are not known.
  explicit VocabTokenizer(Vocabulary vocabulary);

  const Vocabulary& vocabulary() const { return vocabulary_; }

  // Whether the token ends a generation.
  bool ends(int32_t id) const;

  std::vector<int32_t> encode(std::string_view text, EncodeOptions options) const;

  // The bytes that a token stands for; none for control pieces. The id must be in the vocabulary.
  std::string piece(int32_t id) const;

  // The bytes of all of them, less the one space that the prefix added.
  std::string decode(std::span<const int32_t> ids) const;

  // Turns a stream of tokens into valid UTF-8, holding back a character until it is complete. One
  // thread at a time may use it; the tokenizer must outlive it.
  class StreamDecoder {
   public:
    explicit StreamDecoder(const VocabTokenizer& tokenizer) : tokenizer_(&tokenizer) {}
    std::string add(int32_t id);
    std::string finish();  // U+FFFD for a character that never completed

   private:
    const VocabTokenizer* tokenizer_;
    std::string held_;
  };
  StreamDecoder stream() const { return StreamDecoder(*this); }

 private:
  PieceType type(size_t id) const;
  const std::string* literal_at(std::string_view text, bool special) const;
  void encode_segment(std::string_view text, std::vector<int32_t>& ids) const;
  void encode_sentencepiece(std::string_view text, std::vector<int32_t>& ids) const;
  void encode_byte_level(std::string_view text, std::vector<int32_t>& ids) const;
  void encode_byte_level_word(std::string_view word, std::vector<int32_t>& ids) const;

  Vocabulary vocabulary_;
  TokenIds ids_;                         // of the pieces that text may become
  TokenIds literals_;                    // control and user-defined pieces
  std::vector<std::string> by_length_;   // the keys of literals_, longest first
  std::array<bool, 256> starts_{};       // first bytes of literals
  std::array<int32_t, 256> byte_ids_{};  // -1: none
  int32_t unknown_ = -1;
  MergeTable merges_;
  std::optional<PreTokenizer> words_;  // gpt2
};

}  // namespace yent
