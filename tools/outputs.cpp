#include "tools/outputs.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "engine/pipeline/assets.h"
#include "engine/pipeline/named_policy.h"
#include "kernels/error.h"
#include "loaders/io/embedded.h"
#include "loaders/io/output_file.h"
#include "tools/command_line/number.h"
#include "tools/paint_request.h"

namespace yent {
namespace {

namespace fs = std::filesystem;

// What tells a file from another: device, number and nothing, or those of its folder and its name
// where it does not exist yet.
using Identity = std::tuple<dev_t, ino_t, std::string>;

// Nothing for what does not exist, and for devices and pipes, which take any number of outputs.
std::optional<Identity> existing(const fs::path& path) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) return {};
  if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return {};
  return Identity{info.st_dev, info.st_ino, ""};
}

// Nothing where no file can be made, either.
std::optional<Identity> existing_or_new(const fs::path& path) {
  std::error_code error;
  if (fs::exists(path, error)) return existing(path);
  const fs::path target = output_target(path);
  auto identity = existing(target.has_parent_path() ? target.parent_path() : fs::path("."));
  if (identity) std::get<std::string>(*identity) = target.filename().string();
  return identity;
}

std::string lower_ending(const fs::path& path) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending;
}

// A device or a pipe has no ending.
void check_ending(const fs::path& path) {
  std::error_code error;
  if (path == "-" || (fs::exists(path, error) && !fs::is_regular_file(path, error))) return;
  const std::string ending = lower_ending(path);
  if (ending == ".png" || is_jpeg_name(path)) return;
  throw usage_error("-o {}: the ending is '{}', expected .png, .jpg or .jpeg", path.string(),
                    path.extension().string());
}

std::vector<NamedFile> outputs_of(const Options& o) {
  std::vector<NamedFile> outputs;
  if (!o.dump.empty()) outputs.push_back({"--dump", o.dump});
  if (!o.record.empty()) outputs.push_back({"--record", o.record});
  if (!o.session.empty()) outputs.push_back({"--session", o.session});
  if (o.complete || o.prompt_only) return outputs;  // nothing is painted
  const int unnamed = o.output.empty() ? next_picture_number() : 0;
  for (int k = 0; k < o.batch; ++k) {
    if (unnamed > 0) outputs.push_back({"the picture", unnamed_picture(unnamed + k)});
    if (unnamed == 0 && o.output != "-") outputs.push_back({"-o", numbered(o.output, k)});
    if (!o.ascii.empty()) outputs.push_back({"--ascii", numbered(o.ascii, k)});
    if (!o.html.empty()) outputs.push_back({"--html", numbered(o.html, k)});
  }
  return outputs;
}

// Weights and settings of a VAE or of adapters. Other files beside them are free.
template <class Iterator>
void add_weights(const NamedFile& folder, std::vector<NamedFile>& inputs) {
  constexpr std::string_view endings[] = {".safetensors", ".bin", ".pt", ".ckpt", ".json"};
  std::error_code error;
  for (Iterator at(folder.path, error); !error && at != Iterator(); at.increment(error)) {
    const std::string ending = lower_ending(at->path());
    if (std::ranges::find(endings, ending) == std::end(endings)) continue;
    inputs.push_back({folder.option, at->path()});
  }
}

// The files of a model in a folder, which the run opens by itself. Others beside them are free.
void add_folder(const NamedFile& folder, std::vector<NamedFile>& inputs) {
  if (!is_folder(folder.path)) return;
  for (const char* name : {"model_index.json", "vocab.json", "merges.txt", "config.json"}) {
    inputs.push_back({folder.option, folder.path / name});
  }
  for (const char* part : {"unet", "vae", "text_encoder", "tokenizer", "scheduler"}) {
    for (const fs::path& file : files_in(folder.path / part)) {
      inputs.push_back({folder.option, file});
    }
  }
}

}  // namespace

std::vector<NamedFile> inputs_of(const Options& o) {
  std::vector<NamedFile> inputs;
  const auto add = [&](const char* option, const fs::path& path) {
    if (path.empty()) return;
    inputs.push_back({option, path});
    add_folder({option, path}, inputs);
  };
  const auto add_model = [&](const char* option, const std::string& given, const char* shipped) {
    add(option, given == "default" ? find_shipped(shipped).value_or("") : fs::path(given));
  };
  add_model("-m", o.model, "default");
  add_model("--llm", o.llm, "default/yent.gguf");
  if (!o.second_llm.empty()) add_model("--llm2", o.second_llm, "default/yent.gguf");
  add("--style", o.style);
  if (o.preset_name.find_first_of("/.") != std::string::npos) {
    add("--preset", o.preset_name.substr(0, o.preset_name.rfind(':')));
  }
  add("--tokenizer", o.tokenizer);
  add("--vae", o.vae);
  add_weights<fs::directory_iterator>({"--vae", o.vae}, inputs);
  add_weights<fs::recursive_directory_iterator>({"--lora-dir", o.lora_dir}, inputs);
  add("-i", o.init_image);
  add("--mask", o.mask);
  add("--init-latent", o.init_latent);
  add("--cond", o.cond);
  for (const std::string& file : policy_files(o.policy)) add("--policy", file);
  for (const std::string& file : o.embeddings) add("--embedding", file);
  for (const std::string& lora : o.loras) {
    add("--lora", lora_argument(lora).first);
    add_weights<fs::directory_iterator>({"--lora", lora_argument(lora).first}, inputs);
  }
  return inputs;
}

fs::path numbered(const fs::path& path, int index) {
  if (index == 0 || path.empty()) return path;
  auto name = path.stem().string() + "_" + std::to_string(index + 1) + path.extension().string();
  return path.parent_path() / name;
}

std::string unnamed_picture(int number) { return fmt::format("yent-{:04}.png", number); }

int next_picture_number() {
  constexpr std::string_view begin = "yent-", end = ".png";
  int64_t last = 0;
  std::error_code error;
  for (fs::directory_iterator at(".", error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(begin) || !name.ends_with(end) || name.size() > 16) continue;
    const std::string_view digits(name.data() + begin.size(),
                                  name.size() - begin.size() - end.size());
    last = std::max(last, whole_number(digits).value_or(0));
  }
  return static_cast<int>(last) + 1;
}

bool is_jpeg_name(const fs::path& path) {
  const std::string ending = lower_ending(path);
  return ending == ".jpg" || ending == ".jpeg";
}

void check_outputs(const Options& o) {
  if (o.output == "-" && o.batch > 1) throw usage_error("-o - takes one picture, not {}", o.batch);
  if (!o.complete && !o.prompt_only && !o.output.empty()) check_ending(o.output);
  std::map<Identity, NamedFile> read, written;
  for (NamedFile& input : inputs_of(o)) {
    if (const auto identity = existing(input.path)) read.emplace(*identity, std::move(input));
  }
  const std::vector<NamedFile> outputs = outputs_of(o);
  for (const NamedFile& output : outputs) {
    const auto identity = existing_or_new(output.path);
    if (!identity) continue;
    const auto same = read.find(*identity);
    if (same != read.end()) {
      throw usage_error("{} is the file that {} reads, expected another", output.text(),
                        same->second.text());
    }
    const auto [other, is_new] = written.emplace(*identity, output);
    if (!is_new) {
      throw usage_error("{} and {} are one file, expected two", other->second.text(),
                        output.text());
    }
  }
  for (const NamedFile& output : outputs) ensure_writable(output.path);
}

}  // namespace yent
