// The database of drawings: one file of SQLite, in which each drawing is once, with its words, its
// source and the right to use it. schema.sql is its form.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/ascii_writer/shape_hash.h"
#include "tools/sqlite/sqlite.h"

namespace yent::art {

struct Piece {
  std::string text;  // canonical
  int style = 0;     // of vocabulary.h
  std::string title = {}, caption = {}, source = {}, rights = {};
  std::optional<double> quality = {};
  std::vector<std::string> tags = {};
  // Of a piece that was read; add() finds them itself.
  int64_t id = 0;
  Outline outline = {};
};

// What became of a piece.
enum class Added {
  fresh,
  merged,  // the same text is there already: its new tags were added to it
  near,    // a near-duplicate of another: left out
};

struct Query {
  std::vector<std::string> words = {};  // all must be found; none: all pieces
  std::optional<int> style = {};
  int max_width = kMaxSide, max_height = kMaxSide;
  int limit = 10;
};

// Of one thread. Every function throws a file error, which begins with the path, for a file that is
// damaged or no such database, and a run error where the disk or another program is to blame.
class Database {
 public:
  // Makes the file, or its tables in an empty one; does nothing to a database that has them.
  static void create(const std::filesystem::path& path);

  explicit Database(const std::filesystem::path& path, Access access = Access::read);

  // Adds all pieces that `next` gives until it gives none, or nothing where one throws. `result`
  // is told what became of each, and of a near-duplicate the id that it is near to. Text that is
  // not canonical becomes so. `keep_near` adds near-duplicates too.
  using Next = std::function<std::optional<Piece>()>;
  using Result = std::function<void(const Piece&, Added, int64_t id)>;
  void add(const Next& next, const Result& result, bool keep_near = false);

  // In the order of their ids.
  void for_each(const std::function<void(Piece)>& with) const;
  std::vector<Piece> pieces() const;
  // The best first: title before tags before caption. The words are searched as they stand; nothing
  // in them is an operator.
  std::vector<Piece> search(const Query& query) const;

  struct Count {
    std::string name;
    int64_t pieces = 0;
  };
  struct Stats {
    int64_t pieces = 0, tags = 0, characters = 0;
    int widest = 0, tallest = 0;
    std::vector<Count> styles = {}, sources = {}, rights = {}, common_tags = {};
  };
  Stats stats() const;

  // What is wrong, a sentence each: the file's own structure, hashes, sizes, forms, rows that
  // belong to nothing, the index of the words. Empty: all is well.
  std::vector<std::string> check() const;

 private:
  Sqlite sqlite_;
};

// For a training: which of the pieces are held out, about one in `one_in`, decided by their shape
// hashes. Near-duplicates, also of near-duplicates, are held out together or not at all.
std::vector<bool> held_out(const std::vector<Piece>& pieces, int one_in = 20);

}  // namespace yent::art
