#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/text/gguf_vocabulary.h"
#include "loaders/tensors/write/gguf_writer.h"
#include "tests/support/hostile.h"
#include "tests/support/temporary_folder.h"

using namespace yent;

namespace {

using Spoil = std::function<void(GgufWriter&)>;
std::vector<std::string> warnings;  // of the last file that was read

// The vocabulary of a file with 13 tokens and the keys that `more` sets.
Vocabulary read(
    const char* model, const char* pre, const Spoil& more = [](GgufWriter&) {}) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.gguf";
  GgufWriter writer(path);
  const std::vector<std::string> tokens{"<unk>", "<s>", "</s>",       "a", "b", "c", "d",
                                        "e",     "f",   "<|im_end|>", "h", "i", "j"};
  std::vector<int32_t> types(tokens.size(), 1);
  types[1] = types[2] = 3;
  writer.set_text("tokenizer.ggml.model", model);
  if (pre) writer.set_text("tokenizer.ggml.pre", pre);
  writer.set_texts("tokenizer.ggml.tokens", tokens);
  writer.set_i32s("tokenizer.ggml.token_type", types);
  writer.set_f32s("tokenizer.ggml.scores", std::vector<float>(tokens.size()));
  writer.set_texts("tokenizer.ggml.merges", {});
  more(writer);
  writer.finish();
  warnings.clear();
  return read_vocabulary(GgufFile::open(path), {.warn = [](const std::string& sentence) {
                           warnings.push_back(sentence);
                         }});
}

}  // namespace

// The right values are those of llama.cpp's llama-vocab.cpp.
TEST_CASE("gguf_vocabulary: what a file does not say depends on its kind and pre-tokenizer") {
  const Vocabulary pieces = read("llama", "llama-bpe");  // a pre-tokenizer means nothing here
  CHECK(pieces.bos == 1);
  CHECK(pieces.eos == 2);
  CHECK(pieces.add_bos);
  CHECK_FALSE(pieces.add_eos);
  CHECK(pieces.add_space_prefix);

  for (const char* pre : {"gpt-2", "qwen2", "smollm", "deepseek-llm", "dbrx"}) {
    CAPTURE(pre);
    CHECK_FALSE(read("gpt2", pre).add_bos);
    CHECK(read("gpt2", pre).bos == 11);
    CHECK(read("gpt2", pre).eos == 11);
  }
  CHECK(warnings.empty());
  CHECK_FALSE(read("gpt2", nullptr).add_bos);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find("names no pre-tokenizer (tokenizer.ggml.pre)") != std::string::npos);
  read("llama", nullptr);
  CHECK(warnings.empty());
  for (const char* pre : {"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral",
                          "midm-2.0", "lfm2", "jina-v5-nano", "tekken", "chameleon"}) {
    CAPTURE(pre);
    CHECK(read("gpt2", pre).add_bos);
  }
  CHECK(read("gpt2", "glm4").bos == kNoToken);
}

TEST_CASE("gguf_vocabulary: what a file says goes before the defaults") {
  const auto flag = [](const char* key, bool value) -> Spoil {
    return [=](GgufWriter& w) { w.set_bool(key, value); };
  };
  CHECK(read("gpt2", "qwen2", flag("tokenizer.ggml.add_bos_token", true)).add_bos);
  CHECK_FALSE(read("gpt2", "llama-bpe", flag("tokenizer.ggml.add_bos_token", false)).add_bos);
  CHECK_FALSE(read("llama", nullptr, flag("tokenizer.ggml.add_bos_token", false)).add_bos);
  CHECK(read("gpt2", "qwen2", flag("tokenizer.ggml.add_eos_token", true)).add_eos);
  CHECK(read("llama", nullptr, flag("tokenizer.ggml.add_eos_token", true)).add_eos);
  CHECK_FALSE(
      read("llama", nullptr, flag("tokenizer.ggml.add_space_prefix", false)).add_space_prefix);
  // No token to add.
  CHECK_FALSE(read("gpt2", "glm4", flag("tokenizer.ggml.add_bos_token", true)).add_bos);
  const Vocabulary named = read("gpt2", "glm4", [](GgufWriter& w) {
    w.set_bool("tokenizer.ggml.add_bos_token", true);
    w.set_u32("tokenizer.ggml.bos_token_id", 1);
    w.set_u32("tokenizer.ggml.eos_token_id", 2);
  });
  CHECK(named.add_bos);
  CHECK(named.bos == 1);
  const VocabTokenizer tokenizer(named);
  CHECK(tokenizer.encode("a", {.bos = true, .eos = true}) == std::vector<int32_t>{1, 3, 2});
}

TEST_CASE("gguf_vocabulary: a generation ends at eos, and where a turn or a message ends") {
  const VocabTokenizer tokenizer(read("gpt2", "qwen2", [](GgufWriter& w) {
    w.set_u32("tokenizer.ggml.eos_token_id", 4);
    w.set_u32("tokenizer.ggml.eot_token_id", 5);
    w.set_u32("tokenizer.ggml.eom_token_id", 99);  // outside; llama.cpp does not mind either
  }));
  for (int32_t id = 0; id < 13; ++id) {
    CAPTURE(id);
    CHECK(tokenizer.ends(id) == (id == 4 || id == 5 || id == 9));
  }
}

TEST_CASE("gguf_vocabulary: unknown pre-tokenizers and ids outside are refused") {
  const auto sentence = test::refusal([] { read("gpt2", "superbpe"); });
  CHECK(sentence.find("the pre-tokenizer is \"superbpe\"") != std::string::npos);
  CHECK(test::refusal([] {
          read("gpt2", "qwen2",
               [](GgufWriter& w) { w.set_u32("tokenizer.ggml.eos_token_id", 13); });
        }).find("eos_token_id is 13, expected an id of the 13 tokens") != std::string::npos);
  CHECK(test::refusal([] { read("bert", nullptr); }).empty());  // VocabTokenizer refuses it
}
