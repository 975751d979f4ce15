#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "engine/text/vocab_tokenizer.h"
#include "kernels/error.h"
#include "loaders/io/json.h"
#include "tests/support/tree.h"

using yent::Json;
using yent::read_json;
using yent::VocabTokenizer;
using yent::Vocabulary;
using Ids = std::vector<int32_t>;

namespace {

Json golden(const char* model) {
  return read_json(yent::in_tree("tests/golden/vocab_tokenizer.json")).at(model);
}

Vocabulary vocabulary(const Json& json, const char* model) {
  Vocabulary v;
  v.model = model;
  v.pre = "dbrx";  // llama 3's pattern, merges and all
  v.tokens = json.at("tokens").get<std::vector<std::string>>();
  if (json.contains("scores")) v.scores = json["scores"].get<std::vector<float>>();
  if (json.contains("types")) v.types = json["types"].get<std::vector<int32_t>>();
  if (json.contains("merges")) v.merges = json["merges"].get<std::vector<std::string>>();
  return v;
}

// Three control pieces, every byte piece from id 3 on, then the pieces given.
Vocabulary toy(const std::vector<std::pair<std::string, float>>& pieces) {
  Vocabulary v;
  v.tokens = {"<unk>", "<s>", "</s>"};
  v.types = {2, 3, 3};
  for (int b = 0; b < 256; ++b) {
    v.tokens.push_back(fmt::format("<0x{:02X}>", b));
    v.types.push_back(6);
  }
  v.scores.resize(v.tokens.size());
  for (const auto& [text, score] : pieces) {
    v.tokens.push_back(text);
    v.scores.push_back(score);
    v.types.push_back(1);
  }
  return v;
}

const std::vector<std::pair<std::string, float>> letters{
    {"\u2581", -9}, {"a", -10}, {"b", -11}, {"c", -12}, {"bc", -1}, {"\u2581a", -2}, {"ab", -3}};
constexpr int32_t first = 259;  // of the pieces of toy()

std::string refusal(const std::function<void(Vocabulary&)>& spoil) {
  Vocabulary v = toy(letters);
  v.path = "model.gguf";
  spoil(v);
  try {
    VocabTokenizer tokenizer(v);
  } catch (const yent::Error& error) {
    CHECK(error.kind() == yent::Error::file);
    const std::string sentence = error.what();
    CHECK(sentence.starts_with("model.gguf: "));
    return sentence;
  }
  return "";
}

}  // namespace

TEST_CASE("vocab_tokenizer: llama gives sentencepiece's ids and comes back") {
  const Json json = golden("llama");
  Vocabulary v = vocabulary(json, "llama");
  const VocabTokenizer stock(v);
  v.nanollama = true;
  const VocabTokenizer nano(v);
  for (const auto& row : json.at("rows")) {
    const auto text = row.at("text").get<std::string>();
    CAPTURE(row.at("text").dump());
    const Ids ids = stock.encode(text, {});
    CHECK(ids == row.at("ids").get<Ids>());
    CHECK(nano.encode(text, {}) == row.at("nanollama").get<Ids>());
    // A mark that was in the text is a space by now; sentencepiece agrees.
    if (text.find("\u2581") == std::string::npos) CHECK(stock.decode(ids) == text);
  }
}

TEST_CASE("vocab_tokenizer: gpt2 gives tokenizers' ids and comes back") {
  const Json json = golden("gpt2");
  const VocabTokenizer tokenizer(vocabulary(json, "gpt2"));
  for (const auto& row : json.at("rows")) {
    const auto text = row.at("text").get<std::string>();
    CAPTURE(row.at("text").dump());
    const Ids ids = tokenizer.encode(text, {});
    CHECK(ids == row.at("ids").get<Ids>());
    CHECK(tokenizer.decode(ids) == text);
  }
}

TEST_CASE("vocab_tokenizer: the highest score joins first, the leftmost on ties") {
  const VocabTokenizer tokenizer(toy(letters));
  CHECK(tokenizer.encode("abc", {}) == Ids{first + 5, first + 4});
  const VocabTokenizer ties(toy({{"\u2581", -9}, {"a", -9}, {"aa", -1}}));
  CHECK(ties.encode("aaa", {}) == Ids{first, first + 2, first + 1});
}

TEST_CASE("vocab_tokenizer: spaces before the text") {
  Vocabulary v = toy(letters);
  const int32_t mark = first, a = first + 1, spaced = first + 5;
  CHECK(VocabTokenizer(v).encode(" a", {}) == Ids{mark, spaced});
  CHECK(VocabTokenizer(v).encode("", {}).empty());
  v.nanollama = true;
  CHECK(VocabTokenizer(v).encode(" a", {}) == Ids{spaced});
  CHECK(VocabTokenizer(v).encode("a", {}) == Ids{spaced});
  CHECK(VocabTokenizer(v).decode(Ids{spaced}) == "a");
  v.add_space_prefix = false;
  CHECK(VocabTokenizer(v).encode("a", {}) == Ids{a});
  CHECK(VocabTokenizer(v).decode(Ids{spaced}) == " a");
}

TEST_CASE("vocab_tokenizer: control pieces only where they are wanted") {
  Vocabulary v = toy(letters);
  v.tokens.insert(v.tokens.end(), {"<s>a", "<new>"});  // longer than <s>; user-defined
  v.scores.insert(v.scores.end(), {0, 0});
  v.types.insert(v.types.end(), {3, 4});
  const VocabTokenizer tokenizer(v);
  const int32_t spaced = first + 5, longer = first + 7, user = first + 8;
  CHECK(tokenizer.encode("</s>a", {.bos = true, .special = true}) == Ids{1, 2, spaced});
  CHECK(tokenizer.encode("<s>a<s>", {.special = true}) == Ids{longer, 1});
  CHECK(tokenizer.encode("a<new>a", {}) == Ids{spaced, user, spaced});
  for (const int32_t id : tokenizer.encode("<s></s><s>a<unk>", {})) {
    CHECK(id >= 3);
    CHECK(id != longer);
  }
  CHECK(tokenizer.encode("", {.bos = true}) == Ids{1});
  CHECK(tokenizer.decode(Ids{1, spaced, 2}) == "a");
  CHECK(tokenizer.piece(user) == "<new>");
}

TEST_CASE("vocab_tokenizer: bytes that are no UTF-8 come back") {
  const std::string text = "a\xFF\xC3(\xE2\x96 b\x80\xF0\x9F\x98";
  CHECK(VocabTokenizer(toy(letters)).decode(VocabTokenizer(toy(letters)).encode(text, {})) == text);
  const VocabTokenizer bytes(vocabulary(golden("gpt2"), "gpt2"));
  CHECK(bytes.decode(bytes.encode(text, {})) == text);
}

TEST_CASE("vocab_tokenizer: a stream shows whole characters only") {
  const VocabTokenizer tokenizer(toy(letters));
  const auto byte = [](int b) { return 3 + b; };
  auto stream = tokenizer.stream();
  CHECK(stream.add(first + 5) == " a");
  CHECK(stream.add(byte(0xF0)) == "");
  CHECK(stream.add(byte(0x9F)) == "");
  CHECK(stream.add(byte(0x98)) == "");
  CHECK(stream.add(byte(0x80)) == "\U0001F600");
  CHECK(stream.add(byte(0xC3)) == "");
  CHECK(stream.add(first + 1) == "\uFFFDa");
  CHECK(stream.add(byte(0x80)) == "\uFFFD");
  CHECK(stream.add(byte(0xE2)) == "");
  CHECK(stream.add(2) == "");
  CHECK(stream.finish() == "\uFFFD");
  CHECK(stream.finish() == "");
}

TEST_CASE("vocab_tokenizer: bad vocabularies are refused with a sentence") {
  const auto holds = [](const std::string& text, const char* part) {
    CAPTURE(text);
    return text.find(part) != std::string::npos;
  };
  CHECK(refusal([](Vocabulary&) {}).empty());
  CHECK(holds(refusal([](Vocabulary& v) { v.model = "bert"; }), "is bert, expected llama or gpt2"));
  CHECK(holds(refusal([](Vocabulary& v) { v.scores.pop_back(); }), "265 scores"));
  CHECK(holds(refusal([](Vocabulary& v) { v.types.push_back(1); }), "267 token types"));
  CHECK(holds(refusal([](Vocabulary& v) { v.eos = 266; }), "eos is 266"));
  CHECK(holds(refusal([](Vocabulary& v) { v.bos = -2; }), "bos is -2"));
  CHECK(holds(refusal([](Vocabulary& v) { v.scores[260] = NAN; }), "score of \"a\""));
  for (const char* bad : {"<0x1>", "<0x1G>", "<0x-1>", "0x1234", "<0x123>", ""}) {
    CHECK(holds(refusal([&](Vocabulary& v) { v.tokens[9] = bad; }), "is not of the form <0xAB>"));
  }
  const auto merges = [](std::vector<std::string> lines) {
    return refusal([&](Vocabulary& v) {
      v.model = "gpt2";
      v.merges = std::move(lines);
    });
  };
  CHECK(merges({"b c", "a b"}).empty());
  CHECK(holds(merges({"bc"}), "is not two symbols"));
  CHECK(holds(merges({"a c"}), "needs \"ac\""));
  CHECK(holds(refusal([](Vocabulary& v) { v = Vocabulary{.path = "model.gguf"}; }), "no tokens"));
}

TEST_CASE("vocab_tokenizer: long input takes no quadratic time") {
  const VocabTokenizer tokenizer(toy({{"\u2581", -9}, {"a", -9}, {"aa", -1}, {"aaaa", -2}}));
  const std::string text(400000, 'a');
  CHECK(tokenizer.encode(text, {}).size() == 100001);
}
