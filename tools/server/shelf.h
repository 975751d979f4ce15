// What requests can name: models, adapters, styles, policies. A name stands for a file of a folder
// that was given at the start, or for what ships; no request reaches any other file, and no answer
// says where one is.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/pipeline/style.h"
#include "engine/yent/persona.h"
#include "tools/server/jobs/job_spec.h"

namespace yent::server {

struct ShelfFolders {
  std::string model = "default", voice = "default";  // paths, or what ships
  std::string models, loras, styles;                 // folders; empty: none
};

// Read once; const functions are for any thread.
class Shelf {
 public:
  // Throws a file error for a folder that is not there.
  explicit Shelf(const ShelfFolders& folders);

  // Sorted; of models, `default` is the first: the model that the server was started with.
  std::vector<std::string> model_names() const;
  std::vector<std::string> lora_names() const;
  std::vector<std::string> style_names() const;
  std::vector<std::string> policy_names() const { return policies_; }
  std::vector<std::string> mood_names() const;
  const Persona& persona() const { return persona_; }

  // Throw a usage error for a name that is not there.
  std::filesystem::path model(const std::string& name) const;
  std::filesystem::path lora(const std::string& name) const;
  Style style(const std::string& name, const std::string& model) const;
  std::filesystem::path lora_folder() const { return folders_.loras; }
  std::filesystem::path voice() const;

  // Throws a usage error for a painting that names what is not there; reads nothing.
  void check(const PaintWish& wish) const;

  // The rules that `bits` stands for: the UNet's weights on a grid of that many bits.
  static std::string bits_policy(int bits);
  // The policy of a painting; the machine's own where it names none. `usual` is that of the start.
  Policy policy(const PaintWish& wish, const Policy& usual, const Backend& backend) const;

  // The sentence without the folders that are in it.
  std::string without_paths(std::string sentence) const;

 private:
  using Files = std::map<std::string, std::filesystem::path>;

  ShelfFolders folders_;
  Persona persona_;
  Files models_, loras_, styles_;
  std::vector<std::string> policies_, roots_;
};

}  // namespace yent::server
