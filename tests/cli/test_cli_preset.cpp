// yent-run --preset, and its menu.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "loaders/image/image.h"
#include "loaders/io/json.h"
#include "tests/bench/toy_single_file.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/program.h"

namespace yent::test {
namespace {

// The program beside toy.ckpt, a small painter of SD 1.5's shape.
struct Inkpunk : Program {
  explicit Inkpunk(uint64_t seed = 81) {
    write_single_file(here / "toy.ckpt", toy_sd15(49408), seed);
  }

  Outcome preset(const Args& args) const {
    return run(
        Args{"--preset", "inkpunk", "-m", "toy.ckpt", "--device", "cpu", "-t", "1", "--raw"} +
        args);
  }
  Json report(const Args& args) const {
    const Outcome o = preset(args + Args{"--json"});
    REQUIRE_MESSAGE(o.code == 0, o.err);
    return parse_json(o.out, "report");
  }
  // Small, with `lines` as standard input.
  Outcome menu(const std::string& lines, const Args& args = {}) {
    put(here / "input", lines);
    in_child = [path = (here / "input").string()] { ::dup2(::open(path.c_str(), O_RDONLY), 0); };
    return preset(Args{"-I", "-W", "32", "-H", "32", "--steps", "2"} + args);
  }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

const Args kSmall{"-W", "32", "-H", "32", "--steps", "2"};

}  // namespace

TEST_CASE("cli preset: 80 steps of DDPM end where diffusers' end") {
  if (Program::absent()) return;
  const Golden golden("inkpunk");
  const Inkpunk program(golden.config["weights_seed"].get<uint64_t>());
  const Args side{"-W", "64", "-H", "64"}, picture{"-i", kGolden + "toy_input.png"};
  const Args prompt{"-p", "a crow on a lighthouse", "-n", "blurry, watermark", "--precision",
                    "f32"};
  const struct {
    const char* name;
    Args args;
    int calls;
  } runs[] = {{"text", side, 80},
              {"picture", side + picture, 64},
              {"diffusers", picture + Args{"--img2img", "diffusers"}, 64}};
  for (const auto& run : runs) {
    CAPTURE(run.name);
    const Outcome o = program.preset(prompt + run.args + Args{"--dump", "d"});
    REQUIRE_MESSAGE(o.code == 0, o.err);
    CHECK(o.err.starts_with("nvinkpunk a crow on a lighthouse\n"));
    const Golden made(program.dump("d"));
    CHECK(made.has(fmt::format("eps.{}", run.calls - 1)));
    CHECK_FALSE(made.has(fmt::format("eps.{}", run.calls)));
    CHECK(made.shape("latent") == golden.shape(run.name));
    const auto a = made.rows("latent"), b = golden.rows(run.name);
    INFO(worst(a, b));
    CHECK(relative_error(a, b) < 1e-3);
  }
}

TEST_CASE("cli preset: what is given wins, the rest is the preset's") {
  if (Program::absent()) return;
  const Inkpunk program;
  const Json plain = program.report(kSmall + Args{"-p", "a cat"});
  CHECK(plain["prompt"] == "nvinkpunk a cat");
  CHECK(plain["seed"] == 42);
  CHECK(plain["steps"] == 2);
  const Json other = program.report(kSmall + Args{"-p", "NvInkPunk cat", "-s", "7", "--cfg-scale",
                                                  "9", "--sampler", "ddim", "-n", "dog"});
  CHECK(other["prompt"] == "NvInkPunk cat");
  CHECK(other["seed"] == 7);
  const std::string kept = program.run({"--metadata", *other["output"].text()}).out;
  CHECK(has(kept, "Negative prompt: dog\nSteps: 2, Sampler: ddim, CFG scale: 9, Seed: 7"));
  const std::string usual = program.run({"--metadata", *plain["output"].text()}).out;
  CHECK(has(usual,
            "Negative prompt: extra fingers, blurry, watermark\nSteps: 2, Sampler: ddpm, "
            "CFG scale: 7.5, Seed: 42"));
  CHECK(has(usual, "--steps-offset=0"));
  CHECK(program.report(kSmall + Args{"-p", "a", "-s", "-1"})["seed"] != 42);
  // Without words, its first prompt.
  const Json first = program.report(kSmall);
  CHECK(first["prompt"].text()->starts_with("nvinkpunk lighthouse keeper"));
  const Json spoken = program.report(kSmall + Args{"hello", "--llm", kGolden + "toy_voice.gguf"});
  CHECK(spoken["said"] == "hello");
  CHECK(spoken["prompt"].text()->starts_with("nvinkpunk "));
}

TEST_CASE("cli preset: the size of a picture, and the picture again") {
  if (Program::absent()) return;
  const Inkpunk program;
  const Args picture{"-p", "a cat", "-i", kGolden + "toy_input.png"};
  put(program.here / "own.json",
      R"({"mine": {"width": 32, "height": 40, "steps": 2, "resize": "bicubic", "prefix": "x "}})");
  const Args own{"--preset", "./own.json", "-s", "1"};
  const Json report = program.report(own + picture + Args{"-o", "a.png"});
  CHECK(report["prompt"] == "x a cat");
  CHECK(read_image(program.here / "a.png").width == 32);
  CHECK(read_image(program.here / "a.png").height == 40);
  const Json free = program.report(own + picture + Args{"--img2img", "diffusers"});
  CHECK(free["width"] == 40);  // of 42 x 28
  CHECK(free["height"] == 24);
  const auto pixels = [&](const Args& args) {
    REQUIRE(program.preset(own + picture + args + Args{"-o", "b.png", "-q"}).code == 0);
    return read_image(program.here / "b.png").rgb;
  };
  const auto bicubic = pixels({});
  CHECK(bicubic == pixels({"--resize", "bicubic"}));
  CHECK(bicubic != pixels({"--resize", "lanczos"}));
  CHECK(bicubic != pixels({"--steps-offset", "100"}));

  fs::remove(program.here / "own.json");
  REQUIRE(program.run({"--again", "a.png", "-o", "c.png"}).code == 0);
  CHECK(program.read("c.png") == program.read("a.png"));
}

TEST_CASE("cli preset: what is refused") {
  if (Program::absent()) return;
  const Program program;
  for (const char* text : {"", "{", R"({"a": {"stepz": 3}})", R"({"a": {}, "b": {}})"}) {
    put(program.here / "p.json", text);
    CHECK(has(check_refused(program, {"-p", "x", "--preset", "./p.json"}, 3), "./p.json"));
  }
  check_refused(program, {"-p", "x", "--preset", "./missing"}, 3);
  CHECK(has(check_refused(program, {"-p", "x", "--preset", "inkpnk"}, 3), "did you mean inkpunk?"));
  put(program.here / "p.json", R"({"a": {}})");
  check_refused(program, {"-p", "x", "--preset", "./p.json:b"}, 3);
  const Args with{"--preset", "inkpunk"};
  for (const Args& args : std::vector<Args>{{"-p", "x", "--preset", ""},
                                            {"-p", "x", "--img2img", "diffusers"},
                                            {"-p", "x", "--img2img", "both"},
                                            {"-p", "x", "--resize", "lanczos"},
                                            {"-p", "x", "--steps-offset", "-1"},
                                            {"-p", "x", "--steps-offset", "1000"},
                                            with + Args{"-I", "words"},
                                            with + Args{"-I", "--dual"},
                                            with + Args{"-I", "--session", "s"},
                                            with + Args{"-I", "-o", "-"}}) {
    check_refused(program, args, 2);
  }
}

TEST_CASE("cli preset: the menu paints texts and pictures and lists them") {
  if (Program::absent()) return;
  Inkpunk program;
  const std::string input = kGolden + "toy_input.png";
  const Outcome o = program.menu(
      "1\n3\n\n\n"                      // a prompt of the list
      "1\nmy own cat\nno dogs\n7\n3\n"  // own words
      "2\n'" +
      input +
      "'\n0.5\n1\n\n\n"
      "2\n\n\nanother\n\n\n\n"  // the same picture and strength
      "1\n\n"                   // back
      "3\n4\n1\n1\n");
  REQUIRE_MESSAGE(o.code == 0, o.err);
  CHECK(o.err.starts_with("Inkpunk: Stable Diffusion 1.5 in ink and neon\n 1  lighthouse"));
  CHECK(has(o.err, "\n18  portrait of a stranger"));
  CHECK(program.files() == Args{"input", "toy.ckpt", "yent-0001.png", "yent-0002.png",
                                "yent-0003.png", "yent-0004.png"});
  CHECK(has(o.out, "yent-0001.png  seed 42, 2 steps  nvinkpunk girl with a radio"));
  CHECK(has(o.out, "yent-0002.png  seed 7, 3 steps  nvinkpunk my own cat\n"));
  CHECK(has(o.out, "yent-0003.png  seed 7, 3 steps  nvinkpunk lighthouse keeper"));
  CHECK(has(o.out, "yent-0004.png  seed 7, 3 steps  nvinkpunk another\n"));
  const auto kept = [&](const char* file) { return program.run({"--metadata", file}).out; };
  CHECK(has(kept("yent-0001.png"), "Negative prompt: extra limbs, broken anatomy"));
  CHECK(has(kept("yent-0002.png"), "Negative prompt: no dogs\nSteps: 3, Sampler: ddpm"));
  CHECK_FALSE(has(kept("yent-0002.png"), "--init-img"));
  CHECK(has(kept("yent-0003.png"), "Denoising strength: 0.5"));
  CHECK(has(kept("yent-0004.png"), "Negative prompt: extra fingers, blurry, watermark"));
  CHECK(has(kept("yent-0004.png"), "Denoising strength: 0.5"));
  program.in_child = {};
  for (const char* file : {"yent-0001.png", "yent-0004.png"}) {
    REQUIRE(program.run({"--again", file, "-o", "c.png"}).code == 0);
    CHECK(program.read("c.png") == program.read(file));
  }
}

TEST_CASE("cli preset: the menu keeps what is given, and a pipe ends at a mistake") {
  if (Program::absent()) return;
  Inkpunk program;
  const Outcome o = program.menu("1\n3\n", {"-n", "mine", "-s", "9", "-o", "a.png", "--json"});
  REQUIRE_MESSAGE(o.code == 0, o.err);
  const Json report = parse_json(o.out, "report");
  CHECK(report["seed"] == 9);
  CHECK(report["output"] == "a.png");
  CHECK(report["prompt"].text()->starts_with("nvinkpunk girl with a radio"));
  CHECK(has(program.run({"--metadata", "a.png"}).out, "Negative prompt: mine\n"));
  CHECK(program.menu("").code == 0);
  CHECK(program.menu("5\n").code == 2);
  CHECK(program.menu("1\n19\n").code == 2);
  CHECK(program.menu("1\n1\nx\n").code == 2);
  CHECK(program.menu("1\n1\n\n0\n").code == 2);
  CHECK(program.menu("2\nmissing.png\n").code == 3);
  CHECK(program.menu("2\n" + kGolden + "toy_input.png\n2\n").code == 2);
  CHECK(program.files() == Args{"a.png", "input", "toy.ckpt"});
}
}  // namespace yent::test
