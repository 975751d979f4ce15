// yent-run from outside: what a picture keeps, and the same picture once more.
#include <doctest/doctest.h>

#include <algorithm>

#include "kernels/devices.h"
#include "loaders/image/jpeg_text.h"
#include "loaders/io/fingerprint.h"
#include "loaders/io/json.h"
#include "tests/support/program.h"

namespace yent::test {
namespace {

const std::string kVoice = kGolden + "toy_voice.gguf";

// Paints `picture` with these options, paints it again, and compares the files.
void check_repeated(const Program& program, const Args& args, const std::string& picture) {
  std::string line;
  for (const std::string& arg : args) line += arg + " ";
  CAPTURE(line);
  const std::string copy = "again" + fs::path(picture).extension().string();
  REQUIRE(program.paint(args).code == 0);
  const Outcome o = program.run({"--again", picture, "-o", copy, "-t", "2"});
  REQUIRE_MESSAGE(o.code == 0, o.err);
  CHECK(o.err == copy + "\n");
  CHECK((program.read(picture) == program.read(copy)));
}

std::string kept(const Program& program, const std::string& picture) {
  for (const auto& [keyword, text] : read_picture_text(program.here / picture)) {
    if (keyword == "yent") return text;
  }
  return "";
}

// The picture with another text for --again.
void replace_kept(const Program& program, const std::string& picture, const std::string& text) {
  const std::vector<std::pair<std::string, std::string>> chunks{{"yent", text}};
  const auto png = encode_png(Image(8, 8), chunks);
  put(program.here / picture, std::string(png.begin(), png.end()));
}

}  // namespace

TEST_CASE("cli: a picture is painted again to the byte") {
  if (Program::absent()) return;
  const Program program;
  check_repeated(program, {"-p", "a cat, \"quoted\"", "--raw", "-o", "a.png"}, "a.png");
  check_repeated(program,
                 {"-p",
                  "x",
                  "-n",
                  "",
                  "--steps",
                  "3",
                  "--sampler",
                  "euler-a",
                  "--scheduler",
                  "karras",
                  "--cfg-scale",
                  "3",
                  "-W",
                  "40",
                  "--clip-skip",
                  "2",
                  "--cache",
                  "2",
                  "--cfg-interval",
                  "0.1:0.9",
                  "--precision",
                  "bf16",
                  "-o",
                  "b.png"},
                 "b.png");
  check_repeated(program,
                 {"-p", "x", "--columns", "4", "--charset", " .\xE2\x96\x88", "--boost", "1.5",
                  "--fill", "0.2", "--invert", "--no-color", "-o", "c.png"},
                 "c.png");
  check_repeated(program, {"-p", "x", "-b", "3", "-o", "d.png"}, "d_3.png");
  check_repeated(program,
                 {"-p", "x", "-i", kGolden + "toy_input.png", "--mask", kGolden + "toy_mask.png",
                  "--strength", "0.5", "--steps", "4", "--raw", "-o", "e.png"},
                 "e.png");
  check_repeated(program, {"-p", "(x:1.2) BREAK y", "--grammar", "a1111", "-o", "f.jpg"}, "f.jpg");
}

TEST_CASE("cli: a reaction is painted again without the voice") {
  if (Program::absent()) return;
  const Program program;
  fs::copy(kVoice, program.here / "voice.gguf");
  const Args said{"who", "are you", "--llm", "voice.gguf", "-o", "a.png", "--json"};
  const Outcome first = program.paint(said);
  REQUIRE(first.code == 0);
  fs::remove(program.here / "voice.gguf");
  const Outcome o = program.run({"--again", "a.png", "-o", "b.png", "--json"});
  REQUIRE_MESSAGE(o.code == 0, o.err);
  CHECK((program.read("a.png") == program.read("b.png")));
  Json then = parse_json(first.out, "report"), now = parse_json(o.out, "report");
  for (const char* key : {"said", "words", "prompt", "mood", "temperature", "seed"}) {
    CAPTURE(key);
    CHECK(then[key] == now[key]);
  }
  CHECK(now["said"] == "who are you");
  // Another option changes the picture, not the words.
  const Outcome other = program.run({"--again", "a.png", "--steps", "2", "--raw", "--json"});
  REQUIRE_MESSAGE(other.code == 0, other.err);
  CHECK(parse_json(other.out, "report")["words"] == then["words"]);
  CHECK(parse_json(other.out, "report")["steps"] == 2);
}

TEST_CASE("cli: with int8-exact a picture is the same on every instruction set") {
  if (Program::absent()) return;
  const Program program;
  const Args exact{"-p", "x", "--policy", "int8-exact", "--raw", "-o", "a.png"};
  REQUIRE(program.paint(exact).code == 0);
  for (const std::string& isa : isa_names()) {
    if (!has_isa(isa) || isa == "ref") continue;
    CAPTURE(isa);
    const Outcome o = program.run({"--again", "a.png", "--isa", isa, "-o", "b.png"});
    REQUIRE_MESSAGE(o.code == 0, o.err);
    CHECK(o.err == "b.png\n");
    CHECK((program.read("a.png") == program.read("b.png")));
  }
  // Without that policy it is told.
  REQUIRE(program.paint({"-p", "x", "--raw", "-o", "c.png"}).code == 0);
  const Outcome told = program.run({"--again", "c.png", "--isa", "ref", "-o", "d.png"});
  CHECK(told.code == 0);
  CHECK(told.err.find("c.png was painted by the instruction set ") != std::string::npos);
}

TEST_CASE("cli: what is different from then is told, or refused") {
  if (Program::absent()) return;
  const Program program;
  const std::string painter = painter_copy(program);
  fs::copy(kGolden + "toy_input.png", program.here / "in.png");
  REQUIRE(program.paint({"-p", "x", "-m", "painter", "-i", "in.png", "-o", "a.png"}).code == 0);
  const auto again = [&](const Args& more) {
    return program.run(Args{"--again", "a.png", "-o", "b.png"} + more);
  };
  CHECK(again({}).err == "b.png\n");
  put(program.here / "painter/unet/note.json", "{}");
  CHECK(again({}).err.starts_with("warning: a.png was painted with other weights of -m: the "));
  fs::copy(kGolden + "toy_mask.png", program.here / "in.png", fs::copy_options::overwrite_existing);
  Outcome o = again({});
  CHECK(o.code == 3);
  CHECK(o.err ==
        "yent-run: a.png was painted with a file of -i that is another here, expected the same "
        "one\n");
  fs::remove(program.here / "in.png");
  CHECK(again({}).err.find("-i that is missing here") != std::string::npos);
  CHECK(again({"-i", kGolden + "toy_input.png"}).code == 0);  // it has moved
  std::string old = kept(program, "a.png");
  const size_t at = old.find("\"version\":\"") + 11;
  old.replace(at, old.find('"', at) - at, "0.0.1");
  replace_kept(program, "old.png", old);
  o = program.run({"--again", "old.png", "-i", kGolden + "toy_input.png", "-o", "b.png"});
  CHECK(o.code == 0);
  CHECK(o.err.find("old.png was painted by yent 0.0.1, this is ") != std::string::npos);
}

TEST_CASE("cli: --again of what keeps nothing, and beside other modes") {
  if (Program::absent()) return;
  const Program program;
  for (const char* text : {"", "{}", "[]", "{\"version\":1}", "not json"}) {
    replace_kept(program, "bad.png", text);
    const Outcome o = program.run({"--again", "bad.png"});
    CAPTURE(o.err);
    CHECK(o.code == 3);
    CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
  }
  CHECK(program.run({"--again", kGolden + "toy_input.png"}).code == 3);
  CHECK(program.run({"--again", "missing.png"}).code == 3);
  CHECK(program.run({"--again", kVoice}).code == 3);
  CHECK(program.run({"--again", kGolden + "toy_input.png", "words"}).code == 2);
  CHECK(program.run({"--again", kGolden + "toy_input.png", "-p", "x"}).code == 2);
  CHECK(program.files() == Args{"bad.png"});
}

TEST_CASE("cli: --metadata prints what a picture keeps") {
  if (Program::absent()) return;
  const Program program;
  for (const char* file : {"a.png", "a.jpg"}) {
    CAPTURE(file);
    REQUIRE(program.paint({"-p", "a cat \xF0\x9F\x98\x80", "--raw", "-o", file}).code == 0);
    const Outcome o = program.run({"--metadata", file});
    CHECK(o.code == 0);
    CHECK(o.err.empty());
    CHECK(o.out.starts_with("a cat \xF0\x9F\x98\x80\nNegative prompt: extra fingers"));
    CHECK(o.out.find("Steps: 1, Sampler: ") != std::string::npos);
    CHECK(o.out.find("\nCommand: yent-run --model=") != std::string::npos);
    CHECK(o.out.ends_with(" --filter=none --seed=5\n"));
  }
  const Outcome none = program.run({"--metadata", kGolden + "toy_input.png"});
  CHECK(none.code == 3);
  CHECK(none.err == "yent-run: " + kGolden + "toy_input.png: no settings are kept in it\n");
  CHECK(program.run({"--metadata", "missing.png"}).code == 3);
  CHECK(program.run({"--metadata", kVoice}).code == 3);
}

TEST_CASE("fingerprint: it follows every byte of small files, and blocks of large ones") {
  std::vector<std::byte> bytes(1000);
  const std::string zeros = fingerprint(bytes);
  CHECK(zeros.size() == 16);
  for (size_t i : {size_t{0}, size_t{500}, size_t{999}}) {
    bytes[i] = std::byte{1};
    CHECK(fingerprint(bytes) != zeros);
    bytes[i] = std::byte{0};
  }
  CHECK(fingerprint(bytes) == zeros);
  bytes.push_back(std::byte{0});
  CHECK(fingerprint(bytes) != zeros);
  std::vector<std::byte> large(16 << 20);
  const std::string before = fingerprint(large);
  large.back() = std::byte{1};
  CHECK(fingerprint(large) != before);
  large.back() = std::byte{0};
  for (size_t i = large.size() / 2; i < large.size() / 2 + (1 << 18); ++i) large[i] = std::byte{2};
  CHECK(fingerprint(large) != before);
  CHECK(fingerprint(std::vector<fs::path>{"/nowhere"}) == "");
}

}  // namespace yent::test
