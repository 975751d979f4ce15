#include "engine/text/clip/clip_vocabulary.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "engine/text/byte_symbols.h"
#include "kernels/error.h"
#include "loaders/io/mapped_file.h"
#include "loaders/io/utf8.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

namespace fs = std::filesystem;

namespace {

struct MergesFile {
  struct Line {
    size_t number;
    std::string text;
  };
  std::string path;
  std::vector<Line> lines;  // without empty ones and the header

  explicit MergesFile(const fs::path& from) : path(from.string()) {
    const MappedFile file(from);
    std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
    if (encode_utf8(decode_utf8(text)) != text) throw file_error("{}: not UTF-8", path);
    for (size_t number = 1; !text.empty(); ++number) {
      const size_t length = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, length);
      text.remove_prefix(std::min(length + 1, text.size()));
      if (line.ends_with('\r')) line.remove_suffix(1);
      const bool header = number == 1 && line.starts_with("#version");
      if (!line.empty() && !header) lines.push_back({number, std::string(line)});
    }
  }
};

void add_token(std::string text, ClipVocabulary& v) {
  if (v.ids.emplace(text, static_cast<int32_t>(v.tokens.size())).second) {
    v.tokens.push_back(std::move(text));
  }
}

// CLIP's tokens follow from its merges: the stand-ins of the bytes in the order of their own codes,
// printable ones first; the same as last symbols of a word; what the merges make; the special ones.
void number_tokens(const MergesFile& merges, ClipVocabulary& v) {
  std::vector<char32_t> symbols;
  for (int byte = 0; byte < 256; ++byte) symbols.push_back(byte_symbol(static_cast<uint8_t>(byte)));
  std::ranges::sort(symbols);
  for (const char* end : {"", "</w>"}) {
    for (const char32_t symbol : symbols) add_token(encode_utf8({&symbol, 1}) + end, v);
  }
  for (const auto& [number, line] : merges.lines) {
    const size_t gap = line.find(' ');
    if (gap != line.npos) add_token(line.substr(0, gap) + line.substr(gap + 1), v);
  }
  for (const char* special : {"<|startoftext|>", "<|endoftext|>"}) add_token(special, v);
}

// The object in a file; an empty one where there is no file.
Json read_object(const fs::path& path) {
  if (!fs::exists(path)) return Json::object();
  Json json = read_json(path);
  if (!json.is_object()) throw file_error("{}: expected an object", path.string());
  return json;
}

// The added tokens of a vocabulary while they are read: first those that are listed with their ids,
// then special tokens. A text has one id.
class AddedList {
 public:
  explicit AddedList(ClipVocabulary& v) : v_(v), next_id_(static_cast<int32_t>(v.tokens.size())) {
    for (AddedToken& token : std::exchange(v.added, {})) list(std::move(token), v.path);
  }

  // A token with an id. Of those with one text the first counts.
  void list(AddedToken token, const std::string& where) {
    const int32_t id = token.ids[0];
    const std::optional<int32_t> known = id_of(token.text);
    const auto index = static_cast<size_t>(id);
    const bool other_text = index < v_.tokens.size() && v_.tokens[index] != token.text;
    const auto named = text_of_.emplace(id, token.text).first;
    if (other_text || named->second != token.text || (known && *known != id)) {
      throw file_error("{}: the added token \"{}\" has the id {}, against {}", where,
                       printable(token.text), id, v_.path);
    }
    if (id >= next_id_) next_id_ = id < INT32_MAX ? id + 1 : id;
    if (by_text_.emplace(token.text, v_.added.size()).second) v_.added.push_back(std::move(token));
    listed_ = v_.added.size();
  }

  // A token without an id, which is that of its text in the vocabulary or the next one. It is
  // searched for as listed; else as the last of those with its text says.
  void put(AddedToken token) {
    token.ids = {id_of(token.text).value_or(next_id_)};
    next_id_ = std::max(next_id_, token.ids[0] < INT32_MAX ? token.ids[0] + 1 : INT32_MAX);
    const auto [place, is_new] = by_text_.emplace(token.text, v_.added.size());
    if (is_new) {
      v_.added.push_back(std::move(token));
    } else if (place->second >= listed_) {
      v_.added[place->second] = std::move(token);
    }
  }

  std::optional<int32_t> id_of(const std::string& text) const {
    const auto before = by_text_.find(text);
    if (before != by_text_.end()) return v_.added[before->second].ids[0];
    const auto known = v_.ids.find(text);
    return known == v_.ids.end() ? std::nullopt : std::optional(known->second);
  }

 private:
  ClipVocabulary& v_;
  int32_t next_id_;
  size_t listed_ = 0;                                 // of v_.added
  std::unordered_map<std::string, size_t> by_text_;   // where in v_.added
  std::unordered_map<int32_t, std::string> text_of_;  // by id, of those listed
};

// The members of added_tokens_decoder: "49408": {"content": ...}.
void read_decoder(const Json& decoder, const std::string& where, AddedList& tokens) {
  for (const auto& [key, value] : decoder.items()) {
    int32_t id = -1;
    const auto parsed = std::from_chars(key.data(), key.data() + key.size(), id);
    if (parsed.ec != std::errc() || parsed.ptr != key.data() + key.size() || id < 0) {
      throw file_error("{}: added_tokens_decoder has the id \"{}\"", where, printable(key));
    }
    AddedToken token = read_added_token(value, false, where);
    token.ids = {id};
    if (!token.text.empty()) tokens.list(std::move(token), where);
  }
}

// The special tokens by key. Those that the files do not name are plain texts.
struct SpecialTokens {
  std::vector<std::pair<std::string*, AddedToken>>
      named;  // and where the vocabulary has their text
  std::vector<AddedToken> extra;
  std::unordered_set<std::string> texts;  // that make a token of added_tokens.json special
};

// special_tokens_map.json goes before tokenizer_config.json.
SpecialTokens read_special(const fs::path& folder, const Json& config, const Json& map,
                           ClipVocabulary& v) {
  SpecialTokens out;
  const auto find = [&](const char* key) {
    const bool mapped = !map[key].is_null();
    const fs::path file = folder / (mapped ? "special_tokens_map.json" : "tokenizer_config.json");
    return std::pair(mapped ? &map[key] : &config[key], fmt::format("{}: {}", file.string(), key));
  };
  for (const auto& [key, text] :
       {std::pair("bos_token", &v.start), std::pair("eos_token", &v.end),
        std::pair("unk_token", &v.unknown), std::pair("pad_token", &v.pad)}) {
    const auto found = find(key);
    AddedToken token{.text = *text, .ids = {}, .normalized = false};
    if (!found.first->is_null()) {
      token = read_added_token(*found.first, true, found.second);
      out.texts.insert(token.text);
    }
    out.named.emplace_back(text, std::move(token));
  }
  for (const char* key : {"extra_special_tokens", "additional_special_tokens"}) {
    const auto found = find(key);
    // transformers renames the older key in its config, but not in the other file.
    const bool counts =
        found.first == &config[key] || std::string_view(key) == "extra_special_tokens";
    for (const Json& item : *found.first) {
      AddedToken token = read_added_token(item, true, found.second);
      if (token.text.empty()) continue;
      if (counts) out.texts.insert(token.text);
      out.extra.push_back(std::move(token));
    }
  }
  return out;
}

// The members of added_tokens.json: "<cat>": 49408.
void read_added(const fs::path& path, const SpecialTokens& special, AddedList& tokens) {
  const Json added = read_object(path);
  for (const auto& [text, id] : added.items()) {
    const std::optional<int64_t> number = id.integer();
    if (!number || *number < 0 || *number > INT32_MAX) {
      throw file_error("{}: the id of \"{}\" is {}", path.string(), printable(text),
                       printable(id.dump()));
    }
    if (text.empty()) continue;
    tokens.list({.text = text,
                 .ids = {static_cast<int32_t>(*number)},
                 .normalized = !special.texts.contains(text)},
                path.string());
  }
}

}  // namespace

ClipVocabulary read_clip_vocabulary(const fs::path& folder) {
  ClipVocabulary v;
  const fs::path whole = folder / "tokenizer.json";
  if (fs::exists(whole)) {
    v.path = whole.string();
    read_tokenizer_json(read_json(whole), v);
  } else {
    const fs::path vocabulary = folder / "vocab.json", merges = folder / "merges.txt";
    if (!fs::exists(vocabulary) && !fs::exists(merges)) {
      throw file_error("{}: there is no tokenizer.json, vocab.json or merges.txt", folder.string());
    }
    const bool numbered = fs::exists(vocabulary);
    v.path = (numbered ? vocabulary : merges).string();
    if (numbered) read_token_ids(read_json(v.path), v);
    const MergesFile file(merges);
    if (!numbered) number_tokens(file, v);
    for (const auto& [number, line] : file.lines) {
      v.merges.add(line, v.ids, fmt::format("{}: line {}", file.path, number));
    }
  }
  const fs::path config_path = folder / "tokenizer_config.json";
  const Json config = read_object(config_path);
  const Json& decoder = config["added_tokens_decoder"];
  if (decoder.is_object()) v.added.clear();
  const Json map =
      decoder.is_object() ? Json::object() : read_object(folder / "special_tokens_map.json");
  const SpecialTokens special = read_special(folder, config, map, v);
  AddedList tokens(v);
  if (decoder.is_object()) {
    read_decoder(decoder, config_path.string(), tokens);
  } else {
    read_added(folder / "added_tokens.json", special, tokens);
  }
  for (const auto& [text, token] : special.named) {
    // Text needs the others; a padding token may be one that the encoder has and the files lack.
    if (token.text.empty() || (text != &v.pad && !tokens.id_of(token.text))) {
      throw file_error("{}: {} is missing", v.path, printable(token.text));
    }
    *text = token.text;
    tokens.put(token);
  }
  for (const AddedToken& token : special.extra) tokens.put(token);
  return v;
}

}  // namespace yent
