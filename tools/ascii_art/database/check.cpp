#include <algorithm>

#include "kernels/error.h"
#include "loaders/io/sha256.h"
#include "tools/ascii_art/database/database.h"

namespace yent::art {
namespace {

// Of one row of art: its text, and what is said of it.
std::string wrong_with(const Statement& row) {
  const std::string text = row.text(1);
  std::string canonical_text;
  try {
    canonical_text = canonical(text, "the text");
  } catch (const Error& error) {
    return error.what();
  }
  if (canonical_text != text) return "the text is not in its canonical form";
  const Drawing drawing = drawing_of(text);
  if (drawing.width != row.integer(2) || drawing.height != row.integer(3)) {
    return fmt::format("the text is {} x {}, the row says {} x {}", drawing.width, drawing.height,
                       row.integer(2), row.integer(3));
  }
  if (!std::ranges::equal(sha256(std::as_bytes(std::span(text))), row.bytes(4))) {
    return "the content hash is not that of the text";
  }
  if (static_cast<int64_t>(shape_hash(drawing)) != row.integer(5)) {
    return "the shape hash is not that of the text";
  }
  if (row.text(6).empty() || row.text(7).empty()) return "no source or no right is stated";
  return "";
}

}  // namespace

std::vector<std::string> Database::check() const {
  // The check of the word index is a statement that writes, so all is done to a copy.
  Sqlite copy = sqlite_.copy();
  std::vector<std::string> wrong;
  const auto say = [&](const char* text, const char* form) {
    Statement rows(copy, text);
    while (rows.step()) wrong.push_back(fmt::format(fmt::runtime(form), rows.text(0)));
  };
  say("SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'", "the file: {}");
  if (!wrong.empty()) return wrong;  // what follows would read what is broken
  Statement rows(copy,
                 "SELECT id, text, width, height, content_hash, shape_hash, source, rights "
                 "FROM art ORDER BY id");
  while (rows.step()) {
    const std::string what = wrong_with(rows);
    if (!what.empty()) wrong.push_back(fmt::format("piece {}: {}", rows.integer(0), what));
  }
  say("SELECT DISTINCT art_id FROM art_tag WHERE art_id NOT IN (SELECT id FROM art)",
      "tags of piece {}, which is not there");
  say("SELECT DISTINCT tag_id FROM art_tag WHERE tag_id NOT IN (SELECT id FROM tag)",
      "the tag {} is used and is not there");
  say("SELECT name FROM tag WHERE id NOT IN (SELECT tag_id FROM art_tag)",
      "the tag '{}' belongs to no piece");
  say("SELECT rowid FROM art_fts WHERE rowid NOT IN (SELECT id FROM art)",
      "words of piece {}, which is not there");
  say("SELECT id FROM art LEFT JOIN art_fts ON art.id = art_fts.rowid WHERE art_fts.rowid IS NULL "
      "OR art.title <> art_fts.title OR art.caption <> art_fts.caption",
      "piece {}: its words are not those in the index");
  try {
    copy.run("INSERT INTO art_fts (art_fts) VALUES ('integrity-check')");
  } catch (const Error&) {
    wrong.push_back("the index of the words is damaged");
  }
  return wrong;
}

}  // namespace yent::art
