// One VAE in every form that --vae takes: diffusers wrote the folder and read the LDM file back as
// the same weights (vae_files.py in tests/golden).
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "loaders/checkpoint/diffusion_checkpoint.h"
#include "loaders/checkpoint/vae_file.h"
#include "loaders/tensors/safetensors.h"
#include "tests/support/hostile.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tree.h"

using namespace yent;
using test::refusal;
namespace fs = std::filesystem;

namespace {

const fs::path kGolden = in_tree("tests/golden");
const fs::path kFolder = kGolden / "vae_files", kLdm = kGolden / "vae_files_ldm.safetensors";
const char* const kWeights = "diffusion_pytorch_model.safetensors";

void check_same(const TensorSet& found, const TensorSet& expected) {
  REQUIRE(found.tensors.size() == expected.tensors.size());
  for (size_t i = 0; i < found.tensors.size(); ++i) {
    const HostTensor &a = found.tensors[i], &b = expected.tensors[i];
    CAPTURE(b.name);
    CHECK(a.name == b.name);
    CHECK(a.dims == b.dims);
    REQUIRE(a.bytes == b.bytes);
    CHECK(std::equal(a.data, a.data + a.bytes, b.data));
  }
}

// The tensors of a file, each name with `front` before it.
void write_renamed(const fs::path& from, const fs::path& to, const std::string& front) {
  const TensorSet set = read_tensors(from);
  std::vector<HostTensor> renamed = set.tensors;
  for (HostTensor& tensor : renamed) tensor.name = front + tensor.name;
  write_safetensors(to, renamed);
}

}  // namespace

TEST_CASE("vae_file: a folder, a pipeline's folder and files under either names are one VAE") {
  const TensorSet expected = read_tensors(kFolder / kWeights);
  CHECK(expected.tensors.size() == 152);
  const test::TemporaryFolder folder;
  fs::create_directory(folder / "pipeline");
  fs::copy(kFolder, folder / "pipeline/vae");
  write_renamed(kLdm, folder / "model.safetensors", "first_stage_model.");
  fs::copy_file(kFolder / kWeights, folder / "alone.safetensors");
  for (const fs::path& path :
       {kFolder, fs::path(folder / "pipeline"), kFolder / kWeights, kLdm,
        fs::path(folder / "model.safetensors"), fs::path(folder / "alone.safetensors")}) {
    CAPTURE(path.string());
    const VaeFile vae = open_vae(path, {});
    check_same(vae.tensors, expected);
    CHECK(vae.config.json["block_out_channels"] == Json::array({4, 8, 8}));
    CHECK(vae.config.json["layers_per_block"] == 1);
    CHECK(vae.config.json["latent_channels"] == 4);
    // A config beside a file of diffusers is its own; no other file knows its factor.
    const bool described = path.string().starts_with(kFolder.string() + "/") || is_directory(path);
    CHECK(vae.config.json["scaling_factor"] == (described ? 0.25 : 0.18215));
  }
}

TEST_CASE("vae_file: it takes the place of the model's own") {
  const test::TemporaryFolder folder;
  fs::create_directories(folder / "unet");
  fs::create_directories(folder / "vae");
  const DiffusionCheckpoint files = DiffusionCheckpoint::open(folder.path(), false, {.vae = kLdm});
  CHECK(files.vae().path == kLdm.string());
  CHECK(files.vae_config().where == kLdm.string());
  check_same(files.vae(), read_tensors(kFolder / kWeights));
}

TEST_CASE("vae_file: what is no VAE of Stable Diffusion is refused in a sentence") {
  const test::TemporaryFolder folder;
  const auto refused = [&](const char* name) {
    const float value[] = {0};
    HostTensor tensor{.name = name, .dims = {1}};
    tensor.data = reinterpret_cast<const std::byte*>(value);
    tensor.bytes = sizeof value;
    const fs::path path = folder / "x.safetensors";
    fs::remove(path);
    write_safetensors(path, {&tensor, 1});
    return refusal([&] { open_vae(path, {}); });
  };
  const std::string other =
      ": half of a tiny autoencoder, or one under other names, expected both halves as diffusers "
      "has "
      "them (decoder.layers.0.weight)";
  const std::string path = (folder / "x.safetensors").string();
  for (const char* name : {"encoder.layers.3.conv.0.bias", "1.weight", "3.conv.0.weight"}) {
    CHECK(refused(name) == path + other);
  }
  CHECK(refused("conv_in.weight") ==
        path + ": no tensor of a VAE, expected names as decoder.conv_in.weight");
  CHECK(refused("decoder.conv_in.weight") == path + ": decoder.conv_out.weight is missing");
  CHECK(refusal([&] { open_vae(folder / "none", {}); }).starts_with((folder / "none").string()));
  const fs::path config = folder / "config.json";
  CHECK(refusal([&] { open_vae(folder.path(), {}); }).starts_with(config.string()));
  std::ofstream(config) << R"({"_class_name": "AutoencoderTiny"})";
  CHECK(refusal([&] { open_vae(folder.path(), {}); }).starts_with(folder.path().string()));
}

TEST_CASE("vae_file: a tiny autoencoder, in a folder or by itself") {
  const test::TemporaryFolder folder;
  const float values[2 * 5 * 9] = {};
  HostTensor tensor{.name = "decoder.layers.0.weight", .dims = {2, 5, 3, 3}};
  tensor.data = reinterpret_cast<const std::byte*>(values);
  tensor.bytes = sizeof values;
  write_safetensors(folder / kWeights, {&tensor, 1});
  CHECK(open_vae(folder / kWeights, {}).config.json["latent_channels"] == 5);
  std::ofstream(folder / "config.json")
      << R"({"_class_name": "AutoencoderTiny", "scaling_factor": 2})";
  for (const fs::path& path : {folder.path(), folder / kWeights}) {
    const VaeFile vae = open_vae(path, {});
    CHECK(vae.config.json["_class_name"] == "AutoencoderTiny");
    CHECK(vae.config.json["scaling_factor"] == 2);
    CHECK(vae.tensors.find("decoder.layers.0.weight") != nullptr);
  }
}
