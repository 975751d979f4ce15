#include "engine/pipeline/preset.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/support/hostile.h"

using namespace yent;
using yent::test::refusal;

namespace {

Preset only(const std::string& fields) {
  return parse_presets("{\"p\": {" + fields + "}}", "file").at(0);
}

std::string refused(const std::string& fields) {
  return refusal([&] { only(fields); });
}

}  // namespace

TEST_CASE("preset: inkpunk ships as its users paint with it") {
  const auto names = preset_names();
  REQUIRE(std::ranges::count(names, "inkpunk") == 1);
  const Preset p = find_preset("inkpunk");
  CHECK(p.prefix == "nvinkpunk ");
  CHECK(p.sampler == "ddpm");
  CHECK(p.steps == 80);
  CHECK(p.steps_offset == 0);
  CHECK(p.guidance == 7.5);
  CHECK(p.width == 512);
  CHECK(p.height == 512);
  CHECK(p.seed == 42);
  CHECK(p.strength == 0.8);
  CHECK(p.resampling == Resampling::bicubic);
  CHECK_FALSE(p.negative);
  REQUIRE(p.prompts.size() == 18);
  std::set<std::string> texts;
  for (const PresetPrompt& prompt : p.prompts) {
    texts.insert(prompt.text);
    CHECK(p.prefixed(prompt.text) == "nvinkpunk " + prompt.text);
    CHECK(prompt.negative);
  }
  CHECK(texts.size() == 18);
}

TEST_CASE("preset: the prefix comes once") {
  const Preset p = only(R"("prefix": "nvinkpunk ")");
  CHECK(p.prefixed("a cat") == "nvinkpunk a cat");
  CHECK(p.prefixed("a cat, NVInkPunk") == "a cat, NVInkPunk");
  CHECK(p.prefixed("nvinkpunk a cat") == "nvinkpunk a cat");
  CHECK(p.prefixed("") == "nvinkpunk ");
  CHECK(only("").prefixed("a cat") == "a cat");
}

TEST_CASE("preset: what is absent stays unset, prompts are texts or objects") {
  const Preset p = only(
      R"("steps": 9, "resize": "lanczos", "prompts": ["a", {"prompt": "b", "negative": "c"}])");
  CHECK(p.name == "p");
  CHECK(p.title == "p");
  CHECK(p.prefix.empty());
  CHECK(p.steps == 9);
  CHECK(p.resampling == Resampling::lanczos);
  CHECK_FALSE(p.sampler);
  CHECK_FALSE(p.width);
  CHECK_FALSE(p.seed);
  REQUIRE(p.prompts.size() == 2);
  CHECK(p.prompts[0].text == "a");
  CHECK_FALSE(p.prompts[0].negative);
  CHECK(p.prompts[1].negative == "c");
}

TEST_CASE("preset: a wrong field is named") {
  CHECK(refused(R"("step": 9)") ==
        "file: p: there is no field \"step\", expected one of title, prefix, negative, sampler, "
        "steps, steps_offset, guidance, width, height, seed, resize, strength, prompts; did you "
        "mean steps?");
  for (const char* fields : {R"("steps": 0)",
                             R"("steps": "9")",
                             R"("steps": 9.5)",
                             R"("guidance": -1)",
                             R"("guidance": 1e999)",
                             R"("guidance": NaN)",
                             R"("width": 500)",
                             R"("height": 0)",
                             R"("width": 1000000)",
                             R"("strength": 0)",
                             R"("strength": 1.5)",
                             R"("seed": -1)",
                             R"("seed": 1.5)",
                             R"("sampler": "magic")",
                             R"("resize": "nearest")",
                             R"("prefix": 3)",
                             R"("prefix": "a\u001bb")",
                             R"("title": "a\u009bb")",
                             R"("prompts": "a")",
                             R"("prompts": [3])",
                             R"("prompts": [{"negative": "a"}])",
                             R"("prompts": [{"prompt": "a", "seed": 3}])",
                             R"("prompts": ["a\nb"])",
                             R"("steps_offset": -1)"}) {
    CAPTURE(fields);
    CHECK(refused(fields).starts_with("file: "));
  }
  for (const char* text : {"", "[]", "{}", "3", R"({"a": 3})", R"({"a b": {}})", R"({"": {}})",
                           R"({"a": {}, "a": {}})", "{\"p\": {\"prefix\": \"\xff\"}}"}) {
    CAPTURE(text);
    CHECK(refusal([&] { parse_presets(text, "file"); }).starts_with("file: "));
  }
  std::string many = "\"a\"";
  for (int i = 0; i < 99; ++i) many += ", \"a\"";
  CHECK(refused("\"prompts\": [" + many + "]").ends_with("expected a list of at most 99"));
}

TEST_CASE("preset: a file with one preset or several") {
  const test::TemporaryFolder folder;
  const auto put = [&](const std::string& name, const std::string& text) {
    return folder.file(name, {reinterpret_cast<const uint8_t*>(text.data()), text.size()}).string();
  };
  const std::string one = put("one.json", R"({"a": {"steps": 3}})");
  const std::string two = put("two.json", R"({"a": {"steps": 3}, "b": {"steps": 4}})");
  CHECK(find_preset(one).steps == 3);
  CHECK(find_preset(one + ":a").steps == 3);
  CHECK(find_preset(two + ":b").steps == 4);
  CHECK(refusal([&] { find_preset(two); }) ==
        two + " has 2 presets, expected one of them behind a colon: a, b");
  CHECK(refusal([&] { find_preset(two + ":c"); }).starts_with(two + " has no preset c"));
  CHECK(refusal([&] { find_preset(one + ".missing"); }).starts_with(one + ".missing: "));
  CHECK(refusal([&] { find_preset("inkpnk"); }).ends_with("did you mean inkpunk?"));
  CHECK_FALSE(refusal([&] { find_preset(folder.path().string()); }).empty());
  const std::string large = put("large.json", std::string((1 << 20) + 1, ' '));
  CHECK(refusal([&] { find_preset(large); }).ends_with("expected presets of at most 1048576"));
}

TEST_CASE("preset: damaged files are refused or read") {
  const std::string text =
      R"({"a": {"prefix": "x ", "sampler": "ddpm", "steps": 80, "prompts": ["y", {"prompt": "z"}]}})";
  const test::Damage d = test::damage({text.begin(), text.end()}, "p.json",
                                      [](const auto& file) { find_preset(file.string()); });
  CHECK(d.cuts_accepted == 0);
  CHECK(d.changes_accepted > 0);  // letters of texts
  CHECK(d.changes_accepted < d.changes / 4);
}
