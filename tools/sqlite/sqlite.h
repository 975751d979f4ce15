// SQLite as objects: connections and statements that close themselves, and errors as file errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace yent {

enum class Access { read, write, create };

// One connection, of one thread. Files of strangers are read with care: what they define in their
// schema may call nothing but SQLite's own harmless functions, and a damaged page is an error.
class Sqlite {
 public:
  // Throws a file error where the file cannot be opened or, but for `create`, is not there.
  Sqlite(const std::filesystem::path& path, Access access);
  static Sqlite in_memory();

  // Lets triggers reach the word index. For a schema that was found to be ours alone.
  void trust_schema();
  // Several statements without values. They are ours, never a user's words.
  void run(const char* statements);
  // What was changed by the last statement: the id of the row that it inserted.
  int64_t last_id() const;
  // A copy of the whole database in memory.
  Sqlite copy() const;

  // The sentence of an error of this connection: the path, and what SQLite says. Of kind `run`
  // where the disk, another program or memory is to blame.
  [[noreturn]] void fail() const;

  const std::string& name() const { return name_; }
  sqlite3* handle() const { return handle_.get(); }

 private:
  Sqlite() = default;

  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::string name_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// A prepared statement with its values. The connection must outlive it, and stay where it is.
class Statement {
 public:
  Statement(const Sqlite& connection, std::string_view text);

  // Values of the parameters ?1, ?2, ...; texts and bytes are copied.
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, int64_t value);
  Statement& bind(int index, const std::optional<double>& value);
  Statement& bind(int index, std::span<const uint8_t> bytes);

  // The next row: false at the end, after which the statement can be bound and run again.
  bool step();
  // Runs it to its end.
  void run();

  // Of the current row, from 0.
  std::string text(int column) const;
  int64_t integer(int column) const;
  std::optional<double> real(int column) const;
  std::span<const uint8_t> bytes(int column) const;  // valid until the next step

 private:
  void check(int result) const;

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  const Sqlite& connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// All that is changed while it lives, or nothing: without commit() it is taken back.
class Transaction {
 public:
  explicit Transaction(Sqlite& connection);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Sqlite& connection_;
  bool open_ = true;
};

}  // namespace yent
