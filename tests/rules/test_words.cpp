// Banned words: private words for which the field has better names, and phrases that are hard to
// read. A folder is listed once it is clean, and stays clean.
#include <doctest/doctest.h>

#include "tests/rules/source_tree.h"

using namespace yent::rules;

namespace {

struct Ban {
  std::string pattern;  // in comments, identifiers and messages
  std::string instead;
  Names clean;  // folders where it is banned
};

const Names kAll = {"include/", "engine/", "kernels/", "loaders/", "tools/", "bench/"};

const Ban kBans[] = {
    {R"(\b[Bb]rought\b)", "reordered", kAll},
    {R"(\b[Ss]tretch(es)?\b)", "K segment", kAll},
    {R"(\bworth\b)", "scale", kAll},
    {R"(\bso (many|much)\b)", "name the number", kAll},
    {R"(\b(for|by|to|of) who\b)", "callers that ...", kAll},
    {R"(\b[Ww]hoever\b)", "name the subject", kAll},
    {R"(\bone behind the other\b)", "one after the other, contiguous", kAll},
    {R"(\bcode_scale\b|\bcodes_per_one\b|\bone_scale\b)", "scale, inverse_scale, per_tensor", kAll},
};

}  // namespace

TEST_CASE("words: the field's names, and no riddles") {
  for (const Ban& ban : kBans) {
    CAPTURE(ban.pattern);
    CAPTURE(ban.instead);
    CHECK(lines_like(ban.pattern, ban.clean) == "");
  }
}
