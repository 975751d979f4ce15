#include "engine/text/clip_tokenizer.h"

#include <algorithm>
#include <utility>

#include "engine/text/byte_symbols.h"
#include "engine/text/clip/clip_vocabulary.h"
#include "engine/text/unicode.h"
#include "kernels/error.h"
#include "loaders/io/utf8.h"

namespace yent {

namespace {

constexpr std::string_view word_end = "</w>";

// NFC, one space for each run of white space, lower case.
std::string normalize(std::string_view text) {
  std::u32string out;
  for (const char32_t c : to_nfc(decode_utf8(text))) {
    if (!is_space(c)) {
      out += c;
    } else if (out.empty() || out.back() != ' ') {
      out += ' ';
    }
  }
  return encode_utf8(to_lower(out));
}

// The length of the next word in characters: a contraction, a run of letters, one digit, or a
// run of other characters without spaces.
size_t word_length(std::u32string_view text) {
  for (const std::u32string_view ending : {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"}) {
    if (text.starts_with(ending)) return ending.size();
  }
  if (is_number(text[0])) return 1;
  const auto other = [](char32_t c) { return !is_space(c) && !is_letter(c) && !is_number(c); };
  const bool letters = is_letter(text[0]);
  const auto end = std::find_if_not(text.begin(), text.end(),
                                    [&](char32_t c) { return letters ? is_letter(c) : other(c); });
  return static_cast<size_t>(end - text.begin());
}

// A special text reaches this point only if lower-casing made it one. It is ordinary text then, but
// no word extends past its end: "<|ENDOFTEXT|>!" is "<|", "endoftext", "|>", "!".
size_t special_length(std::u32string_view text) {
  for (const std::u32string_view special : {U"<|startoftext|>", U"<|endoftext|>"}) {
    if (text.starts_with(special)) return special.size();
  }
  return 0;
}

}  // namespace

ClipTokenizer ClipTokenizer::load(const std::filesystem::path& folder) {
  ClipVocabulary v = read_clip_vocabulary(folder);
  ClipTokenizer made;
  made.vocab_size_ = static_cast<int64_t>(v.tokens.size());
  for (AddedToken& token : v.added) {
    made.vocab_size_ = std::max<int64_t>(made.vocab_size_, int64_t{token.ids[0]} + 1);
    made.add(std::move(token));
  }
  const auto id_of = [&](const std::string& text) { return made.added_.find(text)->ids[0]; };
  made.start_ = id_of(v.start);
  made.end_ = id_of(v.end);
  made.unknown_ = id_of(v.unknown);
  made.pad_ = id_of(v.pad);
  made.tokens_ = std::move(v.tokens);
  made.ids_ = std::move(v.ids);
  made.merges_ = std::move(v.merges);
  return made;
}

void ClipTokenizer::add(AddedToken token) {
  std::string wanted = token.normalized ? normalize(token.text) : token.text;
  if (wanted.empty()) throw usage_error("an added token has no text");
  added_.add(std::move(token), std::move(wanted));
}

void ClipTokenizer::pad_with(const std::string& token) {
  const auto found = ids_.find(token);
  if (found == ids_.end()) throw usage_error("the vocabulary has no {} to fill up with", token);
  pad_ = found->second;
  add({.text = token, .ids = {pad_}, .normalized = false});
}

bool ClipTokenizer::has(std::string_view token) const {
  return added_.find(token) || ids_.contains(std::string(token));
}

std::optional<int32_t> ClipTokenizer::find(std::string_view token) const {
  const auto found = ids_.find(std::string(token));
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::vector<int32_t> ClipTokenizer::encode(std::string_view text) const {
  std::vector<int32_t> ids;
  for (const auto& part : added_.split(text, false)) {
    if (part.token) {
      ids.insert(ids.end(), part.token->ids.begin(), part.token->ids.end());
    } else {
      encode_raw(part.text, ids);
    }
  }
  return ids;
}

void ClipTokenizer::encode_raw(std::string_view text, std::vector<int32_t>& ids) const {
  const std::string clean = normalize(text);
  for (const auto& part : added_.split(clean, true)) {
    if (part.token) {
      ids.insert(ids.end(), part.token->ids.begin(), part.token->ids.end());
    } else {
      encode_normalized(part.text, ids);
    }
  }
}

void ClipTokenizer::encode_normalized(std::string_view text, std::vector<int32_t>& ids) const {
  const std::u32string characters = decode_utf8(text);
  const std::u32string_view view = characters;
  size_t special_end = 0;
  for (size_t i = 0; i < view.size();) {
    if (is_space(view[i])) {
      ++i;
      continue;
    }
    if (i >= special_end) special_end = i + special_length(view.substr(i));
    const size_t limit = special_end > i ? special_end - i : view.size();
    const size_t length = word_length(view.substr(i, limit));
    encode_word(encode_utf8(view.substr(i, length)), ids);
    i += length;
  }
}

void ClipTokenizer::encode_word(std::string_view word, std::vector<int32_t>& ids) const {
  std::vector<Symbol> symbols;
  for (size_t i = 0; i < word.size(); ++i) {
    std::string symbol = to_byte_symbols(word.substr(i, 1));
    if (i + 1 == word.size()) symbol += word_end;
    const auto found = ids_.find(symbol);
    symbols.push_back({i, i + 1, found == ids_.end() ? unknown_ : found->second});
  }
  const auto find = [&](const Symbol& a, const Symbol& b) { return merges_.find(a.id, b.id); };
  for (const Symbol& s : join_symbols(std::move(symbols), find)) ids.push_back(s.id);
}

ClipTokenizer::Tokens ClipTokenizer::tokenize(std::string_view text, int length) const {
  ENSURE(length >= 2, "{} tokens do not hold start and end", length);
  Tokens tokens;
  const std::vector<int32_t> all = encode(text);
  const size_t kept = std::min(all.size(), static_cast<size_t>(length) - 2);
  tokens.ids.push_back(start_);
  tokens.ids.insert(tokens.ids.end(), all.begin(), all.begin() + static_cast<ptrdiff_t>(kept));
  tokens.ids.push_back(end_);
  tokens.ids.resize(static_cast<size_t>(length), pad_);
  tokens.lost = decode(all.data() + kept, all.size() - kept);
  return tokens;
}

std::string ClipTokenizer::decode(const int32_t* ids, size_t count) const {
  std::string text;
  const AddedToken* last = nullptr;
  for (size_t i = 0; i < count; ++i) {
    const AddedToken* added = added_.find(ids[i]);
    if (added) {  // named once for all its ids
      if (added != last || ids[i] == added->ids.front()) text += added->text + ' ';
      last = added;
      continue;
    }
    last = nullptr;
    std::string_view token = tokens_[static_cast<size_t>(ids[i])];
    const bool ends = token.ends_with(word_end);
    if (ends) token.remove_suffix(word_end.size());
    text += from_byte_symbols(token);
    if (ends) text += ' ';
  }
  if (text.ends_with(' ')) text.pop_back();
  return encode_utf8(decode_utf8(text));  // the cut may have gone through a character
}

}  // namespace yent
