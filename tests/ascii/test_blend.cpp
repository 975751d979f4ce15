// The blend filter against tests/golden/blend.py, which numpy computed from its description.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/ascii/blend/blend.h"
#include "engine/ascii/blend/effects.h"
#include "engine/ascii/blend/score.h"
#include "engine/ascii/charset.h"
#include "kernels/error.h"
#include "loaders/io/utf8.h"
#include "tests/support/golden.h"

namespace yent {
namespace {

// One case of the file: its settings and its stages.
struct Stages {
  const Golden& golden;
  std::string name;
  BlendOptions options;
  BlendText text;

  Stages(const Golden& from, const std::string& which) : golden(from), name(which) {
    set_blend_numbers(options, golden.config["settings"][which].get<std::string>());
    text.words = decode_utf8(golden.config["words"].get<std::string>());
    text.charset = charset_from(golden.config["charset"].get<std::string>());
  }

  Image image(const std::string& stage) const {
    const std::vector<int32_t> values = golden.ints(name + "." + stage);
    const Shape s = golden.shape(name + "." + stage);  // [height, width, 3]
    Image image(s.h, s.n);
    std::ranges::copy(values, image.rgb.begin());
    return image;
  }
  std::vector<float> scores() const { return golden.rows(name + ".scores"); }
};

// torch's normals are good to 2e-6, so that now and then a sum is truncated to the next number.
void check_near(const Image& found, const Image& expected) {
  REQUIRE(found.width == expected.width);
  REQUIRE(found.height == expected.height);
  int differ = 0, most = 0;
  for (size_t i = 0; i < found.rgb.size(); ++i) {
    const int difference = std::abs(found.rgb[i] - expected.rgb[i]);
    differ += difference > 0;
    most = std::max(most, difference);
  }
  CHECK(most <= 1);
  CHECK(differ <= static_cast<int>(found.rgb.size() / 500));
}

TEST_CASE("blend: every stage is what numpy computed from the stage before") {
  const Golden golden("blend");
  for (const std::string name : {"defaults", "changed", "flat", "small"}) {
    CAPTURE(name);
    const Stages s(golden, name);
    const BlendOptions& o = s.options;
    const Image picture = s.image("picture");

    const std::vector<float> scores = artifact_scores(picture, o), expected = s.scores();
    REQUIRE(scores.size() == expected.size());
    float worst = 0;
    for (size_t i = 0; i < scores.size(); ++i) {
      worst = std::max(worst, std::abs(scores[i] - expected[i]));
    }
    CHECK(worst < 1e-5f);

    Image grained = picture;
    add_grain(grained, o.grain, o.grain_fade, o.grain_seed);
    check_near(grained, s.image("grained"));

    const AsciiArt art = blend_layer(picture, expected, s.text, o);
    const std::vector<int32_t> glyphs = golden.ints(name + ".text");
    REQUIRE(art.cells.size() == glyphs.size());
    for (size_t i = 0; i < glyphs.size(); ++i) CHECK(art.cells[i].glyph == char32_t(glyphs[i]));
    check_near(paint_ascii(art, picture.width, picture.height), s.image("layer"));

    check_near(mix_by_score(s.image("grained"), s.image("layer"), expected, o), s.image("mixed"));
    CHECK(aberrated(s.image("mixed"), o.aberration).rgb == s.image("shifted").rgb);
    Image dark = s.image("shifted");
    darken_corners(dark, o.vignette, o.vignette_power);
    check_near(dark, s.image("dark"));
    add_grain(dark, o.final_grain, o.grain_fade, o.final_seed);
    check_near(dark, s.image("final"));

    check_near(blend(picture, s.text, o), s.image("final"));
  }
}

TEST_CASE("blend: pictures of one colour and pictures smaller than a block score nothing") {
  for (const auto& [width, height] : {std::pair(64, 48), {11, 200}, {1, 1}, {12, 12}}) {
    Image image(width, height);
    std::ranges::fill(image.rgb, uint8_t{130});
    const std::vector<float> scores = artifact_scores(image, {});
    CHECK(scores.size() == static_cast<size_t>(width) * height);
    CHECK(std::ranges::all_of(scores, [](float s) { return s == 0; }));
    const Image out = blend(image, {U"word ", U" .@"}, {});
    CHECK(out.width == width);
    CHECK(out.height == height);
  }
}

TEST_CASE("blend: words grow by code point in the marked cells only, and begin again") {
  Image image(64, 32);
  std::ranges::fill(image.rgb, uint8_t{100});
  std::vector<float> scores(64 * 32, 0.9f);
  for (int y = 0; y < 32; ++y) std::fill_n(scores.begin() + y * 64 + 16, 16, 0.1f);
  const AsciiArt art = blend_layer(image, scores, {growing_words(" я\n\tбоюсь "), U" #"}, {});
  REQUIRE(art.columns == 8);
  REQUIRE(art.rows == 2);
  std::u32string text;
  for (const AsciiCell& cell : art.cells) text += cell.glyph;
  CHECK(text ==
        U"я   боюс"
        U"ь   я бо");  // level 0 of the charset, a space, in the gap
  CHECK(art.at(0, 0).paper == Rgb{25, 25, 25});
  CHECK(art.at(0, 0).ink == Rgb{224, 255, 255});
  CHECK(art.at(2, 0).paper == Rgb{50, 50, 50});
  CHECK(art.at(2, 0).ink == Rgb{150, 150, 150});
  const AsciiArt wordless = blend_layer(image, scores, {growing_words("猫 \u0301"), U"#"}, {});
  CHECK(std::ranges::all_of(wordless.cells, [](const AsciiCell& c) { return c.glyph == U'#'; }));
}

TEST_CASE("blend: its numbers are set by name, and written as they are set") {
  BlendOptions options;
  set_blend_numbers(options, "");
  CHECK(options == BlendOptions());
  CHECK(changed_blend_numbers(options).empty());
  set_blend_numbers(options, "vignette=0.010,block=010,word-blue-add=-3.5");
  CHECK(changed_blend_numbers(options) == "block=10,word-blue-add=-3.5,vignette=0.01");
  for (const BlendNumber& number : blend_numbers()) {  // each reaches a field of its own
    const std::string text = fmt::format("{}={}", number.name, number.most);
    BlendOptions one;
    set_blend_numbers(one, text);
    CHECK(changed_blend_numbers(one) == text);
  }
  for (const char* wrong : {"grain", "grain=", "grain=x", "grain=1x", "grain=-1", "block=0",
                            "block=1.5", "noise=1", "=1", "grain=nan", "low=2", "grain=1;ink=2"}) {
    CAPTURE(wrong);
    BlendOptions untouched;
    CHECK_THROWS_AS(set_blend_numbers(untouched, wrong), Error);
    CHECK(untouched == BlendOptions());
  }
}

}  // namespace
}  // namespace yent
