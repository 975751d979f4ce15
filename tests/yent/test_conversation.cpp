// YentSession as a conversation: dissonance, two Yents, and going on from what was kept.
#include <doctest/doctest.h>

#include <algorithm>

#include "engine/pipeline/yent_session.h"
#include "engine/yent/mood.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/error.h"
#include "tests/support/golden.h"

using namespace yent;

namespace {

std::unique_ptr<Backend> one_thread() { return make_cpu_backend({.threads = 1}); }

SessionConfig listening() { return {.voice = golden_path("toy_voice.gguf"), .dissonance = true}; }

}  // namespace

TEST_CASE("conversation: every input is heard once, and heats the reaction") {
  const auto backend = one_thread();
  YentSession session(listening(), *backend);
  Dissonance expected;
  for (const char* said : {"who are you", "who are you", "who are you", "I love you", "hi", ""}) {
    CAPTURE(said);
    const double d = expected.hear(said, session.persona().emotions);
    const Reaction reaction = session.react(said, {.temperature = 0.6, .seed = 3}, {});
    CHECK(reaction.dissonance == d);
    CHECK(reaction.boredom == expected.boredom());
    CHECK(reaction.temperature == dissonant_temperature(d, 0.6));
    CHECK(reaction.artist.empty());
  }
  CHECK(session.conversation().dissonance.state() == expected.state());
  CancelToken token;
  token.cancel();
  CHECK_THROWS_AS(session.react("who are you", {}, {}, {}, nullptr, &token), Error);
  CHECK_THROWS_AS(session.react("who are you", {.mood = "hungry"}, {}), Error);
  CHECK(session.conversation().dissonance.state() == expected.state());
  CHECK(session.conversation().count() == 6);

  YentSession deaf({.voice = golden_path("toy_voice.gguf")}, *backend);
  const Reaction plain = deaf.react("hi", {}, {});
  CHECK_FALSE(plain.dissonance.has_value());
  CHECK(plain.temperature == doctest::Approx(0.95));
}

TEST_CASE("conversation: a session goes on where another one stopped") {
  const auto backend = one_thread();
  YentSession whole(listening(), *backend), first(listening(), *backend);
  for (const char* said : {"who are you", "who are you"}) {
    whole.react(said, {.seed = 1}, {});
    first.react(said, {.seed = 1}, {});
  }
  YentSession second(listening(), *backend);
  const std::string kept = first.conversation().state().dump();
  second.go_on(Conversation::restored(parse_json(kept, "s"), "s"));
  CHECK(second.memory().size() == 2);
  CHECK(second.memory()[1].reaction.prompt == whole.memory()[1].reaction.prompt);
  const Reaction a = whole.react("who are you", {.seed = 2}, {});
  const Reaction b = second.react("who are you", {.seed = 2}, {});
  CHECK(a.prompt == b.prompt);
  CHECK(a.boredom == 2);
  CHECK(b.boredom == 2);
  second.forget();
  CHECK(second.react("who are you", {.seed = 2}, {}).boredom == 0);
}

TEST_CASE("conversation: two Yents take turns, answer back, and roast without a trace") {
  const auto backend = one_thread();
  SessionConfig config = listening();
  config.two = true;
  YentSession session(config, *backend);
  for (int turn = 0; turn < 4; ++turn) {
    const ReactionSpec spec{.seed = static_cast<uint64_t>(turn)};
    const Reaction reaction = session.react("I am so sad and alone", spec, {});
    CHECK(reaction.artist == (turn % 2 == 0 ? "A" : "B"));
    const auto& starters = mood_named("sad", session.persona()).opposition;
    CHECK(std::ranges::count(starters, reaction.starter) == 1);
    const Json before = session.conversation().state();
    const std::string roast = session.roast("I am so sad and alone", spec);
    CHECK(roast == session.roast("I am so sad and alone", spec));
    CHECK(roast.size() <= 320);
    CHECK(roast.find('\n') == roast.npos);
    CHECK(session.conversation().state() == before);
  }
  CancelToken token;
  token.cancel();
  CHECK_THROWS_AS(session.roast("x", {}, &token), Error);
}
