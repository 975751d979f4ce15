#include "tools/sqlite/sqlite.h"

#include <sqlite3.h>

#include "kernels/error.h"

namespace yent {

void Sqlite::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Sqlite::Sqlite(const std::filesystem::path& path, Access access) : name_(path.string()) {
  // Where there is no file, or a folder, SQLite says no more than that it cannot open it.
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (access != Access::create && !std::filesystem::exists(status)) {
    throw file_error("{}: no such file", name_);
  }
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    throw file_error("{}: is no file", name_);
  }
  int flags = SQLITE_OPEN_READONLY;
  if (access == Access::write) flags = SQLITE_OPEN_READWRITE;
  if (access == Access::create) flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* handle = nullptr;
  const int result = sqlite3_open_v2(name_.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (result != SQLITE_OK) fail();
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_busy_timeout(handle, 5000);
  run("PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA foreign_keys = ON;");
}

Sqlite Sqlite::in_memory() {
  Sqlite memory;
  memory.name_ = ":memory:";
  sqlite3* handle = nullptr;
  const int result =
      sqlite3_open_v2(":memory:", &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  memory.handle_.reset(handle);
  if (result != SQLITE_OK) memory.fail();
  return memory;
}

Sqlite Sqlite::copy() const {
  Sqlite memory = in_memory();
  memory.name_ = name_;
  sqlite3_backup* backup = sqlite3_backup_init(memory.handle(), "main", handle(), "main");
  if (!backup) memory.fail();
  const int result = sqlite3_backup_step(backup, -1);
  const int finished = sqlite3_backup_finish(backup);
  if (result != SQLITE_DONE) {
    throw file_error("{}: cannot be read: {}", name_, sqlite3_errstr(result));
  }
  if (finished != SQLITE_OK) memory.fail();
  return memory;
}

void Sqlite::trust_schema() {
  sqlite3_db_config(handle(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, nullptr);
}

void Sqlite::run(const char* statements) {
  if (sqlite3_exec(handle(), statements, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

int64_t Sqlite::last_id() const { return sqlite3_last_insert_rowid(handle()); }

void Sqlite::fail() const {
  if (!handle_) throw run_error("{}: memory ran out", name_);
  const std::string said = sqlite3_errmsg(handle());
  switch (sqlite3_errcode(handle()) & 0xFF) {
    case SQLITE_NOTADB:
      throw file_error("{}: is no SQLite database", name_);
    case SQLITE_CORRUPT:
      throw file_error("{}: is damaged ({})", name_, said);
    case SQLITE_NOMEM:
      throw run_error("{}: memory ran out", name_);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw run_error("{}: another program writes to it", name_);
    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      throw run_error("{}: cannot be written ({})", name_, said);
    default:
      throw file_error("{}: {}", name_, said);
  }
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(const Sqlite& connection, std::string_view text) : connection_(connection) {
  sqlite3_stmt* statement = nullptr;
  check(sqlite3_prepare_v2(connection.handle(), text.data(), static_cast<int>(text.size()),
                           &statement, nullptr));
  statement_.reset(statement);
}

void Statement::check(int result) const {
  if (result != SQLITE_OK) connection_.fail();
}

Statement& Statement::bind(int index, std::string_view text) {
  check(sqlite3_bind_text64(statement_.get(), index, text.data(), text.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind(int index, int64_t value) {
  check(sqlite3_bind_int64(statement_.get(), index, value));
  return *this;
}

Statement& Statement::bind(int index, const std::optional<double>& value) {
  check(value ? sqlite3_bind_double(statement_.get(), index, *value)
              : sqlite3_bind_null(statement_.get(), index));
  return *this;
}

Statement& Statement::bind(int index, std::span<const uint8_t> bytes) {
  check(sqlite3_bind_blob64(statement_.get(), index, bytes.data(), bytes.size(), SQLITE_TRANSIENT));
  return *this;
}

bool Statement::step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) connection_.fail();
  check(sqlite3_reset(statement_.get()));
  return false;
}

void Statement::run() {
  while (step()) {
  }
}

std::string Statement::text(int column) const {
  const auto* characters =
      reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (!characters) return "";
  return {characters, static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::optional<double> Statement::real(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return sqlite3_column_double(statement_.get(), column);
}

std::span<const uint8_t> Statement::bytes(int column) const {
  const auto* data = static_cast<const uint8_t*>(sqlite3_column_blob(statement_.get(), column));
  return {data, static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Transaction::Transaction(Sqlite& connection) : connection_(connection) {
  connection_.run("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (open_) sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  connection_.run("COMMIT");
  open_ = false;
}

}  // namespace yent
