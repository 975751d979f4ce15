#include "tools/device_check/checked_device.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace yent {
namespace {

namespace fs = std::filesystem;

// $XDG_CACHE_HOME/yent/checked-devices, or where that is by default; empty where no folder can be
// made.
std::string verdict_file() {
  const auto folder_of = [](const char* variable) {
    const char* value = std::getenv(variable);
    return fs::path(value ? value : "");
  };
  fs::path folder = folder_of("XDG_CACHE_HOME");
  if (!folder.is_absolute()) {  // the specification has relative ones ignored
    folder = folder_of("HOME");
    if (!folder.is_absolute()) return "";
    folder /= ".cache";
  }
  std::error_code error;
  fs::create_directories(folder / "yent", error);
  return error ? "" : (folder / "yent" / "checked-devices").string();
}

// Another GPU or another build is checked again.
std::string name_of(const Backend& backend, int number) {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const auto size = error ? 0 : fs::file_size(program, error);
  const auto time = error ? fs::file_time_type() : fs::last_write_time(program, error);
  return fmt::format("{}:{} {} {:x}-{:x}", backend.device(), number, backend.isa(), size,
                     time.time_since_epoch().count());
}

}  // namespace

std::string remembered_difference(const std::string& file, const std::string& device,
                                  const std::function<std::string()>& check) {
  const std::string key = device + ": ";
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    const std::string verdict = line.substr(key.size());
    return verdict == "agrees" ? "" : verdict;
  }
  const std::string difference = check();
  std::ofstream(file, std::ios::app) << key << (difference.empty() ? "agrees" : difference) << '\n';
  return difference;
}

std::vector<std::unique_ptr<Backend>> checked_backends(
    const DeviceWish& wish, const std::function<void(const std::string&)>& warn) {
  const std::string file = verdict_file();
  const auto difference = [&](Backend& backend, int number) {
    return remembered_difference(file, name_of(backend, number),
                                 [&] { return device_difference(backend); });
  };
  return make_agreeing_backends(wish, difference, warn);
}

}  // namespace yent
