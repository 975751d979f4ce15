#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "engine/text/characters.h"
#include "engine/text/pretokenize/pre_tokenizer.h"
#include "engine/text/unicode.h"
#include "engine/text/vocab_tokenizer.h"
#include "kernels/error.h"
#include "loaders/io/json.h"
#include "tests/support/tree.h"

using namespace yent;
using Lengths = std::vector<int32_t>;

namespace {

Json golden() { return read_json(in_tree("tests/golden/pre_tokenizers.json")); }

Lengths split(const PreTokenizer& words, const std::string& text) {
  const auto lengths = words.split(characters(text));
  return {lengths.begin(), lengths.end()};
}

Lengths split(const char* pattern, const std::string& text) {
  std::vector<KindOf> kinds;
  for (const Character& c : characters(text)) kinds.push_back({c.code, character_kinds(c.code)});
  const auto lengths = Pattern(pattern).split(kinds);
  return {lengths.begin(), lengths.end()};
}

}  // namespace

TEST_CASE("pre_tokenizers: every form splits as the library tokenizers does") {
  const Json json = golden();
  const auto texts = json.at("texts").get<std::vector<std::string>>();
  CHECK(json.at("forms").size() == 24);
  for (const Json::Member& form : json.at("forms").items()) {
    const std::string& name = form.key;
    const Json& splits = form.value;
    CAPTURE(name);
    const PreTokenizer words = PreTokenizer::named(name, "test");
    REQUIRE(splits.size() == texts.size());
    for (size_t i = 0; i < texts.size(); ++i) {
      CAPTURE(Json(texts[i]).dump());
      CHECK(split(words, texts[i]) == splits[i].get<Lengths>());
    }
  }
}

TEST_CASE("pre_tokenizers: names that share a form share its splits") {
  const std::string text = "I'M in2023  and 12345 ÉTÉ_x,\n\n  你好。 don't";
  const std::vector<std::vector<const char*>> same{
      {"gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "exaone4", "modern-bert"},
      {"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"},
      {"llama-bpe", "llama3", "llama-v3", "dbrx", "smaug-bpe", "glm4", "chatglm-bpe", "falcon3",
       "pixtral", "lfm2"},
      {"qwen2", "deepseek-r1-qwen", "megrez", "stablelm2", "hunyuan"},
      {"gpt-4o", "llama4", "minimax-m2"},
      {"bloom", "poro-chat", "gpt3-finnish"},
      {"deepseek-v3", "hunyuan-dense"},
      {"default", ""}};
  for (const auto& names : same) {
    const Lengths wanted = split(PreTokenizer::named(names[0], "test"), text);
    for (const char* name : names) {
      CAPTURE(name);
      CHECK(split(PreTokenizer::named(name, "test"), text) == wanted);
    }
  }
}

TEST_CASE("pre_tokenizers: who ignores merges, and who begins with bos") {
  for (const char* name : {"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral",
                           "midm-2.0", "lfm2", "jina-v5-nano", "tekken"}) {
    CAPTURE(name);
    CHECK(PreTokenizer::named(name, "test").ignores_merges());
    CHECK(PreTokenizer::named(name, "test").adds_bos());
  }
  CHECK(PreTokenizer::named("minicpm5", "test").ignores_merges());
  CHECK_FALSE(PreTokenizer::named("minicpm5", "test").adds_bos());
  CHECK_FALSE(PreTokenizer::named("chameleon", "test").ignores_merges());
  CHECK(PreTokenizer::named("chameleon", "test").adds_bos());
  for (const char* name :
       {"gpt-2", "qwen2", "smollm", "dbrx", "default", "falcon", "deepseek-llm"}) {
    CAPTURE(name);
    CHECK_FALSE(PreTokenizer::named(name, "test").ignores_merges());
    CHECK_FALSE(PreTokenizer::named(name, "test").adds_bos());
  }
}

TEST_CASE("pre_tokenizers: a word that is a token is taken whole where merges are ignored") {
  const Json bpe = golden().at("bpe");
  Vocabulary v{.model = "gpt2"};
  v.tokens = bpe.at("tokens").get<std::vector<std::string>>();
  v.merges = bpe.at("merges").get<std::vector<std::string>>();
  v.pre = "dbrx";
  const VocabTokenizer merged(v);
  v.pre = "llama-bpe";
  const VocabTokenizer whole(v);
  for (const auto& row : bpe.at("rows")) {
    const auto text = row.at("text").get<std::string>();
    CAPTURE(text);
    CHECK(merged.encode(text, {}) == row.at("ids").get<Lengths>());
    CHECK(whole.encode(text, {}) == row.at("whole").get<Lengths>());
  }
}

TEST_CASE("pre_tokenizers: unknown names are refused, and the known ones listed") {
  try {
    PreTokenizer::named("superbpe", "model.gguf");
    FAIL("superbpe is not known");
  } catch (const Error& error) {
    CHECK(error.kind() == Error::file);
    const std::string sentence = error.what();
    CHECK(sentence.starts_with("model.gguf: the pre-tokenizer is \"superbpe\", which is none of"));
    CHECK(sentence.find("llama-bpe") != std::string::npos);
    CHECK(sentence.find('\n') == std::string::npos);
  }
  for (const std::string& name : PreTokenizer::names()) PreTokenizer::named(name, "test");
}

TEST_CASE("pre_tokenizers: patterns backtrack, look ahead and count") {
  CHECK(split("a*ab", "aaab") == Lengths{4});
  CHECK(split("(?:a|ab)c", "xabc") == Lengths{1, 3});
  CHECK(split("a{2}", "aaaaa") == Lengths{2, 2, 1});
  CHECK(split("a{1,3}(?=b)", "aaaab") == Lengths{1, 3, 1});
  CHECK(split("a(?!b)", "abaa") == Lengths{2, 1, 1});
  CHECK(split("\\s+$", "a  b  ") == Lengths{4, 2});
  CHECK(split("[^a-c]+", "abxyc") == Lengths{2, 2, 1});
  CHECK(split("x*", "ab") == Lengths{2});
  CHECK(split("a", "").empty());
}

TEST_CASE("pre_tokenizers: long texts take no quadratic time") {
  for (const char* name : {"llama-bpe", "tekken", "gpt-4o", "default", "qwen2"}) {
    const PreTokenizer words = PreTokenizer::named(name, "test");
    for (const char* piece : {"a", "A", " ", "1", "!", "\n", "漢"}) {
      std::string text;
      for (int i = 0; i < 100000; ++i) text += piece;
      CHECK(!split(words, text + "x").empty());
    }
  }
}
