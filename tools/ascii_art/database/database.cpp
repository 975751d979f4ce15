#include "tools/ascii_art/database/database.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "engine/ascii_writer/vocabulary.h"
#include "kernels/error.h"
#include "loaders/io/sha256.h"
#include "tools/ascii_art/database/near_index.h"

namespace yent {
extern const std::string_view art_schema_sql;
}

namespace yent::art {
namespace {

constexpr int kVersion = 1;

// What the schema defines: kind, name and text, the same in every database of this version.
using Definitions = std::map<std::string, std::string>;

Definitions definitions_of(const Sqlite& connection) {
  Definitions found;
  Statement list(
      connection,
      "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'");
  while (list.step()) found[list.text(0)] = list.text(1);
  return found;
}

const Definitions& expected_definitions() {
  static const Definitions expected = [] {
    Sqlite memory = Sqlite::in_memory();
    memory.run(std::string(art_schema_sql).c_str());
    return definitions_of(memory);
  }();
  return expected;
}

// A view or a trigger of a stranger would be run by our statements.
void expect_schema(const Sqlite& connection) {
  Statement asked(connection, "PRAGMA user_version");
  asked.step();
  const int64_t version = asked.integer(0);
  const Definitions found = definitions_of(connection);
  if (version != kVersion) {
    throw file_error("{}: is no database of drawings of version {}", connection.name(), kVersion);
  }
  for (const auto& [name, text] : found) {
    const auto expected = expected_definitions().find(name);
    if (expected == expected_definitions().end() || expected->second != text) {
      throw file_error("{}: has the {}, which a database of drawings does not define so",
                       connection.name(), name);
    }
  }
  for (const auto& [name, text] : expected_definitions()) {
    if (!found.contains(name)) throw file_error("{}: lacks the {}", connection.name(), name);
  }
}

constexpr const char* kColumns =
    "id, text, width, height, style, title, caption, source, rights, quality, shape_hash";

// A row of kColumns. What reads it, and the terminal that shows it, rely on its form.
Piece piece_of(const Statement& row, const std::string& name) {
  const std::string where = fmt::format("{}: piece {}", name, row.integer(0));
  const int64_t style = row.integer(4);
  if (style < 0 || style >= kStyles) throw file_error("{} has the style {}", where, style);
  Piece piece{.text = row.text(1),
              .style = static_cast<int>(style),
              .title = row.text(5),
              .caption = row.text(6),
              .source = row.text(7),
              .rights = row.text(8),
              .quality = row.real(9),
              .id = row.integer(0)};
  if (canonical(piece.text, where) != piece.text) throw file_error("{} is not canonical", where);
  const Drawing drawing = drawing_of(piece.text);
  if (drawing.width != row.integer(2) || drawing.height != row.integer(3)) {
    throw file_error("{} is {} x {}, not {} x {}", where, drawing.width, drawing.height,
                     row.integer(2), row.integer(3));
  }
  piece.outline = {drawing.width, drawing.height, static_cast<uint64_t>(row.integer(10))};
  return piece;
}

std::array<uint8_t, 32> content_hash(const std::string& text) {
  return sha256(std::as_bytes(std::span(text)));
}

}  // namespace

void Database::create(const std::filesystem::path& path) {
  Sqlite connection(path, Access::create);
  const Definitions found = definitions_of(connection);
  if (!found.empty()) expect_schema(connection);  // somebody's other database stays as it is
  Transaction transaction(connection);
  connection.run(std::string(art_schema_sql).c_str());
  transaction.commit();
}

Database::Database(const std::filesystem::path& path, Access access) : sqlite_(path, access) {
  expect_schema(sqlite_);
  sqlite_.trust_schema();
}

namespace {

// The statements of an import, prepared once.
class Adding {
 public:
  explicit Adding(const Sqlite& sqlite)
      : sqlite_(sqlite),
        same_(sqlite, "SELECT id FROM art WHERE content_hash = ?1"),
        insert_(sqlite,
                "INSERT INTO art (text, width, height, style, title, caption, source, rights, "
                "quality, added_at, content_hash, shape_hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
                "?8, ?9, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), ?10, ?11)"),
        tag_(sqlite, "INSERT INTO tag (name) VALUES (?1) ON CONFLICT DO NOTHING"),
        link_(sqlite,
              "INSERT INTO art_tag SELECT ?1, id FROM tag WHERE name = ?2 ON CONFLICT DO NOTHING") {
  }

  std::optional<int64_t> same_as(const Piece& piece) {
    std::optional<int64_t> id;
    same_.bind(1, content_hash(piece.text));
    while (same_.step()) id = same_.integer(0);
    return id;
  }

  int64_t insert(const Piece& p) {
    insert_.bind(1, p.text).bind(2, int64_t{p.outline.width}).bind(3, int64_t{p.outline.height});
    insert_.bind(4, int64_t{p.style}).bind(5, p.title).bind(6, p.caption).bind(7, p.source);
    insert_.bind(8, p.rights).bind(9, p.quality).bind(10, content_hash(p.text));
    insert_.bind(11, static_cast<int64_t>(p.outline.hash)).run();
    return sqlite_.last_id();
  }

  void add_tags(int64_t id, const std::vector<std::string>& tags) {
    for (const std::string& tag : tags) {
      if (tag.empty()) continue;
      tag_.bind(1, tag).run();
      link_.bind(1, id).bind(2, tag).run();
    }
  }

 private:
  const Sqlite& sqlite_;
  Statement same_, insert_, tag_, link_;
};

}  // namespace

void Database::add(const Next& next, const Result& result, bool keep_near) {
  NearIndex index;
  for_each([&](const Piece& piece) { index.add(piece.outline, piece.id); });
  Transaction transaction(sqlite_);
  Adding adding(sqlite_);
  while (std::optional<Piece> piece = next()) {
    const Drawing drawing = drawing_of(piece->text);
    piece->outline = {drawing.width, drawing.height, shape_hash(drawing)};
    if (const std::optional<int64_t> same = adding.same_as(*piece)) {
      adding.add_tags(*same, piece->tags);
      result(*piece, Added::merged, *same);
      continue;
    }
    const std::optional<int64_t> near = keep_near ? std::nullopt : index.find(piece->outline);
    if (near) {
      result(*piece, Added::near, *near);
      continue;
    }
    piece->id = adding.insert(*piece);
    adding.add_tags(piece->id, piece->tags);
    index.add(piece->outline, piece->id);
    result(*piece, Added::fresh, piece->id);
  }
  transaction.commit();
}

void Database::for_each(const std::function<void(Piece)>& with) const {
  Statement rows(sqlite_, fmt::format("SELECT {} FROM art ORDER BY id", kColumns));
  Statement tags(sqlite_,
                 "SELECT name FROM tag JOIN art_tag ON tag.id = tag_id WHERE art_id = ?1 "
                 "ORDER BY tag.id");
  while (rows.step()) {
    Piece piece = piece_of(rows, sqlite_.name());
    tags.bind(1, piece.id);
    while (tags.step()) piece.tags.push_back(tags.text(0));
    with(std::move(piece));
  }
}

std::vector<Piece> Database::pieces() const {
  std::vector<Piece> all;
  for_each([&](Piece piece) { all.push_back(std::move(piece)); });
  return all;
}

std::vector<Piece> Database::search(const Query& query) const {
  // Each word in quotes is a phrase to FTS5, whatever is in it.
  std::string match;
  for (const std::string& word : query.words) {
    std::string quoted = "\"";
    for (const char c : word) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    match += quoted + "\" ";
  }
  const char* from = query.words.empty()
                         ? "art WHERE ?1 = ''"
                         : "art JOIN art_fts ON art.id = art_fts.rowid WHERE art_fts MATCH ?1";
  std::string columns = kColumns;
  if (!query.words.empty()) {
    columns =
        "art.id, text, width, height, style, art.title, art.caption, source, rights, quality, "
        "shape_hash";
  }
  Statement rows(
      sqlite_,
      fmt::format("SELECT {} FROM {} AND width <= ?2 AND height <= ?3 AND (?4 < 0 OR "
                  "style = ?4) ORDER BY {} LIMIT ?5",
                  columns, from, query.words.empty() ? "id" : "bm25(art_fts, 10, 2, 5), art.id"));
  rows.bind(1, match).bind(2, int64_t{query.max_width}).bind(3, int64_t{query.max_height});
  rows.bind(4, int64_t{query.style.value_or(-1)}).bind(5, int64_t{query.limit});
  std::vector<Piece> found;
  Statement tags(sqlite_, "SELECT name FROM tag JOIN art_tag ON tag.id = tag_id WHERE art_id = ?1");
  while (rows.step()) {
    found.push_back(piece_of(rows, sqlite_.name()));
    tags.bind(1, found.back().id);
    while (tags.step()) found.back().tags.push_back(tags.text(0));
  }
  return found;
}

Database::Stats Database::stats() const {
  Stats s;
  Statement sums(sqlite_,
                 "SELECT count(*), coalesce(sum(width * height), 0), coalesce(max(width), 0), "
                 "coalesce(max(height), 0), (SELECT count(*) FROM tag) FROM art");
  sums.step();
  s.pieces = sums.integer(0);
  s.characters = sums.integer(1);
  s.widest = static_cast<int>(sums.integer(2));
  s.tallest = static_cast<int>(sums.integer(3));
  s.tags = sums.integer(4);
  const auto counted = [&](const char* text) {
    std::vector<Count> counts;
    Statement rows(sqlite_, text);
    while (rows.step()) counts.push_back({rows.text(0), rows.integer(1)});
    return counts;
  };
  s.styles = counted("SELECT style, count(*) FROM art GROUP BY 1 ORDER BY 2 DESC");
  s.sources = counted(
      "SELECT substr(source, 1, instr(source || '/', '/') - 1), count(*) FROM art GROUP BY 1 "
      "ORDER BY 2 DESC LIMIT 20");
  s.rights = counted("SELECT rights, count(*) FROM art GROUP BY 1 ORDER BY 2 DESC LIMIT 20");
  s.common_tags = counted(
      "SELECT name, count(*) FROM tag JOIN art_tag ON tag.id = tag_id GROUP BY tag.id "
      "ORDER BY 2 DESC, 1 LIMIT 20");
  return s;
}

}  // namespace yent::art
