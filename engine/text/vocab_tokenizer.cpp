#include "engine/text/vocab_tokenizer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "engine/text/byte_symbols.h"
#include "engine/text/characters.h"
#include "kernels/error.h"
#include "loaders/io/utf8.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

namespace {

constexpr std::string_view space_mark = "\xE2\x96\x81";  // U+2581 stands for a space in pieces

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  while (true) {
    const size_t at = text.find(from);
    out += text.substr(0, at);
    if (at == std::string_view::npos) return out;
    out += to;
    text.remove_prefix(at + from.size());
  }
}

// The byte that a piece like <0xAB> stands for.
std::optional<uint8_t> byte_of(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>') return std::nullopt;
  uint8_t byte = 0;
  const auto parsed = std::from_chars(piece.data() + 3, piece.data() + 5, byte, 16);
  if (parsed.ec != std::errc() || parsed.ptr != piece.data() + 5) return std::nullopt;
  return byte;
}

void check(const Vocabulary& v) {
  const size_t count = v.tokens.size();
  if (v.model != "llama" && v.model != "gpt2") {
    throw file_error("{}: the tokenizer is {}, expected llama or gpt2", v.path, printable(v.model));
  }
  if (count == 0) throw file_error("{}: there are no tokens", v.path);
  if (v.model == "llama" && v.scores.size() != count) {
    throw file_error("{}: {} scores, expected one for each of the {} tokens", v.path,
                     v.scores.size(), count);
  }
  if (!v.types.empty() && v.types.size() != count) {
    throw file_error("{}: {} token types, expected one for each of the {} tokens", v.path,
                     v.types.size(), count);
  }
  for (const auto& [name, id] : {std::pair("bos", v.bos), std::pair("eos", v.eos)}) {
    if (id != kNoToken && (id < 0 || static_cast<size_t>(id) >= count)) {
      throw file_error("{}: {} is {}, expected an id of the {} tokens", v.path, name, id, count);
    }
  }
  for (size_t i = 0; i < v.scores.size(); ++i) {
    if (std::isnan(v.scores[i])) {
      throw file_error("{}: the score of \"{}\" is not a number", v.path, printable(v.tokens[i]));
    }
  }
}

}  // namespace

VocabTokenizer::VocabTokenizer(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {
  check(vocabulary_);
  byte_ids_.fill(-1);
  TokenIds all;  // merges may name any token
  for (size_t i = 0; i < vocabulary_.tokens.size(); ++i) {
    const std::string& token = vocabulary_.tokens[i];
    const auto id = static_cast<int32_t>(i);
    all.emplace(token, id);
    switch (type(i)) {
      case kByte:
        if (const auto byte = byte_of(token)) {
          if (byte_ids_[*byte] < 0) byte_ids_[*byte] = id;
          break;
        }
        throw file_error("{}: the byte piece \"{}\" is not of the form <0xAB>", vocabulary_.path,
                         printable(token));
      case kControl:
      case kUserDefined:
        if (!token.empty()) literals_.emplace(token, id);
        break;
      case kUnknown:
        if (unknown_ < 0) unknown_ = id;
        break;
      case kUnused:
        break;
      default:
        ids_.emplace(token, id);
    }
  }
  for (const auto& [text, id] : literals_) {
    by_length_.push_back(text);
    starts_[static_cast<uint8_t>(text[0])] = true;
  }
  std::sort(by_length_.begin(), by_length_.end(), [](const std::string& a, const std::string& b) {
    return std::pair(b.size(), std::string_view(a)) < std::pair(a.size(), std::string_view(b));
  });
  if (vocabulary_.model == "gpt2") words_ = PreTokenizer::named(vocabulary_.pre, vocabulary_.path);
  for (const std::string& merge : vocabulary_.merges) merges_.add(merge, all, vocabulary_.path);
}

PieceType VocabTokenizer::type(size_t id) const {
  return vocabulary_.types.empty() ? kNormal : static_cast<PieceType>(vocabulary_.types[id]);
}

bool VocabTokenizer::ends(int32_t id) const {
  const auto& others = vocabulary_.other_ends;
  return id == vocabulary_.eos || std::find(others.begin(), others.end(), id) != others.end();
}

// The longest literal piece that the text begins with, or null.
const std::string* VocabTokenizer::literal_at(std::string_view text, bool special) const {
  if (!starts_[static_cast<uint8_t>(text[0])]) return nullptr;
  for (const std::string& literal : by_length_) {
    const auto id = static_cast<size_t>(literals_.at(literal));
    if ((special || type(id) == kUserDefined) && text.starts_with(literal)) return &literal;
  }
  return nullptr;
}

std::vector<int32_t> VocabTokenizer::encode(std::string_view text, EncodeOptions options) const {
  std::vector<int32_t> ids;
  if (options.bos && vocabulary_.bos != kNoToken) ids.push_back(vocabulary_.bos);
  size_t begin = 0;
  for (size_t i = 0; i < text.size();) {
    const std::string* literal = literal_at(text.substr(i), options.special);
    if (!literal) {
      ++i;
      continue;
    }
    encode_segment(text.substr(begin, i - begin), ids);
    ids.push_back(literals_.at(*literal));
    begin = i += literal->size();
  }
  encode_segment(text.substr(begin), ids);
  if (options.eos && vocabulary_.eos != kNoToken) ids.push_back(vocabulary_.eos);
  return ids;
}

void VocabTokenizer::encode_segment(std::string_view text, std::vector<int32_t>& ids) const {
  if (text.empty()) return;
  if (vocabulary_.model == "gpt2") return encode_byte_level(text, ids);
  const bool prefix =
      vocabulary_.add_space_prefix && !(vocabulary_.nanollama && text.starts_with(' '));
  encode_sentencepiece(replace_all((prefix ? " " : "") + std::string(text), " ", space_mark), ids);
}

// The pair whose concatenation is the piece of the highest score is joined first.
void VocabTokenizer::encode_sentencepiece(std::string_view text, std::vector<int32_t>& ids) const {
  const auto find = [&](size_t begin, size_t end) {
    const auto found = ids_.find(std::string(text.substr(begin, end - begin)));
    return found == ids_.end() ? -1 : found->second;
  };
  std::vector<Symbol> symbols;
  for (const Character& c : characters(text)) {
    symbols.push_back({c.begin, c.end, find(c.begin, c.end)});
  }
  symbols = join_symbols(
      std::move(symbols), [&](const Symbol& left, const Symbol& right) -> std::optional<Join> {
        const int32_t id = find(left.begin, right.end);
        if (id < 0) return std::nullopt;
        return Join{-static_cast<double>(vocabulary_.scores[static_cast<size_t>(id)]), id};
      });
  for (const Symbol& s : symbols) {
    if (s.id >= 0) {
      ids.push_back(s.id);
      continue;
    }
    for (const char c : text.substr(s.begin, s.end - s.begin)) {
      const int32_t byte = byte_ids_[static_cast<uint8_t>(c)];
      if (byte >= 0 || unknown_ >= 0) ids.push_back(byte >= 0 ? byte : unknown_);
    }
  }
}

void VocabTokenizer::encode_byte_level(std::string_view text, std::vector<int32_t>& ids) const {
  const std::vector<Character> all = characters(text);
  size_t first = 0;
  for (const size_t length : words_->split(all)) {
    const size_t begin = all[first].begin, end = all[first + length - 1].end;
    encode_byte_level_word(text.substr(begin, end - begin), ids);
    first += length;
  }
}

void VocabTokenizer::encode_byte_level_word(std::string_view word,
                                            std::vector<int32_t>& ids) const {
  if (words_->ignores_merges()) {
    const auto whole = ids_.find(to_byte_symbols(word));
    if (whole != ids_.end()) return ids.push_back(whole->second);
  }
  std::vector<Symbol> symbols;
  for (size_t i = 0; i < word.size(); ++i) {
    const auto found = ids_.find(to_byte_symbols(word.substr(i, 1)));
    const int32_t id = found == ids_.end() ? unknown_ : found->second;
    if (id >= 0) symbols.push_back({i, i + 1, id});
  }
  const auto find = [&](const Symbol& a, const Symbol& b) { return merges_.find(a.id, b.id); };
  for (const Symbol& s : join_symbols(std::move(symbols), find)) ids.push_back(s.id);
}

std::string VocabTokenizer::piece(int32_t id) const {
  const auto index = static_cast<size_t>(id);
  ENSURE(id >= 0 && index < vocabulary_.tokens.size(), "token {} is not in the vocabulary", id);
  const std::string& text = vocabulary_.tokens[index];
  switch (type(index)) {
    case kControl:
      return "";
    case kByte:
      return std::string(1, static_cast<char>(*byte_of(text)));
    case kUserDefined:
      return text;
    default:
      return vocabulary_.model == "gpt2" ? from_byte_symbols(text)
                                         : replace_all(text, space_mark, " ");
  }
}

std::string VocabTokenizer::decode(std::span<const int32_t> ids) const {
  std::string text;
  for (const int32_t id : ids) text += piece(id);
  const bool prefixed = vocabulary_.model == "llama" && vocabulary_.add_space_prefix;
  if (prefixed && text.starts_with(' ')) text.erase(0, 1);
  return text;
}

std::string VocabTokenizer::StreamDecoder::add(int32_t id) {
  held_ += tokenizer_->piece(id);
  const size_t complete = held_.size() - incomplete_tail(held_);
  const std::string out = encode_utf8(decode_utf8(held_.substr(0, complete)));
  held_.erase(0, complete);
  return out;
}

std::string VocabTokenizer::StreamDecoder::finish() {
  return encode_utf8(decode_utf8(std::exchange(held_, "")));
}

}  // namespace yent
