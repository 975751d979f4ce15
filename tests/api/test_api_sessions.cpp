// The C API from inside: conversations, styles and presets.
#include <doctest/doctest.h>

#include <cstddef>
#include <string>

#include "tests/support/golden.h"
#include "yent/yent.hpp"

using namespace yent_api;

namespace {

Device one_thread() {
  yent_device_params p = device_params();
  p.device = "cpu";
  p.threads = 1;
  return open_device(p);
}

Session toy_session(bool of_two) {
  const std::string voice = yent::golden_path("toy_voice.gguf");
  yent_session_params p = session_params();
  p.voice = voice.c_str();
  p.precision = "f32";
  p.two = p.dissonance = of_two ? 1 : 0;
  return open_session(one_thread(), p);
}

}  // namespace

TEST_CASE("api: two Yents, their dissonance, the roast, and a conversation that is kept") {
  const Session session = toy_session(true);
  yent_react_params r = react_params();
  CHECK(r.min_p == doctest::Approx(0.15));
  r.said = "rain";
  r.suffix = ", in chalk";
  r.seed = 3;
  const Reaction first = react(session, r);
  CHECK(std::string(yent_reaction_artist(first.get())) == "A");
  CHECK(std::string(yent_reaction_prompt(first.get())).ends_with(", in chalk"));
  CHECK(yent_reaction_dissonance(first.get()) >= 0);
  const std::string kept = save(session);
  CHECK(roast(session, r) == roast(session, r));
  CHECK(save(session) == kept);  // a roast is not remembered
  const Reaction second = react(session, r);
  CHECK(std::string(yent_reaction_artist(second.get())) == "B");
  CHECK(yent_reaction_dissonance(second.get()) < yent_reaction_dissonance(first.get()));
  CHECK(yent_reaction_boredom(second.get()) == 1);

  const Session later = toy_session(true);
  restore(later, kept);
  CHECK(yent_session_turns(later.get()) == 1);
  const Reaction again = react(later, r);
  CHECK(std::string(yent_reaction_words(again.get())) == yent_reaction_words(second.get()));
  CHECK(yent_reaction_dissonance(again.get()) == yent_reaction_dissonance(second.get()));
  CHECK_THROWS_AS(restore(later, "{}"), Error);
  CHECK(yent_session_turns(later.get()) == 2);  // it goes on as it was

  const Session alone = toy_session(false);
  const Reaction reaction = react(alone, r);
  CHECK(std::string(yent_reaction_artist(reaction.get())).empty());
  CHECK(yent_reaction_dissonance(reaction.get()) < 0);
}

TEST_CASE("api: a preset fills the parameters, a style has words and perhaps an adapter") {
  const Preset preset = find_preset("inkpunk");
  yent_paint_params p = paint_params();
  p.prompt = "a cat";
  CHECK(p.steps_offset == -1);
  REQUIRE(yent_preset_apply(preset.get(), &p) == YENT_OK);
  CHECK(std::string(p.sampler) == "ddpm");
  CHECK(p.steps == 80);
  CHECK(p.seed == 42);
  CHECK(p.steps_offset == 0);
  CHECK(std::string(p.resize) == "bicubic");
  CHECK(std::string(p.prompt) == "a cat");
  CHECK(prefixed(preset, "a cat") == "nvinkpunk a cat");
  CHECK(prefixed(preset, "NvInkpunk a cat") == "NvInkpunk a cat");
  size_t prompts = 0;
  while (yent_preset_prompt(preset.get(), prompts)) ++prompts;
  CHECK(prompts == 18);
  CHECK(yent_preset_negative(preset.get(), 0) != std::string());
  CHECK(yent_preset_negative(preset.get(), prompts) == nullptr);
  CHECK_THROWS_AS(find_preset("inkspot"), Error);

  const Style style = find_style("graffiti");
  CHECK(yent_style_suffix(style.get())[0] == ',');
  const Style elsewhere = find_style("graffiti", yent::golden_path("toy_painter").c_str());
  CHECK(yent_style_adapter(elsewhere.get()) == nullptr);
  CHECK_THROWS_AS(find_style("grafiti"), Error);
}

TEST_CASE("api: a preset leaves alone what an older caller's parameters do not have") {
  const Preset preset = find_preset("inkpunk");
  yent_paint_params p = paint_params();
  p.struct_size = offsetof(yent_paint_params, steps_offset);
  p.steps_offset = 7;
  REQUIRE(yent_preset_apply(preset.get(), &p) == YENT_OK);
  CHECK(p.steps == 80);
  CHECK(p.steps_offset == 7);
  CHECK(p.struct_size == offsetof(yent_paint_params, steps_offset));
}
