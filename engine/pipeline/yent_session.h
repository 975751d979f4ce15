// Yent as an object: words come in, reactions go out, one after another, and he remembers them.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/pipeline/language/language_model.h"
#include "engine/pipeline/pipeline.h"
#include "engine/yent/conversation.h"
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
  // Two Yents take turns: one reacts and paints, the other roasts the person. A reacts to the first
  // input with `voice`, B to the second with `second_voice`; where that is empty, `voice` is both.
  bool two = false;
  std::filesystem::path second_voice = {};
  // Temperatures follow from what was said before (engine/yent/dissonance.h), instead of from the
  // persona's rule.
  bool dissonance = false;
  Policy policy = Policy();
  int context = 0;  // tokens; 0: the file's
  Persona persona = built_in_persona();
  Messages messages = {};  // warnings that come with loading the voice
};

// How one reaction is made.
struct ReactionSpec {
  std::optional<std::string> mood = {};    // forced, by name
  std::optional<double> temperature = {};  // instead of the persona's base
  std::optional<std::string> suffix = {};  // a chosen style's, instead of a random one
  int max_tokens = 30;                     // of the detail
  int top_k = 40;
  // Drops tokens that are less likely than this share of the likeliest. A small voice spells rare
  // words from pieces; without it one detail in ten has a word that does not exist, with it one in
  // thirty.
  float min_p = 0.15f;
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

  // What the Yent who did not react last says to that person; sampled with the next seed, a little
  // hotter. It touches neither memory nor dissonance.
  std::string roast(const std::string& said, const ReactionSpec& spec,
                    const CancelToken* cancel = nullptr);

  // What has been said, the oldest first; to forget it.
  using Turn = yent::Turn;
  const std::vector<Turn>& memory() const { return conversation_.turns(); }
  void forget() { conversation_ = {}; }

  // All that outlives a turn, to be kept elsewhere, and to go on from.
  const Conversation& conversation() const { return conversation_; }
  void go_on(Conversation conversation) { conversation_ = std::move(conversation); }

  const Persona& persona() const { return persona_; }
  LanguageModel& voice() { return voice_; }

 private:
  bool b_reacts_to(int64_t turn) const { return two_ && turn % 2 == 1; }
  LanguageModel& voice_of(bool b) { return b && second_voice_ ? *second_voice_ : voice_; }

  Persona persona_;
  bool two_, listens_;
  LanguageModel voice_;
  std::unique_ptr<LanguageModel> second_voice_;  // of two that differ
  Conversation conversation_;
};

// The picture of a reaction: `painting` with the prompt that Yent chose, which is literal text.
PaintRequest request_for(const Reaction& reaction, PaintRequest painting);

}  // namespace yent
