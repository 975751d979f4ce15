// A GGUF file that talks: its vocabulary, its network and one conversation at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/messages.h"
#include "engine/core/policy.h"
#include "engine/core/timing.h"
#include "engine/models/llama.h"
#include "engine/pipeline/language/token_sampler.h"
#include "engine/text/vocab_tokenizer.h"

namespace yent {

// Not for two threads at once. The backend must outlive it.
class LanguageModel {
 public:
  // `context` bounds the memory of the conversation; 0 takes the file's. With an exact policy the
  // network runs on the backend's exact twin. Throws file errors, a usage error where there is no
  // such twin, and a run error when memory does not suffice. Warnings about the file go to
  // `messages`.
  LanguageModel(const std::filesystem::path& path, Backend& backend, const Policy& policy,
                int context, const CancelToken* cancel = nullptr, const Messages& messages = {});

  struct Request {
    std::string text;
    bool special = false;          // control pieces in the text count as such
    bool bos = true, eos = false;  // where the vocabulary has them
    int max_tokens = 30;
    TokenSamplerOptions sampling = {};
    bool keep_logits = false;
    bool cut_to_fit = false;  // a text too long for the context loses its beginning
    const CancelToken* cancel = nullptr;
  };
  struct Result {
    std::vector<int32_t> prompt, generated;  // a final EOS or other end is among them
    std::vector<float> logits;               // of every position that was computed, if kept
    bool context_full = false;
  };

  // Continues the text from an empty conversation. Pieces are whole UTF-8; generation ends when
  // `on_piece` returns false, at EOS, at max_tokens or when the context is full.
  Result generate(const Request& request, std::mt19937_64& generator,
                  const std::function<bool(std::string_view piece)>& on_piece,
                  Timings* timings = nullptr);

  int count_tokens(std::string_view text) const;
  const LlamaConfig& config() const { return network_->config(); }
  // Whether its completions begin with BOS, and whether EOS ends what they complete.
  bool adds_bos() const { return tokenizer_->vocabulary().add_bos; }
  bool adds_eos() const { return tokenizer_->vocabulary().add_eos; }
  const std::vector<Resolved>& resolved() const { return resolved_; }

 private:
  // Its ids, cut where that is asked for; a run error where they do not fit the context.
  std::vector<int32_t> encode_prompt(const Request& request) const;

  GgufFile file_;
  std::unique_ptr<Backend>
      twin_;  // what backend_ is, if the policy is exact and the device's is not
  Backend& backend_;
  Workspace ws_;
  std::unique_ptr<VocabTokenizer> tokenizer_;
  std::unique_ptr<Llama> network_;
  Llama::State state_;
  std::vector<Resolved> resolved_;
};

}  // namespace yent
