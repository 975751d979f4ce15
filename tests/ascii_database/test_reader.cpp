// What ascii-db imports: lines of JSON, folders of text files; and the program itself.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "engine/ascii_writer/vocabulary.h"
#include "loaders/io/json.h"
#include "tests/support/hostile.h"
#include "tests/support/program.h"
#include "tools/ascii_art/database/reader.h"

using namespace yent;
using namespace yent::art;
using namespace yent::test;

namespace {

std::vector<Piece> all_of(PieceReader reader) {
  std::vector<Piece> pieces;
  while (std::optional<Piece> piece = reader.next()) pieces.push_back(*piece);
  return pieces;
}

const Origin kOurs{.source = "here", .rights = "CC0"};

struct DatabaseProgram : Program {
  DatabaseProgram() { executable = ASCII_DB; }
};

}  // namespace

TEST_CASE("shape hash: the values that the corpus maker finds") {
  const auto hash = [](const char* text) { return shape_hash(drawing_of(text)); };
  CHECK(hash(" /\\_/\\\n( o.o )\n > ^ <\n") == 0x424200bdbd7e7e7e);
  CHECK(hash("abc\n") == 0x1c1c1c1c1c1c1c1c);
  CHECK(hash("┌──┐\n│▒█│\n└──┘\n") == 0x303c3c300000);
  CHECK(near({10, 10, 0xF0}, {11, 9, 0xF7}));
  CHECK_FALSE(near({10, 10, 0xF0}, {10, 10, 0xFF}));
  CHECK_FALSE(near({10, 10, 0}, {12, 10, 0}));
}

TEST_CASE("art reader: a folder gives titles by names and tags by folders") {
  const Program p;
  fs::create_directories(p.here / "art" / "wild_animals");
  put(p.here / "art" / "a_house.txt", "  /\\\n  []\n");
  put(p.here / "art" / "wild_animals" / "old-cat.asc", "\t=^.^=\r\n\r\n");
  put(p.here / "art" / "notes.md", "not this");
  put(p.here / "art" / "smile.txt", "\U0001F600\n");
  PieceReader reader({p.here / "art"}, {.source = "here", .rights = "CC0", .tags = {"mine"}});
  const auto house = reader.next(), cat = reader.next();
  REQUIRE(house);
  REQUIRE(cat);
  CHECK(house->title == "a house");
  CHECK(house->text == "/\\\n[]\n");
  CHECK(house->tags == std::vector<std::string>{"mine"});
  CHECK(cat->title == "old cat");
  CHECK(cat->text == "=^.^=\n");
  CHECK(cat->tags == std::vector<std::string>{"wild animals", "mine"});
  CHECK_FALSE(reader.next());
  CHECK(reader.unfit() == 1);
  CHECK(reader.reasons().at(0).find("smile.txt") != std::string::npos);
}

TEST_CASE("art reader: lines of JSON, and what is wrong with them") {
  const Program p;
  const fs::path file = p.here / "a.jsonl";
  put(file,
      R"x({"text": "(o_o)", "style": "one-liner", "title": "face", "tags": ["happy"], "quality": 0.5})x"
      "\n\n"
      R"x({"text": "#\n#", "style": 1, "source": "there", "rights": "MIT", "more": [1]})x");
  const std::vector<Piece> pieces = all_of(PieceReader({file}, kOurs));
  REQUIRE(pieces.size() == 2);
  CHECK(pieces[0].style == kOneLiner);
  CHECK(pieces[0].quality == 0.5);
  CHECK(pieces[0].source == "here");
  CHECK(pieces[1].style == kLineArt);
  CHECK(pieces[1].rights == "MIT");
  const std::vector<std::pair<const char*, const char*>> wrong{
      {"{\"text\": \"a\"", "line 1"},
      {"[1]", "is no JSON object"},
      {"{}", "text"},
      {"{\"text\": 5}", "text"},
      {"{\"text\": \"a\", \"style\": 16}", "style"},
      {"{\"text\": \"a\", \"style\": \"cubist\"}", "no style cubist"},
      {"{\"text\": \"a\", \"tags\": [1]}", "tags"},
      {"{\"text\": \"a\", \"quality\": 2}", "quality"},
  };
  for (const auto& entry : wrong) {
    const auto& line = entry.first;
    const auto& what = entry.second;
    put(file, line);
    CAPTURE(line);
    const std::string sentence = refusal([&] { all_of(PieceReader({file}, kOurs)); });
    CAPTURE(sentence);
    CHECK(sentence.starts_with(file.string() + ", line 1"));
    CHECK(sentence.find(what) != std::string::npos);
  }
  put(file, "{\"text\": \"a\"}");
  CHECK(refusal([&] {
          all_of(PieceReader({file}, {}));
        }).ends_with("states no source, and none was given"));
  CHECK(!refusal([&] { all_of(PieceReader({p.here / "none.txt"}, kOurs)); }).empty());
  fs::create_directories(p.here / "empty");
  CHECK(refusal([&] { PieceReader({p.here / "empty"}, kOurs); }).ends_with("no file .txt or .asc"));
}

TEST_CASE("ascii-db: from an empty folder to a search") {
  if (Program::absent()) return;
  const DatabaseProgram p;
  fs::create_directories(p.here / "art");
  put(p.here / "art" / "cat.txt", " /\\_/\\\n( o.o )\n > ^ <\n");
  put(p.here / "art" / "cat again.txt", "   /\\_/\\  \n  ( o.o )\n   > ^ <\n");
  put(p.here / "art" / "fish.txt", "><(((o>\n");
  CHECK(p.run({"init", "a.db"}).code == 0);
  CHECK(p.run({"init", "a.db"}).code == 0);
  const Outcome missing = p.run({"import", "a.db", "art"});
  CHECK(missing.code == 3);
  CHECK(missing.err.find("states no source") != std::string::npos);
  const Outcome import = p.run({"import", "a.db", "art", "--source", "x", "--rights", "CC0"});
  CHECK(import.code == 0);
  CHECK(import.err.starts_with("2 added; 1 were there"));
  const Outcome search = p.run({"search", "a.db", "cat"});
  CHECK(search.code == 0);
  CHECK(search.out.find(" > ^ <\n") != std::string::npos);
  CHECK(p.run({"search", "a.db", "dog"}).err == "nothing was found\n");
  const Json found = parse_json(p.run({"search", "a.db", "fish", "--json"}).out, "search");
  CHECK(found.at("width").get<int>() == 7);
  CHECK(parse_json(p.run({"stats", "a.db", "--json"}).out, "stats").at("pieces").get<int>() == 2);
  CHECK(p.run({"check", "a.db"}).err == "a.db: all is well\n");
  for (const char* const command : {"search", "stats", "check"}) {
    put(p.here / "b.db", "no database");
    const Outcome o = p.run({command, "b.db"});
    CHECK(o.code == 3);
    CHECK(o.out.empty());
    CHECK(o.err == "ascii-db: b.db: is no SQLite database\n");
  }
}

TEST_CASE("ascii-db: wrong command lines, help and manual page") {
  if (Program::absent()) return;
  const DatabaseProgram p;
  const std::vector<std::pair<Args, const char*>> wrong{
      {{}, "no command"},
      {{"drop", "a.db"}, "there is no command drop"},
      {{"init"}, "takes the file"},
      {{"init", "a.db", "b.db"}, "takes nothing behind"},
      {{"import", "a.db"}, "takes folders or files"},
      {{"search", "a.db", "--rights", "x"}, "--rights is for import"},
      {{"stats", "a.db", "--width", "5"}, "--width is for search"},
      {{"search", "a.db", "--width", "0"}, "expected 1 to 256"},
      {{"search", "a.db", "--style", "cubist"}, "cubist"},
      {{"search", "a.db", "--limti", "5"}, "--limit"},
  };
  for (const auto& entry : wrong) {
    const auto& args = entry.first;
    const auto& what = entry.second;
    const Outcome o = p.run(args);
    CAPTURE(o.err);
    CHECK(o.code == 2);
    CHECK(o.err.find(what) != std::string::npos);
    CHECK(p.files().empty());
  }
  CHECK(p.run({"--help"}).out.find("--keep-near") != std::string::npos);
  CHECK(p.run({"--man"}).out.find(".TH") != std::string::npos);
  for (const char* const shell : {"bash", "zsh", "fish"}) {
    CHECK(p.run({"--completion", shell}).out.find("ascii-db") != std::string::npos);
  }
}
