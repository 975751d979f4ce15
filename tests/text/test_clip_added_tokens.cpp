#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "engine/text/clip_tokenizer.h"
#include "kernels/error.h"
#include "loaders/io/json.h"
#include "tests/support/tree.h"

using yent::ClipTokenizer;
using Ids = std::vector<int32_t>;

namespace {

const std::string golden = yent::in_tree("tests/golden");

}  // namespace

TEST_CASE("clip_added_tokens: they are found where the library tokenizers finds them") {
  const yent::Json cases = yent::read_json(golden + "/clip_added_tokens.json");
  CHECK(cases.size() == 40);
  const ClipTokenizer plain = ClipTokenizer::load(golden + "/clip_toy");
  for (const auto& c : cases) {
    ClipTokenizer tokenizer = plain;
    for (const auto& t : c.at("tokens")) {
      tokenizer.add({.text = t.at("text").get<std::string>(),
                     .ids = {t.at("id").get<int32_t>()},
                     .normalized = t.at("normalized").get<bool>(),
                     .single_word = t.at("single_word").get<bool>(),
                     .lstrip = t.at("lstrip").get<bool>(),
                     .rstrip = t.at("rstrip").get<bool>()});
    }
    CAPTURE(c.at("tokens").dump());
    for (const auto& row : c.at("texts")) {
      CAPTURE(row.at("text").dump());
      CHECK(tokenizer.encode(row.at("text").get<std::string>()) == row.at("ids").get<Ids>());
    }
  }
}

TEST_CASE("clip_added_tokens: one text may stand for several ids, and is named once") {
  ClipTokenizer tokenizer = ClipTokenizer::load(golden + "/clip_toy");
  const Ids in = tokenizer.encode("in");
  CHECK_FALSE(tokenizer.has("My-Cat"));
  tokenizer.add({.text = "My-Cat", .ids = {900, 901, 902}});
  CHECK(tokenizer.has("My-Cat"));
  CHECK(tokenizer.has("in</w>"));
  CHECK(tokenizer.encode("in MY-CAT in") == Ids{in[0], 900, 901, 902, in[0]});
  CHECK(tokenizer.tokenize("in my-cat my-cat in", 4).lost == "My-Cat My-Cat in");
  CHECK(tokenizer.tokenize("my-cat in", 4).lost == "My-Cat in");
  tokenizer.add({.text = "My-Cat", .ids = {903}, .normalized = false});  // in place of the first
  CHECK(tokenizer.encode("My-Cat") == Ids{903});
  CHECK(tokenizer.encode("my-cat").size() > 1);
  CHECK_THROWS_AS(tokenizer.add({.text = "", .ids = {1}}), yent::Error);
}
