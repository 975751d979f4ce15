#include "tools/server/store/disk_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <unordered_set>

#include "kernels/error.h"
#include "loaders/io/output_file.h"
#include "tools/command_line/number.h"

namespace yent {
extern const std::string_view server_schema_sql;
}

namespace yent::server {
namespace fs = std::filesystem;

namespace {

constexpr int kVersion = 1;
constexpr const char* kPictureColumns =
    "SELECT id, job, client, place, seed, width, height, bytes, created, prompt, words, filtered "
    "FROM pictures WHERE ";
constexpr const char* kJobColumns =
    "SELECT id, client, created, seed, request, picture, mask, answer, document FROM jobs WHERE ";

uint64_t seed_of(const std::string& text) { return natural_number(text).value_or(0); }

PictureRecord picture_of(const Statement& row) {
  return {.id = row.text(0),
          .job = row.text(1),
          .client = row.text(2),
          .index = static_cast<int>(row.integer(3)),
          .seed = seed_of(row.text(4)),
          .width = static_cast<int>(row.integer(5)),
          .height = static_cast<int>(row.integer(6)),
          .bytes = row.integer(7),
          .created = row.real(8).value_or(0),
          .prompt = row.text(9),
          .words = row.text(10),
          .filtered = row.integer(11) != 0};
}

std::string bytes_of(const Statement& row, int column) {
  const auto bytes = row.bytes(column);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const uint8_t> span_of(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

void make_private(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw run_error("{}: cannot be made ({})", folder.string(), error.message());
  fs::permissions(folder, fs::perms::owner_all, error);
  if (error) throw run_error("{}: cannot be made private ({})", folder.string(), error.message());
}

}  // namespace

DiskStore::DiskStore(fs::path folder, StoreLimits limits)
    : folder_(std::move(folder)), limits_(limits) {
  make_private(folder_);
  make_private(folder_ / "pictures");
  lock();
  database_.emplace(folder_ / "yent.sqlite", Access::create);
  // Pages that were read once are in the system's cache, too: 256 KB of them here are enough.
  database_->run(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -256;");
  Statement version(*database_, "PRAGMA user_version");
  version.step();
  const int64_t found = version.integer(0);
  version.step();
  if (found == 0) {
    Transaction transaction(*database_);
    database_->run(std::string(server_schema_sql).c_str());
    database_->run("PRAGMA user_version = 1");
    transaction.commit();
  } else if (found != kVersion) {
    throw file_error("{}: the store has version {}, expected {}", folder_.string(), found,
                     kVersion);
  }
  remove_strays();
}

DiskStore::~DiskStore() {
  if (lock_ >= 0) ::close(lock_);
}

// Two servers would hand out each other's jobs.
void DiskStore::lock() {
  const fs::path path = folder_ / "lock";
  lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) throw run_error("{}: cannot be written", path.string());
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    throw run_error("{}: another server uses this store", folder_.string());
  }
}

void DiskStore::remove_strays() {
  std::unordered_set<std::string> known;
  Statement rows(*database_, "SELECT id, bytes FROM pictures");
  bytes_ = 0;
  while (rows.step()) {
    known.insert(rows.text(0));
    bytes_ += rows.integer(1);
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_ / "pictures", error)) {
    const std::string name = entry.path().filename().string();
    if (!known.contains(name.substr(0, name.find('.')))) fs::remove(entry.path(), error);
  }
}

fs::path DiskStore::path_of(const std::string& id, bool raw) const {
  return folder_ / "pictures" / (id + (raw ? ".raw.png" : ".png"));
}

// ---- Jobs -------------------------------------------------------------------------------------

void DiskStore::add_job(const JobRecord& job) {
  Statement row(*database_,
                "INSERT INTO jobs (id, client, created, seed, request, picture, mask) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  row.bind(1, job.id).bind(2, job.client).bind(3, std::optional(job.created));
  row.bind(4, std::to_string(job.seed)).bind(5, job.request);
  row.bind(6, span_of(job.picture)).bind(7, span_of(job.mask));
  row.run();
}

void DiskStore::save_answer(const std::string& job, const std::string& answer) {
  Statement(*database_, "UPDATE jobs SET answer = ?2 WHERE id = ?1")
      .bind(1, job)
      .bind(2, answer)
      .run();
}

void DiskStore::finish_job(const std::string& job, const std::string& document) {
  Statement(*database_, "UPDATE jobs SET document = ?2, picture = NULL, mask = NULL WHERE id = ?1")
      .bind(1, job)
      .bind(2, document)
      .run();
}

std::vector<JobRecord> DiskStore::read_jobs(const std::string& condition,
                                            const std::vector<std::string>& values, int limit) {
  Statement rows(*database_, kJobColumns + condition + " LIMIT " + std::to_string(limit));
  for (size_t i = 0; i < values.size(); ++i) rows.bind(static_cast<int>(i) + 1, values[i]);
  std::vector<JobRecord> found;
  while (rows.step()) {
    found.push_back({.id = rows.text(0),
                     .client = rows.text(1),
                     .created = rows.real(2).value_or(0),
                     .seed = seed_of(rows.text(3)),
                     .request = rows.text(4),
                     .picture = bytes_of(rows, 5),
                     .mask = bytes_of(rows, 6),
                     .answer = rows.text(7),
                     .document = rows.text(8)});
  }
  for (JobRecord& job : found) {
    job.pictures = read_pictures("job = ?1 ORDER BY place", {job.id}, 1000);
  }
  return found;
}

std::vector<JobRecord> DiskStore::unfinished() {
  return read_jobs("document = '' ORDER BY number", {}, 1'000'000);
}

std::optional<JobRecord> DiskStore::job(const std::string& id, const std::string& client) {
  auto found = read_jobs("id = ?1 AND client = ?2", {id, client}, 1);
  if (found.empty()) return std::nullopt;
  return std::move(found[0]);
}

std::vector<JobRecord> DiskStore::jobs(const std::string& client, const std::string& before,
                                       int limit) {
  if (before.empty()) return read_jobs("client = ?1 ORDER BY number DESC", {client}, limit);
  return read_jobs(
      "client = ?1 AND number < (SELECT number FROM jobs WHERE id = ?2 AND client = ?1) "
      "ORDER BY number DESC",
      {client, before}, limit);
}

void DiskStore::forget_job(const std::string& id, const std::string& client) {
  const auto pictures = read_pictures("job = ?1 AND client = ?2", {id, client}, 1000);
  Transaction transaction(*database_);
  for (const char* statement : {"DELETE FROM pictures WHERE job = ?1 AND client = ?2",
                                "DELETE FROM jobs WHERE id = ?1 AND client = ?2"}) {
    Statement(*database_, statement).bind(1, id).bind(2, client).run();
  }
  transaction.commit();
  remove_files(pictures);
}

// ---- Conversations ----------------------------------------------------------------------------

void DiskStore::save_conversation(const std::string& client, const std::string& state, double now) {
  Statement(*database_,
            "INSERT INTO conversations (client, state, spoken) VALUES (?1, ?2, ?3) "
            "ON CONFLICT (client) DO UPDATE SET state = ?2, spoken = ?3")
      .bind(1, client)
      .bind(2, state)
      .bind(3, std::optional(now))
      .run();
}

std::optional<std::string> DiskStore::conversation(const std::string& client) {
  Statement row(*database_, "SELECT state FROM conversations WHERE client = ?1");
  row.bind(1, client);
  if (!row.step()) return std::nullopt;
  return row.text(0);
}

// ---- Pictures ---------------------------------------------------------------------------------

std::string DiskStore::add_picture(const PictureRecord& picture, const std::string& png,
                                   const std::string& raw) {
  const auto there =
      read_pictures("job = ?1 AND place = ?2", {picture.job, std::to_string(picture.index)}, 1);
  if (!there.empty()) return there[0].id;
  try {
    write_file_atomically(path_of(picture.id, false), png);
    if (!raw.empty()) write_file_atomically(path_of(picture.id, true), raw);
  } catch (const Error&) {
    unlink(picture.id);
    throw run_error("the picture cannot be written");
  }
  try {
    Statement row(*database_,
                  "INSERT INTO pictures (id, job, client, place, seed, width, height, bytes, "
                  "created, prompt, words, filtered) "
                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
    row.bind(1, picture.id).bind(2, picture.job).bind(3, picture.client);
    row.bind(4, int64_t{picture.index}).bind(5, std::to_string(picture.seed));
    row.bind(6, int64_t{picture.width}).bind(7, int64_t{picture.height});
    row.bind(8, static_cast<int64_t>(png.size() + raw.size()));
    row.bind(9, std::optional(picture.created)).bind(10, picture.prompt).bind(11, picture.words);
    row.bind(12, int64_t{!raw.empty()});
    row.run();
  } catch (const Error&) {
    unlink(picture.id);
    throw;
  }
  bytes_ += static_cast<int64_t>(png.size() + raw.size());
  if (bytes_ > limits_.picture_bytes) remove_pictures(picture.created);
  return picture.id;
}

std::vector<PictureRecord> DiskStore::read_pictures(const std::string& condition,
                                                    const std::vector<std::string>& values,
                                                    int limit) {
  Statement rows(*database_, kPictureColumns + condition + " LIMIT " + std::to_string(limit));
  for (size_t i = 0; i < values.size(); ++i) rows.bind(static_cast<int>(i) + 1, values[i]);
  std::vector<PictureRecord> found;
  while (rows.step()) found.push_back(picture_of(rows));
  return found;
}

std::optional<PictureRecord> DiskStore::picture(const std::string& id, const std::string& client) {
  auto found = read_pictures("id = ?1 AND client = ?2", {id, client}, 1);
  if (found.empty()) return std::nullopt;
  return std::move(found[0]);
}

std::optional<std::string> DiskStore::file(const PictureRecord& picture, bool raw) {
  std::ifstream in(path_of(picture.id, raw && picture.filtered), std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return std::move(bytes).str();
}

std::vector<PictureRecord> DiskStore::pictures(const std::string& client, const std::string& before,
                                               int limit) {
  if (before.empty()) return read_pictures("client = ?1 ORDER BY number DESC", {client}, limit);
  return read_pictures(
      "client = ?1 AND number < (SELECT number FROM pictures WHERE id = ?2 AND client = ?1) "
      "ORDER BY number DESC",
      {client, before}, limit);
}

bool DiskStore::forget_picture(const std::string& id, const std::string& client) {
  const auto pictures = read_pictures("id = ?1 AND client = ?2", {id, client}, 1);
  if (pictures.empty()) return false;
  Statement(*database_, "DELETE FROM pictures WHERE id = ?1").bind(1, id).run();
  remove_files(pictures);
  return true;
}

void DiskStore::forget_client(const std::string& client) {
  const auto pictures = read_pictures("client = ?1", {client}, 1'000'000);
  Transaction transaction(*database_);
  for (const char* table : {"pictures", "jobs", "conversations"}) {
    Statement(*database_, std::string("DELETE FROM ") + table + " WHERE client = ?1")
        .bind(1, client)
        .run();
  }
  transaction.commit();
  remove_files(pictures);
}

void DiskStore::unlink(const std::string& id) {
  std::error_code ignored;
  fs::remove(path_of(id, false), ignored);
  fs::remove(path_of(id, true), ignored);
}

void DiskStore::remove_files(const std::vector<PictureRecord>& pictures) {
  for (const PictureRecord& picture : pictures) {
    unlink(picture.id);
    bytes_ -= picture.bytes;
  }
}

void DiskStore::remove_pictures(double now) {
  const double oldest = now - limits_.days * 86400;
  const auto too_old = std::optional(oldest);
  std::vector<PictureRecord> leaving;
  {
    Statement rows(*database_, std::string(kPictureColumns) + "created < ?1");
    rows.bind(1, too_old);
    while (rows.step()) leaving.push_back(picture_of(rows));
  }
  int64_t left = bytes_;
  for (const PictureRecord& picture : leaving) left -= picture.bytes;
  Statement by_age(*database_, std::string(kPictureColumns) + "created >= ?1 ORDER BY number");
  by_age.bind(1, too_old);
  while (left > limits_.picture_bytes && by_age.step()) {
    leaving.push_back(picture_of(by_age));
    left -= leaving.back().bytes;
  }
  Transaction transaction(*database_);
  for (const PictureRecord& picture : leaving) {
    Statement(*database_, "DELETE FROM pictures WHERE id = ?1").bind(1, picture.id).run();
  }
  transaction.commit();
  remove_files(leaving);
}

void DiskStore::sweep(double now) {
  remove_pictures(now);
  const auto too_old = std::optional(now - limits_.days * 86400);
  Transaction transaction(*database_);
  Statement(*database_, "DELETE FROM jobs WHERE created < ?1 AND document <> ''")
      .bind(1, too_old)
      .run();
  Statement(
      *database_,
      "DELETE FROM jobs WHERE document <> '' AND number IN (SELECT number FROM (SELECT number, "
      "ROW_NUMBER() OVER (PARTITION BY client ORDER BY number DESC) AS age FROM jobs) "
      "WHERE age > ?1)")
      .bind(1, int64_t{limits_.jobs_of_client})
      .run();
  Statement(*database_, "DELETE FROM conversations WHERE spoken < ?1").bind(1, too_old).run();
  transaction.commit();
}

}  // namespace yent::server
