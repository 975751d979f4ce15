// Yent's words beside a drawing.
#include <doctest/doctest.h>

#include "tools/talk/signature.h"

using namespace yent;

TEST_CASE("signature: the words stand in the middle of the drawing, or below it") {
  const std::vector<std::u32string> cat{U" /\\_/\\ ", U"( o.o )", U" > ^ < "};
  CHECK(beside(cat, "I am the crack.", 60) ==
        " /\\_/\\\n"
        "( o.o )   I am the crack.\n"
        " > ^ <\n");
  CHECK(beside(cat, "one two three four five six seven eight nine ten eleven twelve", 40) ==
        " /\\_/\\    one two three four five six\n"
        "( o.o )   seven eight nine ten eleven\n"
        " > ^ <    twelve\n");
  CHECK(beside(cat, "\u044f \u0442\u0440\u0435\u0449\u0438\u043d\u0430", 20) ==
        " /\\_/\\\n"
        "( o.o )\n"
        " > ^ <\n"
        "\u044f \u0442\u0440\u0435\u0449\u0438\u043d\u0430\n");
  CHECK(beside({}, "words", 80) == "   words\n");
}
