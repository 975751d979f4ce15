// yent-run from outside: what a prompt may ask for.
#include <doctest/doctest.h>

#include "loaders/image/image.h"
#include "tests/support/program.h"

namespace yent::test {
namespace {

TEST_CASE("cli prompt: the grammar's mistakes are 2, a LoRA that is missing is 3") {
  if (Program::absent()) return;
  const Program program;
  const Args a1111{"--grammar", "a1111"};
  check_refused(program, {"-p", "x", "--grammar", "comfy"}, 2);
  check_refused(program, {"-p", "x", "--lora-dir", "."}, 2);
  for (const char* prompt :
       {"[a:b:0.5]", "[a|b]", "a AND b", "(a:1.2.3)", "<lora:x:1>", "<hypernet:x:1>"}) {
    check_refused(program, a1111 + Args{"-p", prompt}, 2);
  }
  check_refused(program, a1111 + Args{"-p", "x", "-n", "[a|b]"}, 2);
  const Args missing{"-p", "<lora:x:1>", "--lora-dir", "here"};
  check_refused(program, a1111 + missing, 3);
  check_refused(program, a1111 + Args{"-p", "x", "--lora-dir", "here"}, 3);
  fs::create_directory(program.here / "here");
  check_refused(program, a1111 + missing, 3);
  CHECK(program.paint(a1111 + missing).err.find("here: there is no LoRA x") != std::string::npos);
}

TEST_CASE("cli prompt: two chunks are two times 77 rows, and the picture keeps what was typed") {
  if (Program::absent()) return;
  const Program program;
  const std::string prompt = "a (red:1.3) cat BREAK <lora:lora_style:0.5> a mat";
  const Outcome o = program.paint({"-p", prompt, "--grammar", "a1111", "--lora-dir", kGolden,
                                   "--dump", "dump", "-o", "a.png", "--raw"});
  REQUIRE_MESSAGE(o.code == 0, o.err);
  const TensorSet dump = program.dump("dump");
  for (const char* name : {"tokens", "tokens_uncond"}) check_tensor(dump, name, DType::i32, {154});
  for (const char* name : {"cond", "uncond"}) check_tensor(dump, name, DType::f32, {154, 32});
  CHECK(program.read("a.png").find(prompt) != std::string::npos);

  const Outcome again = program.paint(
      {"--cond", "dump", "--lora", kGolden + "lora_style.safetensors:0.5", "-o", "b.png", "--raw"});
  REQUIRE_MESSAGE(again.code == 0, again.err);
  CHECK(read_image(program.here / "a.png").rgb == read_image(program.here / "b.png").rgb);
}

TEST_CASE("cli prompt: what is cut is named, and a tag that is text is pointed out") {
  if (Program::absent()) return;
  const Program program;
  std::string prompt;
  for (int i = 0; i < 75; ++i) prompt += "cat ";
  const Outcome o = program.paint({"-p", prompt + "<lora:x:1> red", "-o", "a.png"});
  CHECK(o.code == 0);
  CHECK(o.err.find("is text without --grammar a1111") != std::string::npos);
  CHECK(o.err.find("the prompt is cut to 75 tokens; lost: < lora : x : 1 > red\n") !=
        std::string::npos);
}

TEST_CASE("cli prompt: a learned word in the negative prompt") {
  if (Program::absent()) return;
  const Program program;
  const auto picture = [&](const Args& args) {
    const Outcome o = program.paint(args + Args{"-p", "a cat", "-o", "a.png", "--raw"});
    CHECK_MESSAGE(o.code == 0, o.err);
    return std::pair(read_image(program.here / "a.png").rgb, o.err);
  };
  const Args hands{"--embedding", kGolden + "ti/badhands-500.pt"};
  const auto [plain, silent] = picture({"-n", "badhands"});
  const auto [learned, quiet] = picture(hands + Args{"-n", "BadHands"});
  const auto [unused, warned] = picture(hands + Args{"-n", "blurry"});
  CHECK(learned != plain);
  CHECK(quiet.find("is not used") == std::string::npos);
  CHECK(warned.find("the embedding badhands-500 is not used") != std::string::npos);
  for (const char* file : {"./missing", "./junk"}) {
    put(program.here / "junk", "not what was expected");
    check_refused(program, {"-p", "x", "--embedding", file}, 3);
  }
  check_refused(program, {"-p", "x", "--embedding", kGolden + "lora_style.safetensors"}, 3);
  check_refused(program, hands + hands + Args{"-p", "x"}, 3);
  check_refused(program, hands + Args{"--cond", kGolden + "prompt_a1111.safetensors"}, 2);
}

TEST_CASE("cli prompt: Yent's own words are no grammar") {
  if (Program::absent()) return;
  const Program program;
  const Outcome o = program.paint({"who", "are you", "--grammar", "a1111", "-n", "(blurry:1.3)",
                                   "--llm", kGolden + "toy_voice.gguf", "-o", "a.png"});
  CHECK_MESSAGE(o.code == 0, o.err);
}

}  // namespace
}  // namespace yent::test
