#include <doctest/doctest.h>

#include "engine/text/content_words.h"

using namespace yent;

TEST_CASE("content_words: what can be seen is kept, what holds the sentence together is not") {
  using Words = std::vector<std::string>;
  CHECK(content_words("a fat snail crawling across a phone booth in a karaoke bar") ==
        Words{"fat", "snail", "crawling", "phone", "booth", "karaoke", "bar"});
  CHECK(content_words("Cat, cat; CAT! don't") == Words{"Cat"});
  CHECK(content_words("я вижу ночь и свою Луну") == Words{"вижу", "ночь", "свою", "Луну"});
  CHECK(content_words("The others were there.").empty());
  CHECK(content_words("ox 123 \xff b4").empty());
  CHECK(content_words("").empty());
}
