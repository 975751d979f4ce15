// ascii-export and ascii-gen from outside: files, sizes, text, JSON, refusals.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "loaders/io/json.h"
#include "loaders/io/utf8.h"
#include "tests/support/program.h"

using namespace yent;
using namespace yent::test;

namespace {

// Both programs in one folder, with an untrained model of the size `test` in model/.
struct Drawing {
  Drawing() {
    gen.executable = ASCII_GEN;
    exported.executable = ASCII_EXPORT;
    const Outcome o = exported.run({"--preset", "test", "--seed", "1", "--output-dir", model(),
                                    "--quantize", "both", "--block-size", "700"});
    CHECK(o.code == 0);
    CHECK(o.err == "");
  }
  std::string model() const { return (exported.here / "model").string(); }
  Outcome draw(const Args& args) const {
    return gen.run(Args{"--model", model(), "--device", "cpu", "-t", "1"} + args);
  }
  // Fails with this code and one sentence, which is returned.
  std::string refused(const Args& args, int code) const {
    const Outcome o = draw(args);
    CAPTURE(o.err);
    CHECK(o.code == code);
    CHECK(o.out == "");
    CHECK(o.err.starts_with("ascii-gen: "));
    CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
    return o.err;
  }
  Program gen, exported;
};

std::vector<std::u32string> rows_of(const std::string& text) {
  std::vector<std::u32string> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) rows.push_back(decode_utf8(line));
  return rows;
}

bool absent() { return Program::absent(); }

}  // namespace

TEST_CASE("ascii-gen: text of exactly the size, padded or not, and the same from every precision") {
  if (absent()) return;
  const Drawing d;
  const Args sized{"--width", "20", "--height", "5", "-s", "3", "cat"};
  const Outcome padded = d.draw(sized + Args{"--pad"});
  CHECK(padded.code == 0);
  CHECK(padded.err == "");
  const auto rows = rows_of(padded.out);
  CHECK(rows.size() == 5);
  for (const auto& row : rows) CHECK(row.size() == 20);

  const Outcome trimmed = d.draw(sized);
  CHECK(rows_of(trimmed.out).size() == 5);
  for (const auto& row : rows_of(trimmed.out)) CHECK_FALSE(row.ends_with(U' '));

  const Outcome filed = d.draw(sized + Args{"-o", "cat.txt"});
  CHECK(filed.out == "");
  CHECK(d.gen.read("cat.txt") == padded.out);
  CHECK(d.draw(sized + Args{"--pad", "-t", "3"}).out == padded.out);

  for (const char* precision : {"f32", "int8"}) {
    CHECK(rows_of(d.draw(sized + Args{"--precision", precision}).out).size() == 5);
  }
  CHECK(d.draw(sized + Args{"--model", d.model() + "/model_int4.safetensors"}).code == 0);
}

TEST_CASE("ascii-gen: limits, free sizes, charsets and candidates") {
  if (absent()) return;
  const Drawing d;
  for (const int seed : {1, 2, 3}) {
    const Args seeded{"-s", std::to_string(seed), "--pad"};
    const auto limited =
        rows_of(d.draw(seeded + Args{"--max", "--width", "9", "--height", "4"}).out);
    CHECK(limited.size() <= 4);
    for (const auto& row : limited) CHECK(row.size() <= 9);
    const auto wide = rows_of(d.draw(seeded + Args{"--width", "7"}).out);
    for (const auto& row : wide) CHECK(row.size() == 7);
    CHECK(rows_of(d.draw(seeded + Args{"--height", "3"}).out).size() == 3);
    CHECK(d.draw(seeded + Args{"--free"}).code == 0);
  }
  const Args sized{"--width", "12", "--height", "4", "-s", "5"};
  for (const auto& row : rows_of(d.draw(sized + Args{"--style", "line"}).out)) {
    for (const char32_t c : row) CHECK(c < 127);
  }
  for (const auto& row : rows_of(d.draw(sized + Args{"--charset", "block"}).out)) {
    for (const char32_t c : row) CHECK((c == U' ' || (c >= U'\u2580' && c <= U'\u259f')));
  }
  const Outcome all = d.draw(sized + Args{"-n", "3", "--all"});
  CHECK(rows_of(all.out).size() == 4 + 1 + 4 + 1 + 4);
  CHECK(all.err == "seed 5\nseed 6\nseed 7\n");
  const Outcome best = d.draw(sized + Args{"-n", "3"});
  CHECK(all.out.find(best.out) != std::string::npos);
  CHECK(best.err.starts_with("seed "));
  const Outcome random = d.draw({"--width", "2", "--height", "1"});
  CHECK(random.err.starts_with("seed "));
  CHECK(d.draw({"--width", "2", "--height", "1", "-q"}).err == "");
  CHECK(d.draw({"--width", "2", "--height", "1", "--temp", "0"}).err == "");
}

TEST_CASE("ascii-gen: JSON and what the files say") {
  if (absent()) return;
  const Drawing d;
  const Args sized{"--width", "6", "--height", "2", "-s", "5", "--json"};
  const Outcome one = d.draw(sized);
  CHECK(keys_of(one.out) ==
        std::vector<std::string>{"text", "width", "height", "seed", "tokens", "ms"});
  const Json json = parse_json(one.out, "json");
  CHECK(json["width"].get<int>() <= 6);
  CHECK(json["height"].get<int>() == 2);
  CHECK(json["seed"].get<int>() == 5);
  CHECK(json["tokens"].get<int>() == 2 * 7 + 1);
  const Outcome all = d.draw(sized + Args{"-n", "2", "--all"});
  CHECK(parse_json(all.out, "json").size() == 2);

  const Outcome info = d.draw({"--info"});
  CHECK(info.code == 0);
  CHECK(info.out.find("precision       int8") != std::string::npos);
  const Json facts = parse_json(d.draw({"--info", "--json", "--precision", "f32"}).out, "json");
  CHECK(facts["precision"].get<std::string>() == "f32");
  CHECK(facts["weights"].get<std::string>() == "file");
  CHECK(facts["parameters"].get<int>() == 198208);
  CHECK(facts["weights_sha256"].get<std::string>().size() == 64);
}

TEST_CASE("ascii-gen: refusals") {
  if (absent()) return;
  const Drawing d;
  for (const Args& args :
       {Args{"--width", "0"}, Args{"--height", "257"}, Args{"--free", "--max"},
        Args{"--style", "cubist"}, Args{"--style", "blocks", "--charset", "ascii"}, Args{"-n", "0"},
        Args{"--temp", "-1"}, Args{"--info", "cat"}, Args{"-o", ""}, Args{std::string(129, 'x')},
        Args{"--wdith", "3"}}) {
    d.refused(args, 2);
  }
  CHECK(d.refused({}, 2).find("64 x 32 needs 2080 tokens") != std::string::npos);
  CHECK(d.refused({"--model", "nowhere"}, 3).find("nowhere") != std::string::npos);
  put(d.gen.here / "text.safetensors", "this is no model");
  d.refused({"--model", "text.safetensors"}, 3);
  d.refused({"--width", "2", "--height", "2", "-o", "no/such/folder"}, 1);
}

TEST_CASE("ascii-export: the same seed gives the same bytes, and wrong command lines") {
  if (absent()) return;
  const Drawing d;
  const Program& e = d.exported;
  const Args again{"--preset", "test",         "--seed", "1", "--output-dir", "again", "--quantize",
                   "both",     "--block-size", "700",    "-q"};
  CHECK(e.run(again).code == 0);
  for (const char* name : {"config.json", "quant_config.json", "model.safetensors",
                           "model_int8.safetensors", "model_int4.safetensors"}) {
    CHECK(e.read(std::string("again/") + name) == e.read(std::string("model/") + name));
  }
  CHECK(e.run({"--checkpoint", "model/model.safetensors", "--output-dir", "half", "--dtype",
               "float16"})
            .code == 0);
  CHECK(fs::file_size(e.here / "half/model.safetensors") <
        fs::file_size(e.here / "model/model.safetensors") * 6 / 10);
  for (const Args& args : {Args{"--preset", "test"}, Args{"--output-dir", "x"},
                           Args{"--preset", "huge", "--output-dir", "x"},
                           Args{"--preset", "test", "--checkpoint", "y", "--output-dir", "x"},
                           Args{"--preset", "test", "--n-head", "5", "--output-dir", "x"},
                           Args{"--preset", "test", "--n-embd", "50", "--output-dir", "x"},
                           Args{"--checkpoint", "y", "--n-layer", "2", "--output-dir", "x"}}) {
    const Outcome o = e.run(args);
    CAPTURE(o.err);
    CHECK(o.code == 2);
    CHECK(o.err.starts_with("ascii-export: "));
  }
  CHECK(e.run({"--checkpoint", "missing", "--output-dir", "x"}).code == 3);
  CHECK_FALSE(e.has("x"));
}

TEST_CASE("ascii-gen, ascii-export: help, manual pages and completions") {
  if (absent()) return;
  for (const auto& [path, name] :
       {std::pair(ASCII_GEN, "ascii-gen"), std::pair(ASCII_EXPORT, "ascii-export")}) {
    Program program;
    program.executable = path;
    CHECK(program.run({"--help"}).out.find(name) != std::string::npos);
    CHECK(program.run({"--man"}).out.find(".SH OPTIONS") != std::string::npos);
    for (const char* shell : {"bash", "zsh", "fish"}) {
      CHECK(program.run({"--completion", shell}).out.find(name) != std::string::npos);
    }
    CHECK(program.run({"--version"}).out.starts_with("yent "));
  }
}
