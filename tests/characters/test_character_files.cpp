// Files of character diffusion: what is read, written, and refused.
#include <doctest/doctest.h>

#include <cstring>

#include "engine/characters/checkpoint.h"
#include "engine/characters/network.h"
#include "kernels/error.h"
#include "kernels/ref/ref_backend.h"
#include "loaders/tensors/convert.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/hostile.h"
#include "tests/support/temporary_folder.h"

using namespace yent;
using namespace yent::character_diffusion;

namespace {

const std::filesystem::path kToy = golden_path("char_diffusion_toy.pt");

std::vector<float> values_of(const CheckpointFile& file) {
  std::vector<float> all;
  for (const HostTensor& t : file.tensors.tensors) {
    std::vector<float> values(t.count());
    to_f32(t, values.data());
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

std::vector<std::string> names_of(const CheckpointFile& file) {
  std::vector<std::string> names;
  for (const HostTensor& t : file.tensors.tensors) names.push_back(t.name + dims_text(t.dims));
  return names;
}

// A network of one block.
CheckpointFile made_file(int64_t width, int64_t vocabulary, int64_t steps) {
  CheckpointFile file{.tensors = {.path = "made"}, .heads = 2, .length = 64};
  const auto add = [&](const std::string& name, int64_t rows, int64_t columns) {
    std::vector<float> values(rows * columns);
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>((i * 7919 + name.size() * 31) % 257) / 128 - 1;
    }
    auto& bytes = *file.tensors.owned.emplace_back(
        std::make_shared<std::vector<std::byte>>(values.size() * sizeof(float)));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    file.tensors.tensors.push_back({.name = name + ".weight",
                                    .dtype = DType::f32,
                                    .dims = {rows, columns},
                                    .data = bytes.data(),
                                    .bytes = bytes.size()});
  };
  add("token_emb", vocabulary, width);
  add("time_emb", steps, width);
  add("output_head", vocabulary, width);
  for (const char* layer : {"c_q", "c_k", "c_v", "c_proj"}) {
    add(fmt::format("blocks.0.attn.{}", layer), width, width);
  }
  add("blocks.0.mlp.c_fc", 4 * width, width);
  add("blocks.0.mlp.c_proj", width, 4 * width);
  sort_by_name(file.tensors);
  return file;
}

}  // namespace

TEST_CASE("character_files: every format keeps the tensors, and the types that it is asked for") {
  const test::TemporaryFolder folder;
  const CheckpointFile wide = made_file(32, 40, 9);
  struct Case {
    const char *name, *storage;
    double error;
  };
  for (const Case& c :
       {Case{"a.safetensors", "f32", 0}, Case{"b.pt", "f32", 0}, Case{"c.gguf", "f32", 0},
        Case{"d.safetensors", "f16", 3e-4}, Case{"e.pt", "f16", 3e-4},
        Case{"f.safetensors", "bf16", 3e-3}, Case{"g.gguf", "q8_0", 6e-3}}) {
    CAPTURE(c.name);
    const auto path = folder.path() / c.name;
    write_checkpoint(path, wide, storage_named(c.storage));
    const CheckpointFile read = read_checkpoint(path);
    CHECK(read.stored == c.storage);
    CHECK(names_of(read) == names_of(wide));
    CHECK(relative_error(values_of(read), values_of(wide)) <= c.error);
    const bool torch = path.extension() == ".pt";  // it has no place for numbers
    CHECK(read.heads == (torch ? 0 : 2));
    CHECK(read.length == (torch ? 0 : 64));
    const auto backend = make_ref_backend();
    const Policy policy;
    CHECK(Network(read, *backend, policy, 2).config().mlp_width == 128);
  }
  CHECK_THROWS_AS(write_checkpoint(folder.path() / "x.bin", wide, Storage::f32), Error);
  CHECK_THROWS_AS(write_checkpoint(folder.path() / "x.pt", wide, Storage::q8_0), Error);
  CHECK_THROWS_AS(storage_named("int3"), Error);
  // Rows of 8 are no blocks: they stay f32.
  write_checkpoint(folder.path() / "toy.gguf", read_checkpoint(kToy), Storage::q8_0);
  CHECK(read_checkpoint(folder.path() / "toy.gguf").stored == "f32 q8_0");
}

TEST_CASE("character_files: torch reads what we write, and back nothing has changed") {
  const test::TemporaryFolder folder;
  const CheckpointFile toy = read_checkpoint(kToy);
  CHECK(toy.stored == "f32");
  write_checkpoint(folder.path() / "toy.pt", toy, Storage::f32);
  const CheckpointFile again = read_checkpoint(folder.path() / "toy.pt");
  CHECK(values_of(again) == values_of(toy));
  CHECK(names_of(again) == names_of(toy));
}

TEST_CASE("character_files: a damaged file is refused in one sentence") {
  const test::TemporaryFolder folder;
  const CheckpointFile small = made_file(4, 2, 1);
  const auto backend = make_ref_backend();
  const Policy policy;
  const auto look = [&](const std::filesystem::path& path) {
    const CheckpointFile file = read_checkpoint(path);
    CHECK(file.heads >= 0);
    Network(file, *backend, policy, 2);
  };
  for (const char* name : {"small.safetensors", "small.gguf", "small.pt"}) {
    CAPTURE(name);
    write_checkpoint(folder.path() / name, small, Storage::f32);
    const test::Damage d = test::damage(test::contents(folder.path() / name), name, look);
    CHECK(d.cuts_accepted < 32);  // GGUF's last bytes may be padding
  }
}
