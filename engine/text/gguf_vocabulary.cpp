#include "engine/text/gguf_vocabulary.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "engine/text/pretokenize/pre_tokenizer.h"
#include "kernels/error.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

namespace {

// What holds for keys that the file lacks.
struct Defaults {
  int bos, eos;
  bool add_bos;
};

Defaults defaults_of(const Vocabulary& v) {
  if (v.model != "gpt2") return {.bos = 1, .eos = 2, .add_bos = true};
  const PreTokenizer words = PreTokenizer::named(v.pre, v.path);
  return {.bos = words.has_bos() ? 11 : kNoToken, .eos = 11, .add_bos = words.adds_bos()};
}

// Chat models end a turn with one token and a text with another; files name one of them as eos. As
// llama.cpp, we know the others by their text where no key names them.
constexpr std::string_view end_texts[] = {
    "<|eot_id|>",
    "<|eom_id|>",
    "<|im_end|>",
    "<|end|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<EOT>",
    "[EOT]",
    "<eos>",
    "[EOS]",
    "<end_of_utterance>",
    "<｜end▁of▁sentence｜>",
};

void read_ends(const GgufFile& f, Vocabulary& v) {
  for (const char* key : {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    const int64_t id = f.integer(key, kNoToken);
    if (id >= 0 && id < static_cast<int64_t>(v.tokens.size())) {
      v.other_ends.push_back(static_cast<int>(id));
    }
  }
  for (size_t id = 0; id < v.tokens.size(); ++id) {
    if (std::find(std::begin(end_texts), std::end(end_texts), v.tokens[id]) !=
        std::end(end_texts)) {
      v.other_ends.push_back(static_cast<int>(id));
    }
  }
}

void read_pieces(const GgufFile& f, Vocabulary& v) {
  v.tokens = f.texts("tokenizer.ggml.tokens");
  const auto as_long = [&](const char* key, size_t count) {
    if (count == v.tokens.size()) return;
    throw file_error("{}: {} has {} entries, expected the {} of tokenizer.ggml.tokens", f.path(),
                     key, count, v.tokens.size());
  };
  if (v.model == "llama" || f.has("tokenizer.ggml.scores")) {
    v.scores = f.numbers("tokenizer.ggml.scores");
    as_long("tokenizer.ggml.scores", v.scores.size());
  }
  for (const int64_t type : f.integers("tokenizer.ggml.token_type")) {
    v.types.push_back(static_cast<int32_t>(std::clamp<int64_t>(type, -1, 100)));
  }
  as_long("tokenizer.ggml.token_type", v.types.size());
  if (v.model == "gpt2") v.merges = f.texts("tokenizer.ggml.merges");
}

}  // namespace

Vocabulary read_vocabulary(const GgufFile& f, const Messages& messages) {
  Vocabulary v{.path = f.path()};
  v.model = f.text("tokenizer.ggml.model", "llama");
  v.pre = f.text("tokenizer.ggml.pre", "");
  if (v.model == "gpt2" && v.pre.empty()) {
    messages.warn(f.path() +
                  " names no pre-tokenizer (tokenizer.ggml.pre): text may be split into other "
                  "words than the model was trained on");
  }
  read_pieces(f, v);
  const auto count = static_cast<int64_t>(v.tokens.size());
  // A default outside the vocabulary is none.
  const auto special = [&](const char* key, int fallback) {
    const int64_t id = f.integer(key, fallback < count ? fallback : kNoToken);
    if (f.has(key) && (id < 0 || id >= count)) {
      throw file_error("{}: {} is {}, expected an id of the {} tokens", f.path(), key, id, count);
    }
    return static_cast<int>(id);
  };
  const Defaults defaults = defaults_of(v);
  v.bos = special("tokenizer.ggml.bos_token_id", defaults.bos);
  v.eos = special("tokenizer.ggml.eos_token_id", defaults.eos);
  v.add_bos = f.boolean("tokenizer.ggml.add_bos_token", defaults.add_bos) && v.bos != kNoToken;
  v.add_eos = f.boolean("tokenizer.ggml.add_eos_token", false) && v.eos != kNoToken;
  v.add_space_prefix = f.boolean("tokenizer.ggml.add_space_prefix", true);
  read_ends(f, v);
  v.nanollama = f.has_prefix("nanollama.");
  return v;
}

}  // namespace yent
