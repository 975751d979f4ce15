#include "engine/text/clip_tokenizer.h"

#include <algorithm>
#include <optional>

#include "engine/text/byte_symbols.h"
#include "engine/text/unicode.h"
#include "kernels/error.h"
#include "loaders/io/json.h"
#include "loaders/io/mapped_file.h"
#include "loaders/io/utf8.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view start_text = "<|startoftext|>", end_text = "<|endoftext|>";
constexpr std::string_view word_end = "</w>";

std::vector<std::string> read_vocabulary(const fs::path& path) {
  const Json json = read_json(path);
  if (!json.is_object() || json.empty()) {
    throw file_error("{}: expected an object of tokens and ids", path.string());
  }
  std::vector<std::string> tokens(json.size());
  std::vector<bool> seen(json.size());
  for (const auto& [token, id] : json.items()) {
    const std::optional<int64_t> number = id.integer();
    if (!number || *number < 0 || *number >= static_cast<int64_t>(json.size())) {
      throw file_error("{}: the id of \"{}\" is {}, expected 0 to {}", path.string(),
                       printable(token), printable(id.dump()), json.size() - 1);
    }
    const auto index = static_cast<size_t>(*number);
    if (seen[index]) {
      throw file_error("{}: the id {} occurs twice, the second time for \"{}\"", path.string(),
                       index, printable(token));
    }
    seen[index] = true;
    tokens[index] = token;
  }
  return tokens;
}

MergeTable read_merges(const fs::path& path, const TokenIds& ids) {
  const MappedFile file(path);
  std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  if (encode_utf8(decode_utf8(text)) != text) throw file_error("{}: not UTF-8", path.string());
  MergeTable merges;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t length = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool header = number == 1 && line.starts_with("#version");
    if (!line.empty() && !header) {
      merges.add(line, ids, fmt::format("{}: line {}", path.string(), number));
    }
  }
  return merges;
}

// A token is written as its text, or as an object with the text as `content`.
std::optional<std::string> read_pad(const fs::path& path) {
  if (!fs::exists(path)) return std::nullopt;
  const Json json = read_json(path);
  const Json& pad = json["pad_token"];
  if (pad.is_null()) return std::nullopt;
  if (pad.text()) return *pad.text();
  if (pad.is_object()) return get_string(pad, "content", std::nullopt, path.string());
  throw file_error("{}: pad_token is {}, expected a string", path.string(), printable(pad.dump()));
}

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

ClipTokenizer ClipTokenizer::load(const fs::path& folder) {
  ClipTokenizer made;
  const fs::path vocabulary = folder / "vocab.json";
  made.tokens_ = read_vocabulary(vocabulary);
  for (size_t i = 0; i < made.tokens_.size(); ++i) {
    made.ids_.emplace(made.tokens_[i], static_cast<int32_t>(i));
  }
  const auto id_of = [&](std::string_view token) {
    const auto found = made.ids_.find(std::string(token));
    if (found != made.ids_.end()) return found->second;
    throw file_error("{}: {} is missing", vocabulary.string(), printable(token));
  };
  made.start_ = id_of(start_text);
  made.end_ = id_of(end_text);
  made.merges_ = read_merges(folder / "merges.txt", made.ids_);
  std::optional<std::string> pad = read_pad(folder / "tokenizer_config.json");
  if (!pad) pad = read_pad(folder / "special_tokens_map.json");
  made.pad_ = pad ? id_of(*pad) : made.end_;
  for (const int32_t id : {made.start_, made.end_, made.pad_}) {
    const std::string& text = made.tokens_[static_cast<size_t>(id)];
    made.add({.text = text, .ids = {id}, .normalized = false});
  }
  return made;
}

void ClipTokenizer::add(AddedToken token) {
  std::string wanted = token.normalized ? normalize(token.text) : token.text;
  if (wanted.empty()) throw usage_error("an added token has no text");
  added_.add(std::move(token), std::move(wanted));
}

bool ClipTokenizer::has(std::string_view token) const {
  return added_.find(token) || ids_.contains(std::string(token));
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
    symbols.push_back({i, i + 1, found == ids_.end() ? end_ : found->second});  // end is "unknown"
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
