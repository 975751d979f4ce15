// yent-diffuse from outside, on a small network of random weights.
#include <doctest/doctest.h>

#include <algorithm>

#include "loaders/image/image.h"
#include "loaders/image/png_chunks.h"
#include "loaders/io/json.h"
#include "tests/support/golden.h"
#include "tests/support/hostile.h"
#include "tests/support/program.h"

namespace yent::test {
namespace {

// Ids below 128, rows of 24 places, 16 columns in two heads.
Args with_model(const Args& args) {
  return args + Args{"-m",     kGolden + "char_diffusion_small.safetensors",
                     "--text", kGolden + "char_diffusion.txt",
                     "-s",     "3"};
}

std::string text_in(const Outcome& outcome) {
  CHECK(outcome.code == 0);
  return parse_json(outcome.out, "output")["text"].get<std::string>();
}

}  // namespace

TEST_CASE("cli_diffuse: sample writes as many characters as the blocks have") {
  if (Program::absent()) return;
  const Program program = Program::diffuse();
  const Outcome o =
      program.run(with_model({"sample", "--blocks", "3", "--context", "8", "--no-mask"}));
  CHECK(o.code == 0);
  CHECK(o.out.size() == 24 + 2 * 16);
  CHECK(o.err == "");
  CHECK(text_of(kGolden + "char_diffusion.txt").find(o.out.substr(0, 8)) != std::string::npos);
  // The same bytes at any number of threads, into a file, too.
  const Args again = with_model(
      {"sample", "--blocks", "3", "--context", "8", "--no-mask", "-o", "t.txt", "-t", "3"});
  CHECK(program.run(again).out == "");
  CHECK(program.read("t.txt") == o.out);
  // Draws differ by seed, and not without.
  const Args draw = with_model({"sample", "--blocks", "1", "--draw", "--no-mask"});
  CHECK(program.run(draw).out == program.run(draw).out);
  CHECK(program.run(draw).out != program.run(draw + Args{"-s", "4"}).out);
}

TEST_CASE("cli_diffuse: words are continued, and masked places filled in") {
  if (Program::absent()) return;
  const Program program = Program::diffuse();
  CHECK(program.run(with_model({"sample", "--blocks", "1", "In the", "beginning"}))
            .out.substr(0, 16) == "In the beginning");
  const std::string filled = text_in(
      program.run(with_model({"sample", "--infill", "--json", "--no-mask", "é_n the ____ning"})));
  CHECK(filled.substr(0, 2) == "é");
  CHECK(filled.substr(3, 6) == "n the ");
  CHECK(filled.substr(13) == "ning");
  CHECK(filled.find('_') == std::string::npos);
  CHECK(text_in(program.run(
            with_model({"sample", "--infill", "--json", "--blank", "*", "a*_"})))[2] == '_');
  Program shell = Program::diffuse();
  put(shell.here / "in", "piped in\n");
  const std::string diffuse = shell.executable;
  shell.executable = "/bin/sh";
  const Outcome o = shell.run(Args{"-c", "\"$0\" \"$@\" < in", diffuse} +
                              with_model({"sample", "--blocks", "1"}));
  CHECK(o.out.substr(0, 8) == "piped in");
}

TEST_CASE("cli_diffuse: every rule, time and precision runs, and JSON tells how") {
  if (Program::absent()) return;
  const Program program = Program::diffuse();
  for (const Args& args :
       {Args{"--rule", "confidence", "--tau", "0.5"}, Args{"--rule", "topk", "-k", "3"},
        Args{"--rule", "entropy", "--bound", "1", "--time", "falling"}, Args{"--precision", "int8"},
        Args{"--precision", "bf16"}, Args{"--isa", "ref", "--steps", "2"}}) {
    CAPTURE(args.back());
    const Outcome o = program.run(with_model({"sample", "--blocks", "2", "--json"}) + args);
    REQUIRE(o.code == 0);
    const Json json = parse_json(o.out, "output");
    CHECK(json["characters"].get<int>() == 24 + 8);
    CHECK(json["seed"].get<int>() == 3);
    CHECK(json["block_evaluations"].begin()->get<int>() <= 24);
    CHECK(json["timings_ms"].contains("chars_step"));
    CHECK(json["timings_ms"].contains("chars_load"));
  }
  CHECK(program.run(with_model({"sample", "--blocks", "1", "--explain"}))
            .out.find("blocks.0.attn.c_q") != std::string::npos);
}

TEST_CASE("cli_diffuse: animations as text and as files") {
  if (Program::absent()) return;
  const Program program = Program::diffuse();
  const Outcome o = program.run(with_model(
      {"animate", "process", "--blocks", "2", "--plain", "--apng", "a.png", "--cast", "a.cast"}));
  REQUIRE(o.code == 0);
  CHECK(o.out.starts_with("block 1 of 2, 8 masked\n"));
  CHECK(o.out.find("block 2 of 2, 0 masked\n") != std::string::npos);
  size_t frames = 0;
  for (size_t at = 0; (at = o.out.find(" masked\n", at)) != std::string::npos; ++at) ++frames;
  const std::vector<uint8_t> png = contents(program.here / "a.png");
  size_t controls = 0;
  for (const PngChunk& chunk : walk_png(png, "a.png")) controls += chunk.type == "fcTL";
  CHECK(controls == frames);
  const std::string cast = program.read("a.cast");
  CHECK(std::count(cast.begin(), cast.end(), '\n') == static_cast<ptrdiff_t>(frames + 2));
  CHECK(read_image(program.here / "a.png").width == 512);
  // A pipe without --plain gets the last frame; life ends where it is told to.
  const Outcome life = program.run(with_model({"animate", "life", "--frames", "3"}));
  CHECK(life.out.starts_with("generation 2 of 100, "));
  CHECK(std::count(life.out.begin(), life.out.end(), '\n') == 33);
}

TEST_CASE("cli_diffuse: convert and info") {
  if (Program::absent()) return;
  const Program program = Program::diffuse();
  const std::string model = kGolden + "char_diffusion_small.safetensors";
  CHECK(program.run({"convert", model, "b.pt"}).code == 0);
  CHECK(program.run({"convert", "b.pt", "c.safetensors", "--heads", "2"}).code == 0);
  CHECK(program.run({"convert", "c.safetensors", "d.gguf", "--type", "q8_0"}).code == 0);
  const Outcome o = program.run({"info", "c.safetensors", "--json"});
  const Json json = parse_json(o.out, "output");
  CHECK(json["heads"].get<int>() == 2);
  CHECK(json["vocabulary"].get<int>() == 128);
  CHECK(json["parameters"].get<int>() ==
        parse_json(program.run({"info", model, "--json", "--heads", "2"}).out, "o")["parameters"]
            .get<int>());
  CHECK(program.run({"info", "b.pt", "--heads", "2"}).out.find("layers           2\n") !=
        std::string::npos);
}

TEST_CASE("cli_diffuse: wrong command lines and files get one sentence") {
  if (Program::absent()) return;
  const Program program = Program::diffuse();
  put(program.here / "none.pt", "no model");
  for (const Args& args :
       {Args{}, Args{"sampel"}, with_model({"sample", "--rule", "best"}),
        with_model({"sample", "--tau", "2"}), with_model({"sample", "--context", "24"}),
        with_model({"sample", "--infill", "nothing"}), with_model({"animate"}),
        with_model({"animate", "all"}), Args{"convert", "a"},
        with_model({"sample", "--json", "-o", "-"}), with_model({"sample", "--isa", "z80"}),
        Args{"convert", kGolden + "char_diffusion_small.safetensors", "x.bin"}}) {
    CAPTURE(args.empty() ? "" : args.back());
    check_refused_as_typed(program, args, 2);
  }
  for (const Args& args : {Args{"info", "absent.pt"}, Args{"info", "none.pt"},
                           with_model({"sample"}) + Args{"--heads", "3"},
                           with_model({"sample"}) + Args{"--text", "absent.txt"}}) {
    check_refused_as_typed(program, args, 3);
  }
  check_refused_as_typed(program, with_model({"sample", "-o", "no/such/folder.txt"}), 1);
}

TEST_CASE("cli_diffuse: help, the manual page and completions come from its table") {
  if (Program::absent()) return;
  const Program program = Program::diffuse();
  for (const Args& args : {Args{"--help"}, Args{"--man"}, Args{"--completion", "bash"},
                           Args{"--completion", "zsh"}, Args{"--completion", "fish"}}) {
    const Outcome o = program.run(args);
    CHECK(o.code == 0);
    CHECK(o.out.find("reach") != std::string::npos);
    CHECK(o.out.find("diffuse") != std::string::npos);
  }
  CHECK(program.run({"--version"}).out.starts_with("yent "));
}

}  // namespace yent::test
