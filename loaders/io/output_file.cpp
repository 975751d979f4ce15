#include "loaders/io/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "kernels/error.h"

namespace yent {

namespace fs = std::filesystem;

namespace {

Error cannot_write(const fs::path& path, int reason) {
  return run_error("{}: cannot be written: {}", path.string(), std::strerror(reason));
}

// Closes the descriptor when it is destroyed; the caller renames or removes the file.
struct Descriptor {
  int fd = -1;
  explicit Descriptor(int f) : fd(f) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

// A hidden name beside the target, this process's own. Left over from a killed process with the
// same id, it is simply written again.
fs::path temporary_beside(const fs::path& target) {
  return target.parent_path() / fmt::format(".{}.{}", target.filename().string(), ::getpid());
}

int open_new(const fs::path& path) {
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
}

// The target of a symbolic link, so that the link survives the rename.
fs::path resolved(const fs::path& path) {
  std::error_code error;
  const fs::path target = fs::is_symlink(path, error) ? fs::weakly_canonical(path, error) : path;
  return error ? path : target;
}

bool is_device_or_pipe(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

}  // namespace

void ensure_writable(const fs::path& path) {
  std::error_code error;
  if (path.empty() || path.filename().empty() || fs::is_directory(path, error)) {
    throw cannot_write(path, EISDIR);
  }
  const bool exists = fs::exists(path, error);
  if (exists && ::access(path.c_str(), W_OK) != 0) throw cannot_write(path, errno);
  if (is_device_or_pipe(path)) return;
  const fs::path temporary = temporary_beside(resolved(path));
  const Descriptor file(open_new(temporary));
  if (file.fd < 0) throw cannot_write(path, errno);
  ::unlink(temporary.c_str());
}

OutputFile::OutputFile(const fs::path& path) : path_(path) {
  if (is_device_or_pipe(path)) {
    fd_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    target_ = resolved(path);
    temporary_ = temporary_beside(target_);
    fd_ = open_new(temporary_);
  }
  if (fd_ < 0) throw cannot_write(path, errno);
}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
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

// close() reports errors that write() did not.
void OutputFile::finish() {
  const int closed = ::close(fd_);
  const int reason = closed == 0 ? 0 : errno;
  fd_ = -1;
  if (temporary_.empty() && reason == 0) return;
  if (reason == 0 && ::rename(temporary_.c_str(), target_.c_str()) == 0) return;
  const int why = reason != 0 ? reason : errno;
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  fail(why);
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

}  // namespace yent
