// Tokens that are found as literal text before anything is split into words: special tokens, tokens
// that were added after the training, learned embeddings. The rules are those of Hugging Face's
// library tokenizers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace yent {

struct AddedToken {
  std::string text;
  std::vector<int32_t> ids;  // one, or as many as an embedding has vectors
  // Found in normalized text, as normalized text: "<Cat>" is "<cat>" then. Else as it is written.
  bool normalized = true;
  bool single_word = false;             // only where no word character touches it
  bool lstrip = false, rstrip = false;  // takes the white space before it, behind it
};

// Const functions may be called from several threads at once.
class AddedTokens {
 public:
  // `wanted` is what is searched for; the token is returned as it is. It takes the place of one
  // with the same text. No text may be empty.
  void add(AddedToken token, std::string wanted);

  // A part of a text: a token, or text between tokens where `token` is null.
  struct Part {
    std::string_view text;
    const AddedToken* token;
  };
  // Cuts a text at the tokens that are searched for in normalized text, or at the others. Of those
  // that match, the leftmost is found; of these, the longest. The parts live as long as the text.
  std::vector<Part> split(std::string_view text, bool normalized) const;

  // The token with this text, as it was added, or null.
  const AddedToken* find(std::string_view text) const;
  // The token that has the id, or null.
  const AddedToken* find(int32_t id) const;

 private:
  // The tokens that are searched for in one kind of text.
  struct Wanted {
    std::unordered_map<std::string, size_t> tokens;             // by their text
    std::array<std::set<size_t, std::greater<>>, 256> lengths;  // by their first byte
  };
  Part match(std::string_view text, const Wanted& wanted) const;

  struct Entry {
    AddedToken token;
    std::string wanted;
  };
  std::vector<Entry> tokens_;
  std::unordered_map<std::string, size_t> by_text_;
  std::unordered_map<int32_t, size_t> by_id_;
  Wanted raw_, normalized_;
};

}  // namespace yent
