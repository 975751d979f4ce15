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

// 0, or the errno of the call that failed. close() reports errors that write() did not.
int write_and_close(Descriptor& file, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  const int closed = ::close(file.fd);
  file.fd = -1;
  return closed == 0 ? 0 : errno;
}

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

void write_file_atomically(const fs::path& path, std::span<const uint8_t> bytes) {
  if (is_device_or_pipe(path)) {
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (file.fd < 0) throw cannot_write(path, errno);
    if (const int reason = write_and_close(file, bytes)) throw cannot_write(path, reason);
    return;
  }
  const fs::path target = resolved(path);
  const fs::path temporary = temporary_beside(target);
  Descriptor file(open_new(temporary));
  if (file.fd < 0) throw cannot_write(path, errno);
  int reason = write_and_close(file, bytes);
  if (reason == 0 && ::rename(temporary.c_str(), target.c_str()) != 0) reason = errno;
  if (reason != 0) {
    ::unlink(temporary.c_str());
    throw cannot_write(path, reason);
  }
}

void write_file_atomically(const fs::path& path, std::string_view text) {
  write_file_atomically(path,
                        std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

}  // namespace yent
