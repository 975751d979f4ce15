// yent-run from outside, on the toy models, and the files that it writes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "loaders/tensors/safetensors.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tree.h"

namespace yent::test {

namespace fs = std::filesystem;
using Args = std::vector<std::string>;

inline const std::string kGolden = in_tree("tests/golden/");

std::string text_of(const fs::path& path);

Args operator+(Args a, const Args& b);

struct Outcome {
  int code = 0;
  std::string out, err;
};

// A folder to run in, and the program.
class Program {
 public:
  Program();
  // Another program of ours.
  static Program diffuse();

  // Whether the program cannot run on this machine; says so in a MESSAGE.
  static bool absent();

  pid_t start(Args args) const;
  Outcome finish(pid_t child) const;
  Outcome run(const Args& args) const { return finish(start(args)); }

  // One step of the toy painter.
  Outcome paint(const Args& args) const;
  Outcome complete(const Args& args) const;

  // The names of all files in the folder, sorted.
  std::vector<std::string> files() const;

  // What the child does between fork and exec: limits, mounts, environment.
  std::function<void()> in_child = {};
  std::string executable;

  std::string read(const std::string& name) const { return text_of(here / name); }
  TensorSet dump(const std::string& name) const { return read_safetensors(here / name); }
  bool has(const std::string& name) const { return fs::exists(here / name); }

 private:
  TemporaryFolder folder_;

 public:
  const fs::path here;

 private:
  explicit Program(const char* program);
};

// A run that fails prints one sentence, on standard error alone, and leaves no file; returned. The
// first runs with the toy painter, the second with these options alone.
std::string check_refused(const Program& program, const Args& args, int code);
std::string check_refused_as_typed(const Program& program, const Args& args, int code);

std::string bytes_of(const TensorSet& set, const std::string& name);
std::vector<std::string> names_of(const TensorSet& set);  // sorted
void check_tensor(const TensorSet& set, const std::string& name, DType dtype,
                  const std::vector<int64_t>& dims);

// A copy of the toy painter, to be damaged.
std::string painter_copy(const Program& program);

void put(const fs::path& path, const std::string& text);

// The keys of a JSON object, in order.
std::vector<std::string> keys_of(const std::string& json);

}  // namespace yent::test
