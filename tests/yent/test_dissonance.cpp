// Dissonance against tests/golden/dissonance.py, and conversations that are kept as JSON.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "engine/yent/conversation.h"
#include "engine/yent/persona.h"
#include "engine/yent/roast.h"
#include "kernels/error.h"
#include "tests/support/tree.h"

using namespace yent;

namespace {

const Emotions& emotions() {
  static const Persona tables = built_in_persona();
  return tables.emotions;
}

Json golden() {
  std::ifstream in(in_tree("tests/golden/dissonance.json"));
  const std::string text(std::istreambuf_iterator<char>(in), {});
  return parse_json(text, "dissonance.json");
}

std::string refused(const std::string& json) {
  try {
    Conversation::restored(parse_json(json, "s"), "s");
  } catch (const Error& error) {
    CHECK(error.kind() == Error::file);
    return error.what();
  }
  return "accepted";
}

std::string roast_of(const std::vector<std::string>& pieces) {
  Roast roast;
  for (const std::string& piece : pieces) {
    if (!roast.take(piece)) break;
  }
  return roast.text();
}

}  // namespace

TEST_CASE("dissonance: conversations are heard as the golden ones") {
  int turns = 0;
  for (const Json& conversation : golden()) {
    CAPTURE(conversation["name"].dump());
    Dissonance dissonance;
    for (const Json& turn : conversation["turns"]) {
      CAPTURE(turn["said"].dump());
      const double d = dissonance.hear(*turn["said"].text(), emotions());
      CHECK(d == doctest::Approx(*turn["dissonance"].number()).epsilon(1e-12));
      CHECK(dissonance.boredom() == turn["boredom"].integer());
      const std::vector<double> heat = turn["heat"].get<std::vector<double>>();
      CHECK(dissonant_temperature(d, 0.8) == static_cast<float>(heat[0]));
      CHECK(dissonant_temperature(d, 0) == static_cast<float>(heat[1]));
      CHECK(dissonant_temperature(d, 3) == static_cast<float>(heat[2]));
      ++turns;
    }
    const Json cloud = dissonance.state()["cloud"];
    CHECK(cloud.size() == conversation["cloud"].size());
    for (const auto& member : conversation["cloud"].items()) {
      const std::string& word = member.key;
      CAPTURE(word);
      CHECK(cloud.at(word).get<double>() == doctest::Approx(*member.value.number()).epsilon(1e-12));
    }
  }
  CHECK(turns >= 60);
}

TEST_CASE("dissonance: a conversation goes on from its JSON as if it had never stopped") {
  const std::vector<std::string> lines = {
      "who are you",       "who are you", "я тебя люблю", "who are you?", "",
      "what a day it was", "who are you"};
  for (size_t pause = 0; pause < lines.size(); ++pause) {
    Dissonance whole;
    Conversation first;
    for (size_t i = 0; i < lines.size(); ++i) {
      if (i == pause) {
        const std::string text = first.state().dump(1);
        first = Conversation::restored(parse_json(text, "s"), "s");
        CHECK(first.state().dump(1) == text);
      }
      const double d = whole.hear(lines[i], emotions());
      CHECK(first.dissonance.hear(lines[i], emotions()) == d);
      first.add({lines[i], {.mood = "sad", .starter = "a cat", .dissonance = d}});
    }
    CHECK(first.count() == static_cast<int64_t>(lines.size()));
    CHECK(first.turns().back().said == "who are you");
    CHECK(first.dissonance.state() == whole.state());
  }
}

TEST_CASE("dissonance: a kept conversation has the last twenty turns and their count") {
  Conversation conversation;
  for (int i = 0; i < 50; ++i) {
    conversation.add({std::to_string(i), {.starter = "a cat", .detail = "x", .suffix = ", y"}});
  }
  const Conversation kept = Conversation::restored(conversation.state(), "s");
  CHECK(kept.count() == 50);
  REQUIRE(kept.turns().size() == 20);
  CHECK(kept.turns().front().said == "30");
  CHECK(kept.turns().front().reaction.prompt == "a cat x, y");
}

TEST_CASE("dissonance: hostile inputs stay within bounds") {
  Dissonance dissonance;
  std::string text;
  for (int i = 0; i < 40000; ++i) text += "word" + std::to_string(i) + " ";
  CHECK(dissonance.hear(text, emotions()) == 1);
  CHECK(dissonance.state()["cloud"].size() == 10000);
  const std::string giant(1 << 20, 'x');
  dissonance.hear(giant, emotions());
  CHECK(dissonance.state()["ngrams"][0].text()->size() == 64);
  dissonance.hear("\xff\xfe \x80", emotions());
  for (int i = 0; i < 20; ++i) dissonance.hear(std::string(20000, 'a') + " a a a a a", emotions());
  std::string same;
  for (int i = 0; i < 9000; ++i) same += "a ";
  for (int i = 0; i < 5; ++i) dissonance.hear(same, emotions());
  const Json state = dissonance.state();  // no weight has become infinite
  CHECK(Dissonance::restored(parse_json(state.dump(), "s"), "s").state() == state);
}

TEST_CASE("dissonance: a damaged conversation is one sentence") {
  const std::string good = Conversation().state().dump();
  CHECK(refused(good) == "accepted");
  for (const char* json : {"[]", "{}", "null", "\"yent session 1\"",
                           R"({"format": "yent session 2"})", R"({"format": "yent session 1"})"}) {
    CHECK(refused(json).starts_with("s: "));
  }
  const auto changed = [&](const char* key, Json value) {
    Json json = parse_json(good, "s");
    json[key] = std::move(value);
    return refused(json.dump());
  };
  CHECK(changed("boredom", -1).starts_with("s: \"boredom\" is -1"));
  CHECK(changed("boredom", 1e300).starts_with("s: \"boredom\""));
  CHECK(changed("count", "many").starts_with("s: \"count\""));
  CHECK(changed("cloud", 7).starts_with("s: cloud is a number"));
  CHECK(changed("cloud", Json::object({{"a", -0.5}})).starts_with("s: a word's weight is -0.5"));
  CHECK(changed("cloud", Json::object({{"a", Json()}})).starts_with("s: a word's weight is null"));
  CHECK(changed("ngrams", Json::array({1})).starts_with("s: \"ngrams\""));
  CHECK(changed("turns", 1).starts_with("s: turns is a number"));
  CHECK(changed("turns", Json::array({1})).starts_with("s: "));
  CHECK(changed("turns", Json::array({Json::object()})).starts_with("s: \"said\" is missing"));
}

TEST_CASE("yent: a roast ends at a newline or past 300 bytes, not at a quotation mark") {
  CHECK(roast_of({" You", " call", " that sad?\nYent", " more"}) == "You call that sad?");
  CHECK(roast_of({"\n", " Oh.\n", "Sure,", " \"genius\"", ".", "\n", "x"}) ==
        "Oh. Sure, \"genius\".");
  CHECK(roast_of({"0123456789", "\n", "x", "\n"}) == "0123456789 x");  // ten bytes are not enough
  CHECK(roast_of({"\x1b[31m red", "\xD0"}) == "[31m red");
  CHECK(roast_of({}).empty());
  Roast endless;
  int pieces = 0;
  while (endless.take(" кот") && pieces < 1000) ++pieces;  // 7 bytes each
  CHECK(pieces == 42);
}
