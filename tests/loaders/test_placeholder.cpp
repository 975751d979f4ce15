#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "loaders/tensors/gguf.h"
#include "loaders/tensors/tensor_set.h"
#include "tests/support/hostile.h"
#include "tests/support/temporary_folder.h"

using namespace yent;

namespace {

std::string refusal(const char* name, const std::string& text,
                    const std::function<void(const std::filesystem::path&)>& read) {
  const test::TemporaryFolder folder;
  const auto path = folder.file(name, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  const std::string sentence = test::refusal([&] { read(path); });
  return sentence.substr(std::min(sentence.size(), path.string().size() + 2));
}

}  // namespace

TEST_CASE("placeholder: a Git LFS pointer and a web page are called by their names") {
  const std::string pointer =
      "version https://git-lfs.github.com/spec/v1\n"
      "oid sha256:0000000000000000000000000000000000000000000000000000000000000000\nsize 12345\n";
  const std::string page = "\n <!DOCTYPE html>\n<html><body>404</body></html>";
  const auto tensors = [](const std::filesystem::path& path) { read_tensors(path); };
  const auto gguf = [](const std::filesystem::path& path) { GgufFile::open(path); };
  for (const char* name : {"model.safetensors", "model.ckpt", "model.bin", "model"}) {
    CAPTURE(name);
    CHECK(refusal(name, pointer, tensors) ==
          "a Git LFS pointer, expected the file that it stands for (git lfs pull)");
    CHECK(refusal(name, page, tensors) == "a web page, expected a model file");
  }
  CHECK(refusal("voice.gguf", pointer, gguf).starts_with("a Git LFS pointer"));
  CHECK(refusal("voice.gguf", page, gguf).starts_with("a web page"));
}
