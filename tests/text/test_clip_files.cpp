#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/diffusion/prompt_tokenizer.h"
#include "engine/text/clip_tokenizer.h"
#include "kernels/error.h"
#include "loaders/io/json.h"
#include "tests/support/tree.h"

namespace fs = std::filesystem;
using yent::ClipTokenizer;
using yent::Json;
using yent::read_json;
using Ids = std::vector<int32_t>;

namespace {

const fs::path golden = yent::in_tree("tests/golden");

class Folder {
 public:
  explicit Folder(const fs::path& base) : path_(fs::temp_directory_path() / "yent_clip_files") {
    fs::remove_all(path_);
    fs::copy(base, path_);
    fs::remove(path_ / "special_tokens_map.json");
    fs::remove(path_ / "tokenizer_config.json");
  }
  ~Folder() { fs::remove_all(path_); }

  void write(const std::string& name, std::string_view text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  ClipTokenizer load() const { return ClipTokenizer::load(path_); }
  const fs::path& path() const { return path_; }

  // The sentence of the error that loading throws.
  std::string refusal() const {
    try {
      load();
    } catch (const yent::Error& error) {
      CHECK(error.kind() == yent::Error::file);
      return error.what();
    }
    return "";
  }

 private:
  fs::path path_;
};

bool holds(const std::string& text, const char* part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("clip_files: folders are read as transformers 5 reads them") {
  const Json cases = read_json(golden / "clip_files.json");
  CHECK(cases.size() == 80);
  for (const auto& c : cases) {
    CAPTURE(c.dump());
    const Folder folder(golden / c.at("base").get<std::string>());
    for (const auto& [name, content] : c.at("files").items()) folder.write(name, content.dump());
    if (c.contains("added_tokens")) {
      Json whole = read_json(folder.path() / "tokenizer.json");
      whole["added_tokens"] = c.at("added_tokens");
      folder.write("tokenizer.json", whole.dump());
    }
    const ClipTokenizer tokenizer = folder.load();
    CHECK(tokenizer.start() == c.at("start").get<int32_t>());
    CHECK(tokenizer.end() == c.at("end").get<int32_t>());
    CHECK(tokenizer.pad() == c.at("pad").get<int32_t>());
    CHECK(tokenizer.vocab_size() == c.at("size").get<int64_t>());
    for (const auto& row : c.at("texts")) {
      CAPTURE(row.dump());
      CHECK(tokenizer.encode(row[0].get<std::string>()) == row[1].get<Ids>());
    }
  }
}

TEST_CASE("clip_files: tokenizer.json alone gives the ids of vocab.json and merges.txt") {
  const ClipTokenizer old = ClipTokenizer::load(golden / "clip_toy");
  const ClipTokenizer whole = ClipTokenizer::load(golden / "clip_toy_5");
  CHECK(whole.vocab_size() == old.vocab_size() + 2);
  for (const auto& row : read_json(golden / "clip_tokenizer.json")) {
    const auto text = row.at("text").get<std::string>();
    CAPTURE(row.at("text").dump());
    CHECK(whole.encode(text) == old.encode(text));
  }
  CHECK(whole.encode("A <CAT> my dog").size() == 3);

  // Older files write a merge as one string, and do not name the special tokens in the pattern.
  const Folder folder(golden / "clip_toy_5");
  Json json = read_json(folder.path() / "tokenizer.json");
  for (size_t i = 0; i < json["model"]["merges"].size(); ++i) {
    Json& merge = json["model"]["merges"][i];
    merge = Json(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
  }
  auto pattern = json["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"].get<std::string>();
  pattern.erase(0, pattern.find("'s"));
  json["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = Json(pattern);
  folder.write("tokenizer.json", json.dump());
  CHECK(folder.load().encode("in the café") == old.encode("in the café"));
}

TEST_CASE("clip_files: other tokenizers and contradictions are refused with a sentence") {
  const Folder folder(golden / "clip_toy_5");
  const Json good = read_json(folder.path() / "tokenizer.json");
  const auto refusal = [&](auto spoil) {
    Json json = good;
    spoil(json);
    folder.write("tokenizer.json", json.dump());
    return folder.refusal();
  };
  CHECK(refusal([](Json&) {}).empty());
  CHECK(holds(refusal([](Json& j) { j["model"]["type"] = Json("Unigram"); }),
              "the model is Unigram, expected CLIP's BPE"));
  CHECK(holds(refusal([](Json& j) { j["model"]["type"] = Json("WordPiece"); }), "is WordPiece"));
  CHECK(holds(refusal([](Json& j) { j["model"] = Json(); }), "the model is missing"));
  CHECK(holds(refusal([](Json& j) { j["model"]["end_of_word_suffix"] = Json(); }),
              "end_of_word_suffix is null"));
  CHECK(holds(refusal([](Json& j) { j["model"]["byte_fallback"] = Json(true); }), "byte_fallback"));
  CHECK(holds(refusal([](Json& j) { j["model"]["dropout"] = Json(0.5); }), "dropout is 0.5"));
  CHECK(holds(refusal([](Json& j) { j["normalizer"] = Json(); }), "the normalizer is missing"));
  CHECK(holds(refusal([](Json& j) { j["normalizer"]["normalizers"][0]["type"] = Json("NFKC"); }),
              "the normalizer is Sequence of NFKC, Replace, Lowercase"));
  CHECK(holds(refusal([](Json& j) {
                j["pre_tokenizer"] = yent::parse_json(R"({"type": "Metaspace"})", "test");
              }),
              "the pre_tokenizer is Metaspace"));
  CHECK(holds(refusal([](Json& j) {
                j["pre_tokenizer"]["pretokenizers"][1]["add_prefix_space"] = Json(true);
              }),
              "the pre_tokenizer is Sequence of Split, ByteLevel"));
  CHECK(holds(refusal([](Json& j) { j["model"]["vocab"] = Json::array(); }), "expected an object"));
  CHECK(holds(refusal([](Json& j) { j["model"]["merges"] = Json(3); }), "merges are of type"));
  CHECK(holds(refusal([](Json& j) { j["model"]["merges"][0] = Json(3); }), "is not two symbols"));
  CHECK(holds(refusal([](Json& j) { j["model"]["merges"][0][1] = Json(""); }), "not two symbols"));
  CHECK(holds(refusal([](Json& j) { j["added_tokens"][3]["id"] = Json(-1); }), "-1"));
  CHECK(holds(refusal([](Json& j) { j["added_tokens"][3]["id"] = Json(735); }),
              "\"My Dog\" has the id 735, against"));
  CHECK(holds(refusal([](Json& j) { j["added_tokens"][3]["id"] = Json(5); }), "has the id 5"));
  CHECK(holds(refusal([](Json& j) { j["added_tokens"][3]["content"] = Json(7); }), "content"));
  CHECK(holds(refusal([](Json& j) { j["added_tokens"][3] = Json(7); }), "is 7"));
  CHECK(holds(refusal([](Json& j) { j = Json::array(); }), "the model is missing"));

  // An id far away is taken as it is written; nothing is allocated for those between.
  CHECK(refusal([](Json& j) { j["added_tokens"][4]["id"] = Json(2147483647); }).empty());
  CHECK(folder.load().vocab_size() == 2147483648);
  folder.write("added_tokens.json", R"({"<dog>": 2.5})");
  CHECK(holds(folder.refusal(), "the id of \"<dog>\" is 2.5"));
  folder.write("tokenizer_config.json", R"({"added_tokens_decoder": {"x1": {"content": "a"}}})");
  CHECK(holds(folder.refusal(), "added_tokens_decoder has the id \"x1\""));
  fs::remove(folder.path() / "tokenizer.json");
  CHECK(holds(folder.refusal(), "no tokenizer.json, vocab.json or merges.txt"));
}

TEST_CASE("clip_files: added tokens need rows of the text encoder's embedding") {
  const fs::path model = fs::temp_directory_path() / "yent_clip_rows";
  fs::remove_all(model);
  fs::copy(golden / "toy_painter", model, fs::copy_options::recursive);
  const auto write = [&](const char* name, const Json& json) {
    std::ofstream(model / name, std::ios::binary) << json.dump();
  };
  Json added = Json::object();
  added["<cat>"] = Json(558);
  write("tokenizer/added_tokens.json", added);
  const auto open = [&] {
    return yent::PromptTokenizer(yent::DiffusionCheckpoint::open(model, false), {});
  };
  try {
    open();
    FAIL("558 rows are too few");
  } catch (const yent::Error& error) {
    CHECK(error.kind() == yent::Error::file);
    CHECK(holds(error.what(), "559 tokens, expected at most the text encoder's 558"));
  }
  Json config = read_json(model / "text_encoder/config.json");
  config["vocab_size"] = Json(559);
  write("text_encoder/config.json", config);
  CHECK(open().count({.text = "<CAT>"}) == 1);
  CHECK(open().tokenize({.text = "<cat>"}).rows[0].ids[1] == 558);
  fs::remove_all(model);
}
