// Yent as an object: words come in, reactions go out, one after another, and he remembers them.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/pipeline/language_model.h"
#include "engine/pipeline/pipeline.h"
#include "engine/yent/persona.h"
#include "engine/yent/reaction.h"

namespace yent {

// What a painter can read of a prompt: reactions are shortened to it.
struct PromptLimit {
  std::function<int(std::string_view)> count_tokens = {};  // empty: no limit
  int capacity = 0;
};

// Of a pipeline, which must outlive it; or of a model's tokenizer alone, nothing else is opened.
PromptLimit prompt_limit(Pipeline& pipeline);
PromptLimit prompt_limit(const std::filesystem::path& model, const TokenizerFolders& folders);

struct SessionConfig {
  std::filesystem::path voice = {};  // a GGUF file
  Policy policy = Policy();
  int context = 0;  // tokens; 0: the file's
  Persona persona = built_in_persona();
  Messages messages = {};  // warnings that come with loading the voice
};

// How one reaction is made.
struct ReactionSpec {
  std::optional<std::string> mood = {};    // forced, by name
  std::optional<double> temperature = {};  // instead of the persona's base
  int top_k = 40;
  uint64_t seed = 0;
};

// One call at a time; the token may be cancelled from any thread. The backend must outlive it.
class YentSession {
 public:
  // Loads the voice. Throws file and run errors.
  YentSession(SessionConfig config, Backend& backend, Timings* timings = nullptr,
              const CancelToken* cancel = nullptr);

  // What Yent answers. `on_words` hears the reaction piece by piece as it is said (it may be
  // empty). Throws a usage error for an unknown mood, a cancelled error where the token says so;
  // nothing is remembered then.
  using OnWords = std::function<void(std::string_view piece)>;
  Reaction react(const std::string& said, const ReactionSpec& spec, const PromptLimit& limit,
                 const OnWords& on_words = {}, Timings* timings = nullptr,
                 const CancelToken* cancel = nullptr);

  // What has been said, the oldest first; to forget it.
  struct Turn {
    std::string said;
    Reaction reaction;
  };
  const std::vector<Turn>& memory() const { return memory_; }
  void forget() { memory_.clear(); }

  LanguageModel& voice() { return voice_; }

 private:
  Persona persona_;
  LanguageModel voice_;
  std::vector<Turn> memory_;
};

// The picture of a reaction: `painting` with the prompt that Yent chose, which is literal text.
PaintRequest request_for(const Reaction& reaction, PaintRequest painting);

}  // namespace yent
