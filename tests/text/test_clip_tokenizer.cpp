#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/clip_tokenizer.h"
#include "engine/text/unicode.h"
#include "kernels/error.h"
#include "loaders/io/json.h"
#include "loaders/io/utf8.h"
#include "tests/support/tree.h"

namespace fs = std::filesystem;
using yent::ClipTokenizer;
using yent::Json;
using yent::read_json;

namespace {

const fs::path golden = yent::in_tree("tests/golden");

void compare(const ClipTokenizer& tokenizer, const char* vocabulary) {
  const Json rows = read_json(golden / "clip_tokenizer.json");
  CHECK(rows.size() == 300);
  for (const auto& row : rows) {
    const auto text = row.at("text").get<std::string>();
    CAPTURE(row.at("text").dump());
    CHECK(tokenizer.encode(text) == row.at(vocabulary).get<std::vector<int32_t>>());
  }
}

// A folder of its own, with the files of clip_toy unless they are replaced.
class Folder {
 public:
  explicit Folder(const std::string& name) : path_(fs::temp_directory_path() / ("yent_" + name)) {
    fs::remove_all(path_);
    fs::create_directory(path_);
    fs::copy(golden / "clip_toy", path_);
  }
  ~Folder() { fs::remove_all(path_); }

  void write(const char* name, std::string_view text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  // The sentence of the error that loading throws.
  std::string refusal() const {
    try {
      ClipTokenizer::load(path_);
    } catch (const yent::Error& error) {
      CHECK(error.kind() == yent::Error::file);
      return error.what();
    }
    return "";
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

bool holds(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("clip_tokenizer: NFC is Python's") {
  for (const auto& row : read_json(golden / "clip_tokenizer.json")) {
    const auto text = yent::decode_utf8(row.at("text").get<std::string>());
    CAPTURE(row.at("text").dump());
    CHECK(yent::encode_utf8(yent::to_nfc(text)) == row.at("nfc").get<std::string>());
  }
  CHECK(yent::to_nfc(U"\u1AC8\u0331\U0001172B") == U"\U0001172B\u0331\u1AC8");  // younger marks
  CHECK(yent::to_lower(U"ΑΣ İ Ǆ Ⴀ Ꭰ") == U"ασ i\u0307 ǆ ⴀ ꭰ");
}

TEST_CASE("clip_tokenizer: a toy vocabulary gives Hugging Face's ids") {
  compare(ClipTokenizer::load(golden / "clip_toy"), "toy");
}

TEST_CASE("clip_tokenizer: the shipped vocabulary gives Hugging Face's ids") {
  const ClipTokenizer tokenizer = ClipTokenizer::load(yent::in_tree("weights/clip"));
  compare(tokenizer, "real");
  CHECK(tokenizer.vocab_size() == 49408);
  CHECK(tokenizer.start() == 49406);
  CHECK(tokenizer.end() == 49407);
  CHECK(tokenizer.pad() == 49407);
  const auto ids = tokenizer.encode("a painting of a cat sitting on a window");
  CHECK(ids == std::vector<int32_t>{320, 3086, 539, 320, 2368, 4919, 525, 320, 4879});
}

TEST_CASE("clip_tokenizer: start, end, padding, and what did not fit") {
  const ClipTokenizer tokenizer = ClipTokenizer::load(golden / "clip_toy");
  CHECK(tokenizer.pad() == 0);                              // "!", as special_tokens_map.json says
  CHECK(tokenizer.encode("!") == std::vector<int32_t>{0});  // not "!</w>"
  const auto few = tokenizer.tokenize("in the", 6);
  REQUIRE(few.ids.size() == 6);
  CHECK(few.lost.empty());
  CHECK(few.ids.front() == tokenizer.start());
  CHECK(few.ids[3] == tokenizer.end());
  CHECK(few.ids[5] == 0);

  const auto cut = tokenizer.tokenize("in the in THE, in\u00e9", 5);
  CHECK(cut.ids.size() == 5);
  CHECK(cut.ids[4] == tokenizer.end());
  CHECK(cut.lost == "the , in\u00e9");
  const auto none = tokenizer.tokenize("", 77);
  CHECK(none.ids.size() == 77);
  CHECK(none.ids[1] == tokenizer.end());
}

TEST_CASE("clip_tokenizer: text that is not UTF-8 reads as replacement characters") {
  const ClipTokenizer tokenizer = ClipTokenizer::load(golden / "clip_toy");
  CHECK(tokenizer.encode("a\xFFz\xC3") == tokenizer.encode("a\uFFFDz\uFFFD"));
}

TEST_CASE("clip_tokenizer: bad vocabularies are refused with a sentence") {
  const Folder folder("clip_vocabulary");
  const auto refusal = [&](std::string_view text) {
    folder.write("vocab.json", text);
    return folder.refusal();
  };
  CHECK(holds(refusal(R"({"a": 0, "b": 2})"), "\"b\" is 2, expected 0 to 1"));
  CHECK(holds(refusal(R"({"a": -1, "b": 0})"), "\"a\" is -1"));
  CHECK(holds(refusal(R"({"a": 18446744073709551615})"), "\"a\" is 18446744073709551615"));
  CHECK(holds(refusal(R"({"a": 0.5})"), "\"a\" is 0.5"));
  CHECK(holds(refusal(R"({"a": "0"})"), "\"a\" is"));
  CHECK(holds(refusal(R"({"a": 0, "b": 0})"), "the id 0 occurs twice"));
  CHECK(holds(refusal(R"({"a": 0, "a": 1})"), "vocab.json"));
  CHECK(holds(refusal(R"(["a"])"), "expected an object"));
  CHECK(holds(refusal("{}"), "expected an object"));
  CHECK(holds(refusal("{\"\xFF\": 0}"), "vocab.json"));
  folder.write("merges.txt", "");
  CHECK(holds(refusal(R"({"a": 0})"), "<|startoftext|> is missing"));
  fs::remove(folder.path() / "vocab.json");
  fs::remove(folder.path() / "merges.txt");
  CHECK(holds(folder.refusal(), "no tokenizer.json, vocab.json or merges.txt"));
}

TEST_CASE("clip_tokenizer: without vocab.json the merges number the tokens") {
  const ClipTokenizer clip = ClipTokenizer::load(yent::in_tree("weights/clip"));
  CHECK(clip.vocab_size() == 49408);
  CHECK(clip.start() == 49406);
  CHECK(clip.end() == 49407);
  // As transformers' CLIPTokenizer gives them with OpenAI's own vocab.json.
  CHECK(clip.encode("a photo of a cat") == std::vector<int32_t>{320, 1125, 539, 320, 2368});
  const std::vector<int32_t> mixed{88,    621, 568,   276, 272,  273, 6522, 77,
                                   35689, 66,  26815, 654, 1741, 481, 3880, 1656};
  CHECK(clip.encode("Yent's 512 \u00FCn\u00EFc\u00F4de \u2603 snowmen") == mixed);

  const Folder folder("clip_merges_alone");
  fs::remove(folder.path() / "vocab.json");
  folder.write("merges.txt", "t h\nth e</w>\n");
  const ClipTokenizer own = ClipTokenizer::load(folder.path());
  CHECK(own.vocab_size() == 516);
  CHECK(own.encode("the") == std::vector<int32_t>{513});
  folder.write("merges.txt", "t h\nthe\n");
  CHECK(holds(folder.refusal(), "line 2: the merge \"the\" is not two symbols"));
}

TEST_CASE("clip_tokenizer: bad merges and padding are refused with a sentence") {
  const Folder folder("clip_merges");
  const auto refusal = [&](std::string_view text) {
    folder.write("merges.txt", text);
    return folder.refusal();
  };
  CHECK(refusal("#version: 0.2\r\ni n\r\n\r\n").empty());
  CHECK(holds(refusal("i n\nth\n"), "line 2: the merge \"th\" is not two symbols"));
  CHECK(holds(refusal("i n x\n"), "is not two symbols"));
  CHECK(holds(refusal(" n\n"), "is not two symbols"));
  CHECK(holds(refusal("i \n"), "is not two symbols"));
  CHECK(holds(refusal("i n\nt h\ni n\n"), "line 3: the merge \"i n\" occurs twice"));
  CHECK(holds(refusal("q q\n"), "needs \"qq\", which the vocabulary lacks"));
  CHECK(holds(refusal("i n\n\xFF n\n"), "not UTF-8"));
  CHECK(refusal("").empty());
  fs::remove(folder.path() / "special_tokens_map.json");
  folder.write("tokenizer_config.json", R"({"eos_token": "nowhere"})");
  CHECK(holds(folder.refusal(), "nowhere is missing"));
  folder.write("tokenizer_config.json", R"({"pad_token": 7})");
  CHECK(holds(folder.refusal(), "pad_token: the token is 7"));
  folder.write("tokenizer_config.json", R"({"pad_token": "<|endoftext|>"})");
  const ClipTokenizer tokenizer = ClipTokenizer::load(folder.path());
  CHECK(tokenizer.pad() == tokenizer.end());
}

TEST_CASE("clip_tokenizer: long words take no quadratic time") {
  const ClipTokenizer tokenizer = ClipTokenizer::load(golden / "clip_toy");
  CHECK(tokenizer.encode(std::string(300000, 'i')).size() > 1000);
}
