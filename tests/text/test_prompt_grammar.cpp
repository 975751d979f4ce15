// The grammar of AUTOMATIC1111's prompts. The pieces are what its documentation and its users
// expect of parse_prompt_attention.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/pipeline/lora_folder.h"
#include "engine/text/prompt/chunks.h"
#include "engine/text/prompt/prompt.h"
#include "kernels/error.h"
#include "tests/support/temporary_folder.h"

using namespace yent;

namespace {

ParsedPrompt parse(const std::string& text, bool negative = false) {
  return parse_prompt({text, Grammar::a1111, negative});
}

// "text*weight|..." with weights to six digits, BREAK as "//".
std::string pieces(const std::string& text) {
  std::string out;
  for (const WeightedText& p : parse(text).pieces) {
    if (!out.empty()) out += '|';
    out += p.breaks ? "//" : fmt::format("{}*{:.6g}", p.text, p.weight);
  }
  return out;
}

std::string refusal(const std::string& text, bool negative = false) {
  try {
    parse(text, negative);
  } catch (const Error& error) {
    CHECK(error.kind() == Error::usage);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("prompt grammar: emphasis, nested and escaped") {
  CHECK(pieces("") == "*1");
  CHECK(pieces("normal text") == "normal text*1");
  CHECK(pieces("an (important) word") == "an *1|important*1.1| word*1");
  CHECK(pieces("an [unimportant] word") == "an *1|unimportant*0.909091| word*1");
  CHECK(pieces("(a:1.3)") == "a*1.3");
  CHECK(pieces("(a: 1.2 )") == "a*1.2");
  CHECK(pieces("(a:-1)") == "a*-1");
  CHECK(pieces("(a:+.5)") == "a*0.5");
  CHECK(pieces("(a:0)") == "a*0");
  CHECK(pieces("\\(literal\\]") == "(literal]*1");
  CHECK(pieces("a\\\\b \\c") == "a\\b c*1");
  CHECK(pieces("(unnecessary)(parens)") == "unnecessaryparens*1.1");
  CHECK(pieces("((a))[b]") == "a*1.21|b*0.909091");
  CHECK(pieces("((a:1.3) b)") == "a*1.43| b*1.1");
  CHECK(pieces("(a [b])") == "a *1.1|b*1");
  CHECK(pieces("a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).") ==
        "a *1|house*1.573| *1.1|on*1| a *1.1|hill*0.55|, sun, *1.1|sky*1.4641|.*1.1");
}

TEST_CASE("prompt grammar: brackets without a partner") {
  CHECK(pieces("(unbalanced") == "unbalanced*1.1");
  CHECK(pieces("a (b (c") == "a *1|b *1.1|c*1.21");
  CHECK(pieces("[a") == "a*0.909091");
  CHECK(pieces("a) b]") == "a) b]*1");
  CHECK(pieces("(a:1.3") == "a:1.3*1.1");
  CHECK(pieces("a:1.3)") == "a:1.3)*1");
  CHECK(pieces("(a:b)") == "a:b*1.1");
  CHECK(pieces("([a)]") == "a*1");
  CHECK(pieces("16:9 :)") == "16:9 :)*1");
}

TEST_CASE("prompt grammar: BREAK is a word of its own") {
  CHECK(pieces("a BREAK b") == "a*1|//|b*1");
  CHECK(pieces("a,BREAK\n b BREAK") == "a,*1|//|b*1|//|*1");
  CHECK(pieces("BREAKFAST _BREAK break") == "BREAKFAST _BREAK break*1");
  CHECK(pieces("(a BREAK b:1.5)") == "a*1.5|//|b*1.5");
  CHECK(pieces("\xEF\xBC\x8C"
               "BREAK b") == "\xEF\xBC\x8C*1|//|b*1");  // behind a full-width comma
}

TEST_CASE("prompt grammar: tags ask for LoRAs and are no text") {
  const ParsedPrompt p = parse("a <lora:b:0.5> cat<lora:c> <lora:b:0.25:0.25><lyco:d e:-1>");
  CHECK(p.pieces == std::vector<WeightedText>{{"a  cat "}});
  CHECK(p.loras == std::vector<LoraTag>{{"b", 0.75}, {"c", 1}, {"d e", -1}});
  CHECK(pieces("a < b <3 <a> <:x> <lora: c") == "a < b <3 <a> <:x> <lora: c*1");
  CHECK(refusal("<lora::1>") == "<lora::1>: the name is empty");
  CHECK(refusal("<lora:a:much>") == "<lora:a:much>: the scale is 'much', expected a number");
  CHECK(refusal("<lora:a:nan>").find("expected a number") != std::string::npos);
  CHECK(refusal("<lora:a:1:0.5>").find("the scales differ") != std::string::npos);
  CHECK(refusal("<lora:a:1:unet=0.5>").find("not built") != std::string::npos);
  CHECK(refusal("<hypernet:a:1>").find("of the kind hypernet are not built") != std::string::npos);
}

TEST_CASE("prompt grammar: what is not built is refused, never read as text") {
  for (const char* text : {"[a:b:0.5]", "[a:10]", "[:b: .5 ]", "[a|b]", "[(a:1.2)|b]", "x [a::5]",
                           "[a:[b|c]]", "[a:1e1]"}) {
    CAPTURE(text);
    CHECK(refusal(text).find("changes the prompt between steps") != std::string::npos);
    CHECK(refusal(text, true) == refusal(text));
  }
  for (const char* text : {"[a:b]", "a|b", "\\[a|b\\]", "[a, b]", "[(a|b)]", "[a:1.", "(a:0.5)"}) {
    CAPTURE(text);
    CHECK(refusal(text) == "");
  }
  CHECK(refusal("a cat AND a dog").find("AND composes") != std::string::npos);
  CHECK(refusal("a cat AND a dog", true) == "");
  CHECK(refusal("BAND and SAND AND_") == "");
}

TEST_CASE("prompt grammar: weights that are no numbers, and what only a machine writes") {
  CHECK(refusal("(a:1.2.3)") == "a weight of the prompt is '1.2.3', expected a number");
  CHECK(refusal("(a:.)").find("expected a number") != std::string::npos);
  CHECK(refusal("(a:" + std::string(60, '9') + ")") == "a weight of the prompt is too large");
  CHECK(refusal(std::string(100000, '(')) ==
        "brackets of the prompt are nested more than 256 deep");
  std::string much;
  for (int i = 0; i < 100000; ++i) much += "<a:([BREAK:";
  CHECK(refusal(much).find("256 deep") != std::string::npos);
  CHECK(parse_prompt({"(a) <lora:b> AND [c|d]"}).pieces ==
        std::vector<WeightedText>{{"(a) <lora:b> AND [c|d]"}});
}

TEST_CASE("prompt grammar: a phrase that crosses the end of a chunk moves to the next") {
  const auto sizes = [](const std::vector<int32_t>& ids) {
    ChunkBuilder builder(75, 7);
    for (const int32_t id : ids) builder.add(id, 1, 1);
    std::vector<size_t> all;
    for (const PromptChunk& c : builder.finish()) all.push_back(c.ids.size());
    return all;
  };
  using Sizes = std::vector<size_t>;
  std::vector<int32_t> ids(80, 1);
  CHECK(sizes({}) == Sizes{0});
  CHECK(sizes(std::vector<int32_t>(75, 1)) == Sizes{75});
  CHECK(sizes(ids) == Sizes{75, 5});
  ids[55] = 7;  // 20 tokens before the end: near enough
  CHECK(sizes(ids) == Sizes{56, 24});
  ids[54] = 7, ids[55] = 1;
  CHECK(sizes(ids) == Sizes{75, 5});
  ids[70] = 7;
  CHECK(sizes(ids) == Sizes{71, 9});
  ids[75] = 7;  // the comma itself is the first that does not fit
  CHECK(sizes(ids) == Sizes{75, 5});

  ChunkBuilder builder(75, 7);
  for (int i = 0; i < 70; ++i) builder.add(1, 1, 1);
  builder.add(100, 6, 2);
  builder.end_chunk();
  const auto chunks = builder.finish();
  REQUIRE(chunks.size() == 2);
  CHECK(chunks[0].ids.size() == 70);
  CHECK(chunks[1].ids == std::vector<int32_t>{100, 101, 102, 103, 104, 105});
  CHECK(chunks[1].weights == std::vector<float>(6, 2));
}

TEST_CASE("prompt grammar: a LoRA is found by name, below its folder only") {
  const test::TemporaryFolder folder;
  const std::filesystem::path loras = folder / "loras";
  std::filesystem::create_directories(loras / "sub");
  for (const char* file : {"one.safetensors", "two.pt", "sub/three.v2.safetensors", "note.txt",
                           "sub/two.safetensors", "../outside.safetensors"}) {
    std::ofstream(loras / file) << "x";
  }
  CHECK(find_lora(loras, "one") == loras / "one.safetensors");
  CHECK(find_lora(loras, "one.safetensors") == loras / "one.safetensors");
  CHECK(find_lora(loras, "three.v2") == loras / "sub/three.v2.safetensors");
  CHECK(find_lora(loras, "sub/three.v2") == loras / "sub/three.v2.safetensors");
  const auto sentence = [&](const std::filesystem::path& where, const char* name) -> std::string {
    try {
      find_lora(where, name);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  CHECK(sentence(loras, "two").find("may be sub/two.safetensors or two.pt") != std::string::npos);
  CHECK(sentence(loras, "four") == loras.string() + ": there is no LoRA four in this folder");
  CHECK(sentence(loras, "../outside").find("no LoRA") != std::string::npos);
  CHECK(sentence(loras, "note").find("no LoRA") != std::string::npos);
  CHECK(sentence(folder / "gone", "a").find("cannot be read") != std::string::npos);
  CHECK(sentence({}, "a").find("no folder of LoRAs") != std::string::npos);
}
