#include "loaders/io/placeholder.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "kernels/error.h"

namespace yent {

void refuse_placeholder(std::span<const std::byte> bytes, const std::filesystem::path& path) {
  constexpr size_t looked_at = 256;
  std::string start;
  for (const std::byte b : bytes.first(std::min(bytes.size(), looked_at))) {
    start.push_back(static_cast<char>(b));
  }
  if (start.starts_with("version https://git-lfs.github.com/")) {
    throw file_error("{}: a Git LFS pointer, expected the file that it stands for (git lfs pull)",
                     path.string());
  }
  const size_t text = start.find_first_not_of(" \t\r\n");
  if (text == std::string::npos) return;
  std::string word = start.substr(text, 14);
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (word.starts_with("<!doctype html") || word.starts_with("<html")) {
    throw file_error("{}: a web page, expected a model file", path.string());
  }
}

}  // namespace yent
