// The database of drawings: what it keeps, finds, leaves out and refuses.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "engine/ascii_writer/vocabulary.h"
#include "kernels/error.h"
#include "tests/support/hostile.h"
#include "tests/support/temporary_folder.h"
#include "tools/ascii_art/database/database.h"
#include "tools/ascii_art/database/reader.h"

using namespace yent;
using namespace yent::art;
using namespace yent::test;

namespace {

constexpr const char* kCat = " /\\_/\\\n( o.o )\n > ^ <\n";
constexpr const char* kFish = "><(((o>\n";

Piece piece(const std::string& text, const std::string& title,
            const std::vector<std::string>& tags = {}) {
  return {.text = text,
          .style = kLineArt,
          .title = title,
          .caption = "a " + title,
          .source = "test",
          .rights = "ours",
          .tags = tags};
}

std::vector<Added> add(Database& database, std::vector<Piece> pieces, bool keep_near = false) {
  std::vector<Added> became;
  size_t at = 0;
  database.add(
      [&]() -> std::optional<Piece> {
        if (at == pieces.size()) return std::nullopt;
        return pieces[at++];
      },
      [&](const Piece&, Added what, int64_t) { became.push_back(what); }, keep_near);
  return became;
}

// A new database with a cat and a fish.
struct Fixture {
  TemporaryFolder folder;
  std::filesystem::path path = folder / "art.db";

  Fixture() {
    Database::create(path);
    Database database(path, Access::write);
    add(database, {piece(kCat, "cat", {"animal", "pet"}), piece(kFish, "fish", {"animal"})});
  }

  std::vector<std::string> check() const { return Database(path).check(); }
  void damage(const char* statements) const {
    Sqlite connection(path, Access::write);
    connection.trust_schema();
    connection.run(statements);
  }
  std::vector<std::string> titles(std::vector<std::string> words) const {
    std::vector<std::string> found;
    for (const Piece& p : Database(path).search({.words = std::move(words)})) {
      found.push_back(p.title);
    }
    return found;
  }
};

using Titles = std::vector<std::string>;

}  // namespace

TEST_CASE("art database: what is added is found again, once") {
  const Fixture f;
  Database::create(f.path);  // does nothing to a database that is there
  const std::vector<Piece> pieces = Database(f.path).pieces();
  REQUIRE(pieces.size() == 2);
  CHECK(pieces[0].text == kCat);
  CHECK(pieces[0].tags == Titles{"animal", "pet"});
  CHECK(pieces[1].outline.width == 7);
  CHECK(pieces[1].rights == "ours");
  Database database(f.path, Access::write);
  CHECK(add(database, {piece(kCat, "other", {"PET", "kitten"})}) ==
        std::vector<Added>{Added::merged});
  CHECK(Database(f.path).pieces()[0].tags == Titles{"animal", "pet", "kitten"});
  CHECK(f.titles({"kitten"}) == Titles{"cat"});
  CHECK(f.check().empty());
}

TEST_CASE("art database: near-duplicates stay out unless they are wanted") {
  const Fixture f;
  Database database(f.path, Access::write);
  const Piece staring = piece(" /\\_/\\\n( o_o )\n > ^ <\n", "staring cat");
  CHECK(add(database, {staring}) == std::vector<Added>{Added::near});
  CHECK(add(database, {staring}, true) == std::vector<Added>{Added::fresh});
  // Many times as large, so no duplicate.
  CHECK(add(database, {piece("/\\\n\\/\n/\\\n\\/\n/\\\n\\/\n", "rope")}) ==
        std::vector<Added>{Added::fresh});
}

TEST_CASE("art database: nothing is added where one piece cannot be read") {
  const Fixture f;
  Database database(f.path, Access::write);
  int given = 0;
  CHECK_THROWS(database.add(
      [&]() -> std::optional<Piece> {
        if (++given == 2) throw file_error("torn");
        return piece("#####\n", "bar");
      },
      [](const Piece&, Added, int64_t) {}));
  CHECK(Database(f.path).pieces().size() == 2);
}

TEST_CASE("art database: words of a search are words, whatever they look like") {
  const Fixture f;
  CHECK(f.titles({"animal"}).size() == 2);
  CHECK(f.titles({"animal", "pet"}) == Titles{"cat"});
  CHECK(f.titles({"CÁT"}) == Titles{"cat"});  // without accents and case
  for (const char* word :
       {"\"", "cat*", "NEAR(", "cat OR fish", "title:cat", "'; DROP TABLE art; --", "-", "^cat",
        "(", "{title}", "\"\"\"", "cat\" OR \"fish"}) {
    CAPTURE(word);
    const Titles found = f.titles({word});
    CHECK(found.size() <= 1);
    CHECK(std::ranges::find(found, "fish") == found.end());
  }
  const Database database(f.path);
  CHECK(database.search({.max_height = 1}).size() == 1);
  CHECK(database.search({.max_width = 6}).empty());
  CHECK(database.search({.words = {"animal"}, .style = kShaded}).empty());
  CHECK(database.search({.limit = 1}).size() == 1);
}

TEST_CASE("art database: the check finds what is wrong") {
  const Fixture f;
  CHECK(f.check().empty());
  const std::vector<std::pair<const char*, const char*>> damages{
      {"UPDATE art SET shape_hash = shape_hash + 1 WHERE id = 1", "shape hash"},
      {"UPDATE art SET content_hash = x'00' WHERE id = 1", "content hash"},
      {"UPDATE art SET width = 9 WHERE id = 2", "the row says 9 x 1"},
      {"UPDATE art SET text = ' ' || text WHERE id = 2", "not in its canonical form"},
      {"UPDATE art SET text = 'a\u0416' WHERE id = 2", "U+0416"},
      {"UPDATE art SET rights = ''", "no right"},
      {"INSERT INTO tag (name) VALUES ('lost')", "belongs to no piece"},
      {"PRAGMA foreign_keys = OFF; INSERT INTO art_tag VALUES (1, 99)", "used and is not there"},
      {"PRAGMA foreign_keys = OFF; INSERT INTO art_tag VALUES (99, 1)", "tags of piece 99"},
      {"UPDATE art_fts SET title = 'dog' WHERE rowid = 1", "words are not those"},
      {"INSERT INTO art_fts (rowid, title) VALUES (77, 'dog')", "words of piece 77"},
  };
  for (const auto& entry : damages) {
    const auto& statements = entry.first;
    const auto& what = entry.second;
    const Fixture one;
    one.damage(statements);
    const std::vector<std::string> wrong = one.check();
    CAPTURE(statements);
    REQUIRE(!wrong.empty());
    CAPTURE(wrong.front());
    CHECK(std::ranges::any_of(
        wrong, [&](const std::string& w) { return w.find(what) != std::string::npos; }));
  }
}

TEST_CASE("art database: what is no such database is refused in a sentence") {
  const TemporaryFolder folder;
  const auto refused = [](const std::filesystem::path& path) {
    return refusal([&] { Database(path).pieces(); });
  };
  CHECK(refused(folder / "none.db").ends_with("no such file"));
  CHECK(refused(folder.path()).ends_with("is no file"));
  std::ofstream(folder / "text.db") << "this is no database, but it is long enough to be one ...\n"
                                    << std::string(4000, 'x');
  CHECK(refused(folder / "text.db").ends_with("is no SQLite database"));
  CHECK(refusal([&] { Database::create(folder / "text.db"); }).ends_with("is no SQLite database"));
  Sqlite(folder / "other.db", Access::create).run("CREATE TABLE t (x)");
  CHECK(refused(folder / "other.db").ends_with("no database of drawings of version 1"));
  CHECK(!refusal([&] { Database::create(folder / "other.db"); }).empty());
  for (const char* statements :
       {"CREATE TRIGGER evil AFTER INSERT ON art BEGIN DELETE FROM art; END",
        "CREATE VIEW v AS SELECT 1", "DROP TRIGGER art_tagged", "PRAGMA user_version = 2",
        "ALTER TABLE art ADD COLUMN x"}) {
    const Fixture f;
    f.damage(statements);
    CAPTURE(statements);
    CHECK(!refusal([&] { Database database(f.path, Access::write); }).empty());
  }
  // Text that would reach the terminal or the model in a form that they do not expect.
  for (const char* statements :
       {"UPDATE art SET text = x'1b5b324a'", "UPDATE art SET text = ''",
        "UPDATE art SET style = 99", "UPDATE art SET width = 200", "UPDATE art SET text = 5"}) {
    const Fixture f;
    f.damage(statements);
    CAPTURE(statements);
    CHECK(refused(f.path).starts_with(f.path.string() + ": piece 1"));
  }
}

TEST_CASE("art database: damaged files are refused or read, and nothing else happens") {
  const TemporaryFolder folder;
  const std::filesystem::path small = folder / "small.db";
  Sqlite(small, Access::create).run("PRAGMA page_size = 512; VACUUM");
  Database::create(small);
  {
    Database database(small, Access::write);
    add(database, {piece(kCat, "cat", {"animal"}), piece(kFish, "fish", {"animal"})});
  }
  const std::vector<uint8_t> valid = contents(small);
  size_t tried = 0, refused = 0;
  const auto read = [&](const std::vector<uint8_t>& bytes) {
    const std::filesystem::path path = folder.file(fmt::format("{}.db", tried++), bytes);
    const std::string sentence = refusal([&] {
      const Database database(path);
      database.pieces();
      database.search({.words = {"cat"}});
      database.stats();
      database.check();
    });
    if (!sentence.empty()) {
      ++refused;
      CHECK(sentence.starts_with(path.string()));
      CHECK(sentence.find('\n') == sentence.npos);
    }
    std::filesystem::remove(path);
  };
  for (size_t cut = 0; cut < valid.size(); cut += 331) {
    read({valid.begin(), valid.begin() + static_cast<std::ptrdiff_t>(cut)});
  }
  CHECK(refused == tried);
  for (size_t i = 0; i < valid.size(); i += i < 100 ? 1 : 61) {
    std::vector<uint8_t> bytes = valid;
    bytes[i] ^= 0x5A;
    read(bytes);
  }
  CHECK(refused > 40);
}

TEST_CASE("art database: near-duplicates are held out together") {
  std::vector<Piece> pieces;
  uint64_t state = 1;
  for (int i = 0; i < 400; ++i) {
    state = state * 6364136223846793005 + 1442695040888963407;
    const uint64_t hash = state ^ state >> 31;
    // Each with three that are near to it or, the last, near to one of these alone.
    for (const uint64_t change : {0ull, 7ull, 7ull << 20, (7ull << 20) | (7ull << 40)}) {
      Piece p;
      p.outline = {30 + i % 3, 20, hash ^ change};
      pieces.push_back(p);
    }
  }
  const std::vector<bool> out = held_out(pieces, 5);
  size_t count = 0;
  for (size_t i = 0; i < out.size(); i += 4) {
    count += out[i];
    CHECK(std::count(out.begin() + i, out.begin() + i + 4, out[i]) == 4);
  }
  CHECK(count > 400 / 5 / 2);
  CHECK(count < 400 / 5 * 2);
  // The order of the pieces does not matter.
  std::vector<Piece> reversed(pieces.rbegin(), pieces.rend());
  const std::vector<bool> again = held_out(reversed, 5);
  CHECK(std::equal(out.rbegin(), out.rend(), again.begin()));
}
