#include "tools/server/shelf.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/ascii/charset.h"
#include "engine/diffusion/samplers/sampler_table.h"
#include "engine/pipeline/assets.h"
#include "engine/pipeline/named_policy.h"
#include "kernels/error.h"
#include "kernels/spelling.h"

namespace yent::server {
namespace fs = std::filesystem;

namespace {

// Names of files without their ending, and of folders.
std::map<std::string, fs::path> files_of(const std::string& folder, bool with_folders) {
  std::map<std::string, fs::path> files;
  if (folder.empty()) return files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const fs::path& path = entry.path();
    const std::string ending = path.extension().string();
    const bool is_file = ending == ".safetensors" || ending == ".ckpt" || ending == ".pt" ||
                         ending == ".bin" || ending == ".gguf";
    std::error_code ignored;
    if (entry.is_directory(ignored) ? with_folders : is_file) {
      files[entry.is_directory(ignored) ? path.filename().string() : path.stem().string()] = path;
    }
  }
  if (error) throw file_error("{}: cannot be read ({})", folder, error.message());
  return files;
}

std::vector<std::string> names_of(const std::map<std::string, fs::path>& files) {
  std::vector<std::string> names;
  for (const auto& entry : files) names.push_back(entry.first);
  return names;
}

fs::path find(const std::map<std::string, fs::path>& files, const std::string& name,
              const char* kind) {
  const auto found = files.find(name);
  if (found != files.end()) return found->second;
  if (files.empty()) throw usage_error("there is no {} {}; this server has none", kind, name);
  throw usage_error("there is no {} {}, expected {}", kind, name, one_of(name, names_of(files)));
}

}  // namespace

Shelf::Shelf(const ShelfFolders& folders)
    : folders_(folders),
      persona_(built_in_persona()),
      models_(files_of(folders.models, true)),
      loras_(files_of(folders.loras, false)),
      styles_(files_of(folders.styles, false)),
      policies_(yent::policy_names()) {
  models_["default"] = painter_path(folders.model);
  for (const std::string& folder : {folders.models, folders.loras, folders.styles}) {
    if (!folder.empty()) roots_.push_back(folder);
  }
  for (const fs::path& path : {model("default"), voice()}) {
    if (path.has_parent_path()) roots_.push_back(path.parent_path().string());
  }
  if (const auto shipped = find_shipped("default")) roots_.push_back(shipped->string());
  std::ranges::sort(roots_, std::greater<>(), &std::string::size);
}

std::vector<std::string> Shelf::model_names() const {
  std::vector<std::string> names = names_of(models_);
  std::erase(names, "default");
  names.insert(names.begin(), "default");
  return names;
}

std::vector<std::string> Shelf::lora_names() const { return names_of(loras_); }

std::vector<std::string> Shelf::style_names() const {
  std::vector<std::string> names = yent::style_names(persona_);
  for (const auto& entry : styles_) names.push_back(entry.first);
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::vector<std::string> Shelf::mood_names() const {
  std::vector<std::string> names;
  for (const Mood& mood : persona_.moods) names.push_back(mood.name);
  return names;
}

fs::path Shelf::model(const std::string& name) const { return find(models_, name, "model"); }
fs::path Shelf::lora(const std::string& name) const { return find(loras_, name, "LoRA"); }
fs::path Shelf::voice() const { return voice_path(folders_.voice); }

Style Shelf::style(const std::string& name, const std::string& model_name) const {
  const auto own = styles_.find(name);
  if (own != styles_.end()) return find_style(own->second.string(), model(model_name), persona_);
  const std::vector<std::string> known = style_names();
  if (std::ranges::find(known, name) == known.end()) {
    throw usage_error("there is no style {}, expected {}", name, one_of(name, known));
  }
  return find_style(name, model(model_name), persona_);
}

void Shelf::check(const PaintWish& wish) const {
  model(wish.model);
  if (!wish.style.empty()) {
    const std::vector<std::string> known = style_names();
    if (std::ranges::find(known, wish.style) == known.end()) style(wish.style, wish.model);
  }
  for (const NamedLora& one : wish.loras) lora(one.name);
  if (!wish.policy.empty() && std::ranges::find(policies_, wish.policy) == policies_.end()) {
    throw usage_error("there is no policy {}, expected {}", wish.policy,
                      one_of(wish.policy, policies_));
  }
  if (!wish.policy_text.empty()) Policy::parse(wish.policy_text, "policy_text");
  if (!wish.spec.sampler.empty()) find_sampler(wish.spec.sampler);
  if (wish.filter != "none") charset_from(wish.charset);
}

std::string Shelf::bits_policy(int bits) {
  return fmt::format(
      "unet.conv_in f32\nunet.conv_out f32\nunet.time_embedding.* f32\n"
      "unet.*.time_emb_proj f32\nunet.* auto bits={}\n* auto\n",
      bits);
}

Policy Shelf::policy(const PaintWish& wish, const Policy& usual, const Backend& backend) const {
  if (wish.bits > 0) return policy_from_text(bits_policy(wish.bits), backend);
  if (!wish.policy_text.empty()) return policy_from_text(wish.policy_text, backend);
  if (!wish.policy.empty()) return named_policy(wish.policy, "auto", backend);
  return usual;
}

std::string Shelf::without_paths(std::string sentence) const {
  for (const std::string& root : roots_) {
    for (size_t at = sentence.find(root); at != sentence.npos; at = sentence.find(root, at)) {
      size_t end = at + root.size();
      if (end < sentence.size() && sentence[end] == '/') ++end;
      sentence.erase(at, end - at);
      if (sentence.compare(at, 2, ": ") == 0) sentence.erase(at, 2);
    }
  }
  return sentence;
}

}  // namespace yent::server
