#include "engine/pipeline/lora_folder.h"

#include <algorithm>
#include <string_view>
#include <system_error>
#include <vector>

#include "kernels/error.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace fs = std::filesystem;
namespace {

bool is_adapter(const fs::path& file) {
  constexpr std::string_view endings[] = {".safetensors", ".pt", ".ckpt", ".bin"};
  return std::find(std::begin(endings), std::end(endings), file.extension().string()) !=
         std::end(endings);
}

bool is_called(const fs::path& below, const std::string& name) {
  const std::string path = below.generic_string(), file = below.filename().string();
  const std::string bare = fs::path(below).replace_extension().generic_string();
  return name == path || name == bare || name == file || name == below.stem().string();
}

// The files of the folder, by their paths below it. Links to folders are not followed.
std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  auto at = fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied,
                                             error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code unreadable;
    if (at->is_regular_file(unreadable)) files.push_back(at->path().lexically_relative(folder));
  }
  if (error) throw file_error("{}: cannot be read: {}", folder.string(), error.message());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

fs::path find_lora(const fs::path& folder, const std::string& name) {
  if (folder.empty()) {
    throw usage_error("the prompt asks for the LoRA {}, and no folder of LoRAs is given",
                      printable(name));
  }
  std::vector<fs::path> found;
  for (const fs::path& file : files_below(folder)) {
    if (is_adapter(file) && is_called(file, name)) found.push_back(file);
  }
  if (found.empty()) {
    throw file_error("{}: there is no LoRA {} in this folder", folder.string(), printable(name));
  }
  if (found.size() > 1) {
    throw file_error("{}: the LoRA {} may be {} or {}, expected one file", folder.string(),
                     printable(name), printable(found[0].string()), printable(found[1].string()));
  }
  return folder / found[0];
}

}  // namespace yent
