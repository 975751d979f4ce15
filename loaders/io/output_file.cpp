#include "loaders/io/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "kernels/error.h"

namespace yent {

namespace fs = std::filesystem;

namespace {

Error cannot_write(const fs::path& path, int reason) {
  return run_error("{}: cannot be written: {}", path.string(), std::strerror(reason));
}

// A hidden name of this process's own, short enough for any folder.
std::string temporary_name() {
  static std::atomic<unsigned> files = 0;
  return fmt::format(".yent-{}-{}", ::getpid(), files++);
}

bool is_device_or_pipe(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

}  // namespace

fs::path output_target(const fs::path& path) {
  constexpr int most_links = 40;  // as the system has it
  fs::path target = path;
  std::error_code error;
  for (int i = 0; i < most_links && fs::is_symlink(target, error); ++i) {
    const fs::path next = fs::read_symlink(target, error);
    if (error) break;
    target = target.parent_path() / next;
  }
  return target;
}

void ensure_writable(const fs::path& path) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) throw cannot_write(path, EISDIR);
    if (::access(path.c_str(), W_OK) != 0) throw cannot_write(path, errno);
    if (!S_ISREG(info.st_mode)) return;
  } else if (errno != ENOENT) {
    throw cannot_write(path, errno);
  }
  const OutputFile trial(path);
}

OutputFile::OutputFile(const fs::path& path) : path_(path) {
  if (path.filename().empty()) {
    errno = EISDIR;
  } else if (is_device_or_pipe(path)) {
    fd_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    open_beside();
  }
  if (fd_ >= 0) return;
  const int reason = errno;
  if (folder_ >= 0) ::close(folder_);
  fail(reason);
}

void OutputFile::open_beside() {
  const fs::path target = output_target(path_);
  name_ = target.filename().string();
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  folder_ = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder_ < 0) return;
  // finish() names the file through /proc.
  if (::access("/proc/self/fd", X_OK) == 0) {
    fd_ = ::openat(folder_, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  }
  if (fd_ >= 0) return;
  temporary_ = temporary_name();
  fd_ = ::openat(folder_, temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd_ < 0) temporary_.clear();
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlinkat(folder_, temporary_.c_str(), 0);
  if (folder_ >= 0) ::close(folder_);
}

void OutputFile::fail(int reason) const { throw cannot_write(path_, reason); }

void OutputFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(errno);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
}

// A file without a name gets one, and is closed: close() reports errors that write() did not, so it
// comes before an old file is replaced.
void OutputFile::give_temporary_name() {
  if (!name_.empty() && temporary_.empty()) {
    const std::string open_file = fmt::format("/proc/self/fd/{}", fd_);
    const std::string name = temporary_name();
    if (::linkat(AT_FDCWD, open_file.c_str(), folder_, name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      fail(errno);
    }
    temporary_ = name;
  }
  if (fd_ >= 0 && ::close(std::exchange(fd_, -1)) != 0) fail(errno);
}

void OutputFile::finish() {
  give_temporary_name();
  if (name_.empty()) return;
  if (::renameat(folder_, temporary_.c_str(), folder_, name_.c_str()) != 0) fail(errno);
  temporary_.clear();
}

// A link never replaces a file. Some file systems have no links; then a rename that does not
// either.
bool OutputFile::finish_new(const std::string& name) {
  give_temporary_name();
  const bool linked = ::linkat(folder_, temporary_.c_str(), folder_, name.c_str(), 0) == 0;
  if (!linked && errno != EEXIST) {
    if (::renameat2(folder_, temporary_.c_str(), folder_, name.c_str(), RENAME_NOREPLACE) == 0) {
      temporary_.clear();
      return true;
    }
  }
  if (!linked && errno != EEXIST) fail(errno);
  if (linked) ::unlinkat(folder_, std::exchange(temporary_, {}).c_str(), 0);
  return linked;
}

void write_file_atomically(const fs::path& path, std::span<const uint8_t> bytes) {
  OutputFile file(path);
  file.write(std::as_bytes(bytes));
  file.finish();
}

void write_file_atomically(const fs::path& path, std::string_view text) {
  write_file_atomically(path,
                        std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

fs::path write_new_file(const fs::path& folder, const std::function<std::string(int)>& name,
                        int first, std::span<const uint8_t> bytes) {
  OutputFile file(folder / name(first));
  file.write(std::as_bytes(bytes));
  for (int number = first;; ++number) {
    if (file.finish_new(name(number))) return folder / name(number);
  }
}

}  // namespace yent
