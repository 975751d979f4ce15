#include "tools/server/workers/voice_worker.h"

#include <algorithm>
#include <chrono>

#include "engine/pipeline/assets.h"
#include "engine/pipeline/named_policy.h"
#include "kernels/devices.h"
#include "tools/server/workers/there_and_back.h"

namespace yent::server {
namespace {

Conversation conversation_from(const std::string& state) {
  if (state.empty()) return {};
  try {
    return Conversation::restored(parse_json(state, "the conversation"), "the conversation");
  } catch (const Error&) {
    return {};  // of another version: one that is forgotten is better than no answer
  }
}

// Where a text ends: at the first of these, which is no part of it.
class StopTexts {
 public:
  explicit StopTexts(const std::vector<std::string>& stops) : stops_(stops) {}

  // Takes a piece and returns what of it can be told: the beginning of a stop is held back.
  std::string take(std::string_view piece) {
    held_ += piece;
    size_t end = held_.size();
    for (const std::string& stop : stops_) {
      const size_t at = held_.find(stop);
      if (at != held_.npos && !stop.empty()) {
        stopped_ = true;
        return held_.substr(0, at);
      }
      for (size_t n = std::min(stop.size(), held_.size()); n > 0; --n) {
        if (!held_.ends_with(stop.substr(0, n))) continue;
        end = std::min(end, held_.size() - n);
        break;
      }
    }
    std::string told = held_.substr(0, end);
    held_.erase(0, end);
    return told;
  }

  bool stopped() const { return stopped_; }
  std::string rest() { return stopped_ ? "" : std::move(held_); }

 private:
  const std::vector<std::string>& stops_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace

VoiceWorker::VoiceWorker(Loop& loop, const Shelf& shelf, VoiceConfig config, Loaded loaded)
    : loop_(loop), shelf_(shelf) {
  thread_.post(
      [this, config = std::move(config), loaded = std::move(loaded)] { load(config, loaded); });
}

VoiceWorker::~VoiceWorker() { thread_.finish(); }

void VoiceWorker::load(const VoiceConfig& config, const Loaded& loaded) {
  std::optional<Error> failed;
  std::string about;
  try {
    backend_ = std::move(make_backends("cpu", config.isa, 1, 1).front());
    SessionConfig session{.voice = shelf_.voice(),
                          .two = true,
                          .dissonance = true,
                          .policy = named_policy(config.policy, config.precision, *backend_)};
    session_ = std::make_unique<YentSession>(std::move(session), *backend_);
    const LlamaConfig& network = session_->voice().config();
    about = fmt::format("{} layers, {} dim", network.layers, network.width);
    limit_of("default");
  } catch (const Error& error) {
    failed = error;
  } catch (const std::exception& error) {
    failed = run_error("{}", error.what());
  }
  loop_.post([loaded, failed, about] { loaded(failed, about); });
}

const PromptLimit& VoiceWorker::limit_of(const std::string& model) {
  if (limit_model_ != model) {
    limit_ = prompt_limit(shelf_.model(model), {.fallback = [] { return shipped("clip"); }});
    limit_model_ = model;
  }
  return limit_;
}

void VoiceWorker::start(VoiceTask given) {
  struct Speaking {
    VoiceTask task;
    std::optional<Failure> failure = {};
    bool cancelled = false;
  };
  const auto speaking = std::make_shared<Speaking>(Speaking{std::move(given)});
  there_and_back(
      thread_, loop_,
      [this, speaking] {
        try {
          CancelToken::check(&speaking->task.signals->cancel);
          if (!session_) throw run_error("the voice is not loaded");
          speak(speaking->task);
        } catch (const Error& error) {
          speaking->cancelled = error.kind() == Error::cancelled;
          const Fault fault = error.kind() == Error::usage ? Fault::bad_request : Fault::failed;
          if (!speaking->cancelled) {
            speaking->failure = Failure{fault, shelf_.without_paths(error.what())};
          }
        } catch (const std::exception& error) {
          speaking->failure = Failure{Fault::failed, error.what()};
        }
      },
      [speaking] { speaking->task.news.ended(speaking->failure, speaking->cancelled); });
}

void VoiceWorker::speak(const VoiceTask& task) {
  task.spec.kind == JobKind::complete ? complete(task) : react(task);
}

ReactionSpec VoiceWorker::reaction_spec(const VoiceTask& task) const {
  const VoiceWish& wish = task.spec.voice;
  ReactionSpec spec{
      .temperature = wish.temperature, .max_tokens = wish.max_tokens, .seed = task.spec.seed};
  if (!wish.mood.empty()) spec.mood = wish.mood;
  const PaintWish& painting = task.spec.painting;
  if (!painting.style.empty()) spec.suffix = shelf_.style(painting.style, painting.model).suffix;
  return spec;
}

void VoiceWorker::react(const VoiceTask& task) {
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  const VoiceWish& wish = task.spec.voice;
  const ReactionSpec spec = reaction_spec(task);
  const CancelToken* cancel = &task.signals->cancel;
  session_->go_on(conversation_from(task.conversation));
  const auto tell = [this, &task](std::string_view piece, bool roast) {
    loop_.post([hear = task.news.word, piece = std::string(piece), roast] { hear(piece, roast); });
  };
  VoiceNews::Reacted reacted;
  reacted.answer.reaction = session_->react(
      wish.input, spec, limit_of(task.spec.painting.model),
      [&](std::string_view piece) { tell(piece, false); }, nullptr, cancel);
  reacted.answer.elapsed_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began).count();
  reacted.conversation = session_->conversation().state().dump();
  reacted.prompt_tokens = session_->voice().count_tokens(wish.input);
  reacted.tokens = session_->voice().count_tokens(reacted.answer.reaction.words);
  loop_.post([hear = task.news.reacted, reacted = std::move(reacted)] { hear(reacted); });
  if (!wish.roast) return;
  std::string roast = session_->roast(wish.input, spec, cancel);
  loop_.post([hear = task.news.roasted, roast = std::move(roast)] { hear(roast); });
}

void VoiceWorker::complete(const VoiceTask& task) {
  const VoiceWish& wish = task.spec.voice;
  LanguageModel& voice = session_->voice();
  std::mt19937_64 generator(task.spec.seed);
  StopTexts stops(wish.stop);
  VoiceNews::Completed completed;
  const auto tell = [&](std::string piece) {
    if (piece.empty()) return;
    completed.text += piece;
    loop_.post([hear = task.news.word, piece = std::move(piece)] { hear(piece, false); });
  };
  const auto result =
      voice.generate({.text = wish.input,
                      .special = false,  // what strangers write controls nothing
                      .bos = voice.adds_bos(),
                      .eos = voice.adds_eos(),
                      .max_tokens = wish.max_tokens,
                      .sampling = {.temperature = static_cast<float>(wish.temperature),
                                   .top_k = wish.top_k,
                                   .top_p = static_cast<float>(wish.top_p),
                                   .min_p = static_cast<float>(wish.min_p),
                                   .repeat_penalty = static_cast<float>(wish.repeat_penalty)},
                      .cut_to_fit = true,
                      .cancel = &task.signals->cancel},
                     generator, [&](std::string_view piece) {
                       tell(stops.take(piece));
                       return !stops.stopped();
                     });
  tell(stops.rest());
  completed.prompt_tokens = static_cast<int>(result.prompt.size());
  completed.tokens = static_cast<int>(result.generated.size());
  completed.by_length = !stops.stopped() && completed.tokens >= wish.max_tokens;
  loop_.post([hear = task.news.completed, completed] { hear(completed); });
}

}  // namespace yent::server
