// Jobs, pictures and conversations on disk: one SQLite database and a folder of PNG files. What a
// function has done is there after the process was killed; after a power cut the last second may be
// missing, and nothing is damaged (WAL, synchronous = NORMAL).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/server/store/records.h"
#include "tools/sqlite/sqlite.h"

namespace yent::server {

struct StoreLimits {
  int64_t picture_bytes = int64_t{2} << 30;  // of all picture files; the oldest go first
  double days = 30;                          // how long pictures, jobs and conversations stay
  int jobs_of_client = 10'000;               // that are over; the oldest go first
};

// Of one thread. Every function throws a run or file error of one sentence where the disk or the
// database does not do what it should. The files are as private as the process's umask makes them.
class DiskStore {
 public:
  // Makes the folder (mode 0700) and the database, and removes files that no picture owns: what a
  // killed process left behind. Throws where another server has this store.
  DiskStore(std::filesystem::path folder, StoreLimits limits);
  ~DiskStore();

  void add_job(const JobRecord& job);
  // A reaction and what the client's conversation has become by it.
  void save_answer(const std::string& job, const std::string& answer);
  void save_conversation(const std::string& client, const std::string& state, double now);
  std::optional<std::string> conversation(const std::string& client);
  void finish_job(const std::string& job, const std::string& document);

  // The file and then its row, so that no row is without its file. `raw` is empty without a filter.
  // A picture that the job already has at that place is kept, and its id returned.
  std::string add_picture(const PictureRecord& picture, const std::string& png,
                          const std::string& raw);

  std::vector<JobRecord> unfinished();  // in the order in which they came
  std::optional<JobRecord> job(const std::string& id, const std::string& client);
  // Newest first, those older than the job `before`, if it is given.
  std::vector<JobRecord> jobs(const std::string& client, const std::string& before, int limit);
  void forget_job(const std::string& id, const std::string& client);

  std::optional<PictureRecord> picture(const std::string& id, const std::string& client);
  std::optional<std::string> file(const PictureRecord& picture, bool raw);
  std::vector<PictureRecord> pictures(const std::string& client, const std::string& before,
                                      int limit);
  bool forget_picture(const std::string& id, const std::string& client);
  void forget_client(const std::string& client);

  // Removes what is too old and what is too much.
  void sweep(double now);
  int64_t picture_bytes() const { return bytes_; }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path path_of(const std::string& id, bool raw) const;
  void lock();
  void remove_strays();
  void unlink(const std::string& id);
  void remove_pictures(double now);
  void remove_files(const std::vector<PictureRecord>& pictures);
  std::vector<PictureRecord> read_pictures(const std::string& condition,
                                           const std::vector<std::string>& values, int limit);
  std::vector<JobRecord> read_jobs(const std::string& condition,
                                   const std::vector<std::string>& values, int limit);

  std::filesystem::path folder_;
  StoreLimits limits_;
  int lock_ = -1;
  std::optional<Sqlite> database_;
  int64_t bytes_ = 0;
};

}  // namespace yent::server
