#include "tools/talk/speaker.h"

#include <algorithm>
#include <filesystem>

#include "engine/pipeline/assets.h"
#include "engine/pipeline/named_policy.h"
#include "kernels/devices.h"
#include "kernels/error.h"
#include "loaders/io/output_file.h"
#include "tools/paint_request.h"

namespace yent {
namespace {

// What a file keeps, or nothing where there is no file yet.
Conversation conversation_in(const std::string& path) {
  std::error_code error;
  if (path.empty() || !std::filesystem::exists(path, error)) return {};
  return Conversation::restored(read_json(path), path);
}

// 0.9, not 0.8999999.
double shortest(float value) { return std::stod(fmt::format("{}", value)); }

}  // namespace

Speaker::Speaker(Run& run) : run_(run) {
  const Options& o = run.options;
  Conversation conversation = conversation_in(o.session);
  SessionConfig config{.voice = voice_path(o.llm),
                       .two = o.dual,
                       .dissonance = o.interactive || !o.session.empty(),
                       .policy = run.policy,
                       .context = o.context};
  config.messages.warn = [&run](const std::string& sentence) { run.console.warn(sentence); };
  if (!o.second_llm.empty()) config.second_voice = voice_path(o.second_llm);
  if (o.dual) {
    own_backend_ = std::move(make_backends("cpu", o.isa, 1, 1).front());
    config.policy = named_policy(o.policy, o.precision, *own_backend_);
  }
  session_ = std::make_unique<YentSession>(
      std::move(config), own_backend_ ? *own_backend_ : run.backend(), &run.timings);
  session_->go_on(std::move(conversation));
  if (o.explain) print_layers(run, session_->voice().resolved());
}

ReactionSpec Speaker::spec() const {
  const Options& o = run_.options;
  ReactionSpec spec{.temperature = o.temperature, .top_k = o.top_k, .seed = run_.seed};
  if (!o.mood.empty()) spec.mood = o.mood;
  if (!o.style.empty()) spec.suffix = chosen_style(o).suffix;
  return spec;
}

Reaction Speaker::answer(const std::string& said, const ReactionSpec& spec,
                         const PromptLimit& limit, const CancelToken* cancel) {
  const Reaction reaction = session_->react(said, spec, limit, {}, &run_.timings, cancel);
  const std::string& file = run_.options.session;
  if (!file.empty()) {
    write_file_atomically(file, session_->conversation().state().dump(1) + "\n");
  }
  tell(said, reaction, spec);
  return reaction;
}

std::string Speaker::roast(const std::string& said, const ReactionSpec& spec,
                           const CancelToken* cancel) {
  return session_->roast(said, spec, cancel);
}

std::string Speaker::commentator() const {
  const auto& memory = session_->memory();
  return !memory.empty() && memory.back().reaction.artist == "A" ? "B" : "A";
}

void Speaker::tell(const std::string& said, const Reaction& reaction, const ReactionSpec& spec) {
  Json& report = run_.report;
  report["said"] = said;
  report["words"] = reaction.words;
  report["starter"] = reaction.starter;
  report["detail"] = reaction.detail;
  report["suffix"] = reaction.suffix;
  report["prompt"] = reaction.prompt;
  report["mood"] = reaction.mood;
  report["temperature"] = shortest(reaction.temperature);
  if (!reaction.artist.empty()) report["artist"] = reaction.artist;
  std::string heard;
  if (reaction.dissonance) {
    report["dissonance"] = *reaction.dissonance;
    report["boredom"] = reaction.boredom;
    heard = fmt::format("dissonance {:.3g}, boredom {}, ", *reaction.dissonance, reaction.boredom);
  }
  run_.console.note(
      fmt::format("mood {}, {}temperature {:.3g}, starter \"{}\", style \"{}\", seed {}",
                  reaction.mood, heard, reaction.temperature, reaction.starter,
                  reaction.suffix.substr(std::min<size_t>(2, reaction.suffix.size())), spec.seed));
}

}  // namespace yent
