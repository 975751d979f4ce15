#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/clip/clip_vocabulary.h"
#include "kernels/error.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

namespace {

// The parts of CLIP's tokenizer.json that change ids. The first versions did not name the special
// tokens in the pattern; transformers reads both as one.
constexpr std::string_view clip_normalizer = R"({"type": "Sequence", "normalizers": [
    {"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "},
    {"type": "Lowercase"}]})";
constexpr std::string_view clip_words =
    R"('s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+)";
constexpr std::string_view clip_specials = R"(<\\|startoftext\\|>|<\\|endoftext\\|>|)";

Json clip_pre_tokenizer(std::string_view specials) {
  const std::string pattern = std::string(specials) + std::string(clip_words);
  return parse_json(
      R"({"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": ")" +
          pattern + R"("}, "behavior": "Removed", "invert": true},
          {"type": "ByteLevel", "add_prefix_space": false}]})",
      "CLIP's pre-tokenizer");
}

// Whether `found` has all that `expected` has; it may have members that do not change ids.
bool includes(const Json& found, const Json& expected) {
  if (expected.is_object()) {
    return found.is_object() && std::all_of(expected.items().begin(), expected.items().end(),
                                            [&](const Json::Member& member) {
                                              return includes(found[member.key], member.value);
                                            });
  }
  if (expected.is_array()) {
    return found.is_array() &&
           std::equal(found.begin(), found.end(), expected.begin(), expected.end(), includes);
  }
  return found == expected;
}

// "Sequence of NFC, Lowercase" for a message.
std::string kind(const Json& part) {
  const std::string* type = part["type"].text();
  if (!type) return part.is_null() ? "missing" : "without a type";
  std::string out = *type, separator = " of ";
  for (const char* list : {"normalizers", "pretokenizers"}) {
    for (const Json& inner : part[list]) {
      out += separator + kind(inner);
      separator = ", ";
    }
  }
  return out.substr(0, 200);
}

void check_is_clip(const Json& json, const std::string& where) {
  const Json& model = json["model"];
  // Early files of BPE models do not say that they are one.
  const bool bpe = model.is_object() && (model["type"].is_null() || model["type"] == Json("BPE"));
  if (!bpe) {
    throw file_error("{}: the model is {}, expected CLIP's BPE", where, printable(kind(model)));
  }
  if (model["end_of_word_suffix"] != Json("</w>")) {
    throw file_error("{}: this is not CLIP's tokenizer: the end_of_word_suffix is {}, not </w>",
                     where, printable(model["end_of_word_suffix"].dump().substr(0, 100)));
  }
  for (const char* key :
       {"dropout", "continuing_subword_prefix", "fuse_unk", "byte_fallback", "ignore_merges"}) {
    const Json& value = model[key];
    const bool off =
        value.is_null() || value == Json(false) || value == Json("") || value == Json(0);
    if (!off) {
      throw file_error("{}: this is not CLIP's tokenizer: {} is {}", where, key,
                       printable(value.dump().substr(0, 100)));
    }
  }
  if (!includes(json["normalizer"], parse_json(clip_normalizer, "CLIP's normalizer"))) {
    throw file_error("{}: the normalizer is {}, and not CLIP's", where,
                     printable(kind(json["normalizer"])));
  }
  const Json& words = json["pre_tokenizer"];
  if (!includes(words, clip_pre_tokenizer("")) &&
      !includes(words, clip_pre_tokenizer(clip_specials))) {
    throw file_error("{}: the pre_tokenizer is {}, and does not split text as CLIP's does", where,
                     printable(kind(words)));
  }
}

// "a b" or, in newer files, ["a", "b"].
void read_merges(const Json& merges, ClipVocabulary& v) {
  if (!merges.is_array()) {
    throw file_error("{}: the merges are of type {}, expected an array", v.path,
                     merges.type_name());
  }
  for (const Json& merge : merges) {
    if (merge.text()) {
      v.merges.add(*merge.text(), v.ids, v.path);
    } else if (merge.size() == 2 && merge.is_array() && merge[0].text() && merge[1].text()) {
      v.merges.add(*merge[0].text(), *merge[1].text(), v.ids, v.path);
    } else {
      throw file_error("{}: the merge {} is not two symbols", v.path,
                       printable(merge.dump().substr(0, 100)));
    }
  }
}

}  // namespace

AddedToken read_added_token(const Json& json, bool special, const std::string& where) {
  if (json.text()) return {.text = *json.text(), .ids = {}, .normalized = !special};
  if (!json.is_object()) {
    throw file_error("{}: the token is {}, expected a string", where,
                     printable(json.dump().substr(0, 100)));
  }
  const auto flag = [&](const char* key, bool fallback) {
    return get_bool(json, key, fallback, where);
  };
  special = special || flag("special", false);
  return {.text = get_string(json, "content", std::nullopt, where),
          .ids = {},
          .normalized = flag("normalized", !special),
          .single_word = flag("single_word", false),
          .lstrip = flag("lstrip", false),
          .rstrip = flag("rstrip", false)};
}

void read_token_ids(const Json& json, ClipVocabulary& v) {
  if (!json.is_object() || json.empty()) {
    throw file_error("{}: expected an object of tokens and ids", v.path);
  }
  v.tokens.resize(json.size());
  std::vector<bool> seen(json.size());
  for (const auto& [token, id] : json.items()) {
    const std::optional<int64_t> number = id.integer();
    if (!number || *number < 0 || *number >= static_cast<int64_t>(json.size())) {
      throw file_error("{}: the id of \"{}\" is {}, expected 0 to {}", v.path, printable(token),
                       printable(id.dump()), json.size() - 1);
    }
    const auto index = static_cast<size_t>(*number);
    if (seen[index]) {
      throw file_error("{}: the id {} occurs twice, the second time for \"{}\"", v.path, index,
                       printable(token));
    }
    seen[index] = true;
    v.tokens[index] = token;
    v.ids.emplace(token, static_cast<int32_t>(index));
  }
}

void read_tokenizer_json(const Json& json, ClipVocabulary& v) {
  check_is_clip(json, v.path);
  read_token_ids(json["model"]["vocab"], v);
  read_merges(json["model"]["merges"], v);
  for (const Json& added : json["added_tokens"]) {
    AddedToken token = read_added_token(added, false, v.path);
    token.ids = {static_cast<int32_t>(get_int(added, "id", std::nullopt, 0, INT32_MAX, v.path))};
    if (!token.text.empty()) v.added.push_back(std::move(token));
  }
}

}  // namespace yent
