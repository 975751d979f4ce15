// Yent's rules, with a language model that says the pieces a test gives it.
#include <doctest/doctest.h>

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string>
#include <vector>

#include "engine/core/random.h"
#include "engine/yent/context.h"
#include "engine/yent/detail.h"
#include "engine/yent/mood.h"
#include "engine/yent/reaction.h"
#include "engine/yent/words.h"
#include "kernels/error.h"
#include "loaders/io/utf8.h"

using namespace yent;

namespace {

const Persona& persona() {
  static const Persona tables = built_in_persona();
  return tables;
}

std::string mood(std::string_view words) { return mood_of(words, persona()).name; }

// Says the pieces in turn and remembers the questions.
struct Script {
  std::vector<std::string> pieces;
  std::string context = {};
  float temperature = 0;
  size_t said = 0;

  Generate generate() {
    return [this](std::string_view asked, float heat, int max_tokens, const auto& on_piece) {
      context = asked;
      temperature = heat;
      for (said = 0; said < pieces.size() && static_cast<int>(said) < max_tokens;) {
        if (!on_piece(pieces[said++])) return;
      }
    };
  }
};

std::string detail_of(std::initializer_list<std::string_view> pieces) {
  Detail detail;
  for (const std::string_view piece : pieces) {
    if (!detail.take(piece)) break;
  }
  return detail.text();
}

int count_words(std::string_view text) {
  return static_cast<int>(std::count(text.begin(), text.end(), ' ')) + 1;
}

}  // namespace

TEST_CASE("yent: words fold and end at word boundaries") {
  using Words = std::vector<std::string>;
  CHECK(folded_words("Don't PANIC, cat's-food… 42") ==
        Words{"don't", "panic", "cat", "food", "42"});
  CHECK(folded_words("I don’t") == Words{"i", "don't"});
  CHECK(folded_words("ЁЖ ёлки Ель") == Words{"еж", "елки", "ель"});
  CHECK(folded_words("е\u0308ж и\u0306од мо\u0301ре") == Words{"еж", "йод", "море"});  // decomposed
  CHECK(folded_words("ÀÉ×ß") == Words{"àé", "ß"});
  CHECK(folded_words("«кот»—cat") == Words{"кот", "cat"});
  CHECK(folded_words("猫🐈cat") == Words{"猫", "cat"});
  CHECK(folded_words(" \t'?!'… ").empty());
  CHECK(folded_words("").empty());
  CHECK(folded_words("a\xFFsad\x80") == Words{"a", "sad"});
}

TEST_CASE("yent: moods of the gallery") {
  CHECK(mood("fuck off") == "angry");
  CHECK(mood("you are beautiful") == "love");
  CHECK(mood("I feel nothing") == "bored");
  CHECK(mood("draw me a cat") == "cat");
  CHECK(mood("the meaning of life") == "default");
  CHECK(mood("my code has bugs") == "default");
  CHECK(mood("revolution") == "default");
}

TEST_CASE("yent: inflected and Russian forms count") {
  CHECK(mood("She HATES mondays") == "angry");
  CHECK(mood("stop crying!") == "sad");
  CHECK(mood("two hearts") == "love");
  CHECK(mood("everything is boring") == "bored");
  CHECK(mood("my cat's dinner") == "cat");
  CHECK(mood("Ducks.") == "duck");
  CHECK(mood("he died yesterday") == "death");
  CHECK(mood("hey") == "greeting");
  CHECK(mood("Мне так ГРУСТНО") == "sad");
  CHECK(mood("я тебя ненавижу") == "angry");
  CHECK(mood("какая красота!") == "love");
  CHECK(mood("мне скучно") == "bored");
  CHECK(mood("покорми котёнка") == "cat");
  CHECK(mood("покорми котенка") == "cat");
  CHECK(mood("резиновая уточка") == "duck");
  CHECK(mood("мы все умрём") == "death");
  CHECK(mood("Привет") == "greeting");
}

TEST_CASE("yent: a keyword inside another word does not count") {
  for (const char* words :
       {"this is it", "the soldier came home", "education matters", "ambassador", "scatter",
        "diet soda", "concatenate", "glove compartment", "whitehat", "shiver", "aqueduct",
        "котлета", "который час", "утки-парень"}) {
    CAPTURE(words);
    const bool duck = std::string(words).starts_with("утки");  // a hyphen does end a word
    CHECK(mood(words) == (duck ? "duck" : "default"));
  }
}

TEST_CASE("yent: the first mood of the table wins") {
  CHECK(mood("I hate to be alone") == "sad");
  CHECK(mood("I love my dead cat") == "love");
  CHECK(mood("hi, draw a duck") == "duck");
}

TEST_CASE("yent: an unknown mood is refused by name") {
  CHECK(mood_named("duck", persona()).name == "duck");
  CHECK_THROWS_WITH_AS(
      mood_named("happy", persona()),
      "mood happy is unknown, expected one of sad, angry, love, bored, cat, duck, death, "
      "greeting, default",
      Error);
}

TEST_CASE("yent: the temperature table") {
  const auto temperature = [](std::string_view words, double base = 0.8) {
    return doctest::Approx(reaction_temperature(words, persona(), base));
  };
  CHECK(0.95f == temperature("hi"));
  CHECK(0.95f == temperature("test"));
  CHECK(0.80f == temperature("the meaning of life"));
  CHECK(0.70f == temperature("I fucking hate everything"));
  CHECK(0.70f == temperature("I love you so much it hurts"));
  CHECK(0.90f == temperature("who are you"));
  CHECK(0.85f == temperature("love"));  // 0.8 + 0.15 - 0.1
  CHECK(0.80f == temperature("the soldier's whatever skill"));
  CHECK(0.70f == temperature("я тебя очень люблю"));
  CHECK(1.0f == temperature("hi", 1.3));
  CHECK(0.5f == temperature("how I would kill for dinner", 0.2));
  CHECK(0.62f == temperature("how I would walk to dinner", 0.62));
}

TEST_CASE("yent: a detail ends at a mark once it is long enough") {
  CHECK(detail_of({" a b", ".", " pigs", " in", " cheap", " suits", ".", " And"}) ==
        "a b. pigs in cheap suits");
  CHECK(detail_of({"0123456789abcd", ".", "x", "!"}) == "0123456789abcd.x");  // 15 bytes: too short
  CHECK(detail_of({"0123456789abcde", ",", "x", "!"}) == "0123456789abcde");  // 16 bytes
  CHECK(detail_of({" a very long sentence with. a dot inside", " goes on"}) ==
        "a very long sentence with. a dot inside goes on");
  CHECK(detail_of({" is this the end of it", "?", " no"}) == "is this the end of it? no");
}

TEST_CASE("yent: a newline or a quotation mark drops its piece") {
  CHECK(detail_of({" rats", " eat\nWords", " more"}) == "rats");
  CHECK(detail_of({" rats", " sing \"la", " more"}) == "rats");
  CHECK(detail_of({" rats", " sing “la”", " more"}) == "rats");
  CHECK(detail_of({" rats", "\xE2", "\x80", "\x9C", " more"}) == "rats");  // byte by byte
  CHECK(detail_of({"\n", "rats"}) == "");
}

TEST_CASE("yent: a detail is trimmed and never cut inside a character") {
  CHECK(detail_of({" rats...", " ;?! "}) == "rats");
  CHECK(detail_of({" ", ".,;:!? "}) == "");
  CHECK(detail_of({}) == "");
  CHECK(detail_of({" \xD0\xBA\xD0\xBE", "\xD1"}) == "ко");

  Detail endless;
  int pieces = 0;
  while (endless.take(" кот") && pieces < 1000) ++pieces;  // 7 bytes each; 512 is inside a letter
  CHECK(pieces == 73);
  CHECK(endless.text().size() <= 512);
  CHECK(decode_utf8(endless.text()).find(char32_t{0xFFFD}) == std::u32string::npos);
}

TEST_CASE("yent: the context quotes the words and ends with the starter") {
  Script script{{" pigeons in cheap suits."}};
  std::mt19937_64 generator(7);
  const Reaction reaction =
      react("draw me a\n\tcat {starter} ", persona(), script.generate(), generator);
  CHECK(script.context.find("\"draw me a cat {starter}\"\n") != std::string::npos);
  CHECK(script.context.ends_with(" " + reaction.starter));
  CHECK(script.temperature == reaction.temperature);
}

TEST_CASE("yent: a long speech keeps its end, whole words and whole characters") {
  CHECK(fill_context("<{words}>", "one two three", "", 9) == "<two three>");
  CHECK(fill_context("<{words}>", "one two three", "", 8) == "<three>");
  CHECK(fill_context("<{words}>", "котёнок", "", 5) == "<ок>");  // two bytes a letter
  CHECK(fill_context("<{words}>", "one", "", 0) == "<>");
  CHECK(fill_context("{words}{starter}{words", "a{words}b", "s", 99) == "a{words}bs{words");
}

TEST_CASE("yent: starter, detail and suffix make the prompt") {
  Script script{{" pigeons", " in", " cheap", " suits", ".", " never said"}};
  std::mt19937_64 generator(11);
  const Reaction r = react("draw a duck", persona(), script.generate(), generator);
  CHECK(script.said == 5);
  CHECK(r.mood == "duck");
  const auto& starters = mood_named("duck", persona()).starters;
  CHECK(std::count(starters.begin(), starters.end(), r.starter) == 1);
  CHECK(r.detail == "pigeons in cheap suits");
  CHECK(r.words == r.starter + " pigeons in cheap suits");
  CHECK(r.suffix.front() == ',');
  CHECK(r.prompt == r.words + r.suffix);
}

TEST_CASE("yent: silence is answered with a fallback") {
  Script silent{{"\n"}};
  std::mt19937_64 generator(3);
  const Reaction r = react("hm", persona(), silent.generate(), generator);
  CHECK(std::count(persona().fallbacks.begin(), persona().fallbacks.end(), r.detail) == 1);
}

TEST_CASE("yent: mood, temperature and style can be chosen") {
  Script script{{" pigeons in cheap suits."}};
  std::mt19937_64 generator(5);
  const Reaction r = react("tell me something about taxes", persona(), script.generate(), generator,
                           {.mood = "death", .base_temperature = 0.6, .style_suffix = ", tags"});
  CHECK(r.mood == "death");
  CHECK(r.temperature == doctest::Approx(0.6));
  CHECK(r.prompt.ends_with(" pigeons in cheap suits, tags"));
  CHECK_THROWS_AS(react("x", persona(), script.generate(), generator, {.mood = "joy"}), Error);
}

TEST_CASE("yent: a prompt too long loses words of the detail, never of the suffix") {
  const std::string speech = " собака и, кот и ещё одна очень длинная собака на крыше";
  for (int capacity = 0; capacity < 40; ++capacity) {
    Script script{{speech}};
    std::mt19937_64 generator(13);
    const Reaction r = react("well", persona(), script.generate(), generator,
                             {.clip_tokens = count_words, .clip_capacity = capacity});
    CAPTURE(capacity);
    CHECK(r.prompt == r.words + r.suffix);
    CHECK(r.words == (r.detail.empty() ? r.starter : r.starter + " " + r.detail));
    CHECK((r.detail.empty() || count_words(r.prompt) <= capacity));
    CHECK(speech.substr(1).starts_with(r.detail));
    CHECK_FALSE(r.detail.ends_with(","));
    if (capacity > 30) CHECK(r.detail == speech.substr(1));
  }
}

TEST_CASE("yent: one seed gives one reaction, draws in the promised order") {
  const auto run = [](uint64_t seed, int tokens) {
    std::mt19937_64 generator(seed);
    const Generate sampler = [&](std::string_view, float, int, const auto& on_piece) {
      for (int i = 0; i < tokens; ++i) on_piece(fmt::format(" {}", draw_index(generator, 1000)));
    };
    return react("anything", persona(), sampler, generator);
  };
  std::set<std::string> prompts;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    CHECK(run(seed, 4).prompt == run(seed, 4).prompt);
    prompts.insert(run(seed, 4).prompt);

    std::mt19937_64 expected(seed);
    const Reaction r = run(seed, 2);
    const auto& starters = persona().moods.back().starters;
    CHECK(r.starter == starters[draw_index(expected, starters.size())]);
    const auto first = draw_index(expected, 1000), second = draw_index(expected, 1000);
    CHECK(r.detail == fmt::format("{} {}", first, second));
    CHECK(r.suffix == persona().suffixes[draw_index(expected, persona().suffixes.size())].text);
  }
  CHECK(prompts.size() == 20);
}

TEST_CASE("yent: draws are uniform and known") {
  std::mt19937_64 generator;  // the standard fixes its 10000th number
  generator.discard(9999);
  CHECK(draw_unit(generator) == static_cast<double>(9981545732273789042ULL >> 11) / 0x1p53);
  std::vector<int> seen(7);
  for (int i = 0; i < 7000; ++i) ++seen.at(draw_index(generator, seen.size()));
  for (const int n : seen) CHECK(n == doctest::Approx(1000).epsilon(0.15));
}

TEST_CASE("yent: the tables keep the persona's promises") {
  for (const Mood& m : persona().moods) {
    CAPTURE(m.name);
    CHECK(m.starters.size() >= (m.name == "default" ? 8 : 5));
    for (const std::string& starter : m.starters) {
      CAPTURE(starter);
      CHECK(count_words(starter) >= 3);
      CHECK(count_words(starter) <= 9);
    }
  }
  std::set<std::string> kinds;
  for (const Suffix& suffix : persona().suffixes) {
    kinds.insert(suffix.kind);
    CHECK(suffix.text.starts_with(", "));
  }
  for (const char* kind : {"oil painting", "street art", "punk", "dark symbolic", "bold surreal"})
    CHECK(kinds.count(kind) == 1);
  for (const char* style : {"base", "graffiti", "caricature", "propaganda", "pixel"})
    CHECK(persona().styles.count(style) == 1);
  CHECK(persona().negative_prompt == "extra fingers, blurry, watermark");
}

TEST_CASE("yent: broken tables are refused with their file's name") {
  for (const char* text : {"", "{", "[]", "{}", R"({"moods": []})",
                           R"({"moods": [{"name": "x", "keywords": ["two words"],
                                          "starters": ["a"]}]})",
                           R"({"moods": [{"name": "x", "keywords": [], "starters": []}]})"}) {
    CAPTURE(text);
    try {
      parse_persona(text, "mine.json");
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.kind() == Error::file);
      CHECK(std::string(error.what()).starts_with("mine.json: "));
    }
  }
}
