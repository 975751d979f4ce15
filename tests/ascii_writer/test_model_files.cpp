// Files of the ASCII transformer: read as they were written, and refused where they are wrong.
#include <doctest/doctest.h>

#include <cmath>
#include <utility>

#include "engine/ascii_writer/export.h"
#include "engine/ascii_writer/writer.h"
#include "kernels/cpu/cpu_backend.h"
#include "loaders/io/mapped_file.h"
#include "loaders/io/output_file.h"
#include "loaders/io/sha256.h"
#include "loaders/tensors/convert.h"
#include "loaders/tensors/safetensors.h"
#include "tests/support/hostile.h"

using namespace yent;
using namespace yent::art;

namespace {

namespace fs = std::filesystem;

// As small as a network can be, so that every byte of its files can be damaged.
AsciiTransformerConfig smallest() {
  AsciiTransformerConfig config{1, 1, 32, 32};
  config.block_size = 64;
  return config;
}

struct Folder {
  explicit Folder(const std::vector<QuantMethod>& methods)
      : backend(make_cpu_backend({.threads = 1})) {
    export_model(untrained_weights(smallest(), 3), smallest(), {folder.path(), DType::f16, methods},
                 *backend);
  }
  fs::path operator/(const char* name) const { return folder / name; }
  // Opens the folder and packs all weights.
  std::string refusal(const std::string& precision = "auto") const {
    return test::refusal([&] {
      const ModelFiles files = open_model(folder.path(), precision);
      load_network(files, *backend, Policy());
    });
  }
  void change(const char* name, const char* key, const Json& value) const {
    Json json = read_json(folder / name);
    json[key] = value;
    write_file_atomically(folder / name, json.dump());
  }

  test::TemporaryFolder folder;
  std::unique_ptr<Backend> backend;
};

const QuantMethod kInt8 = *find_quant_method("int8"), kInt4 = *find_quant_method("int4");

}  // namespace

TEST_CASE("model files: a folder without a model is not the model that ships") {
  const auto found = find_shipped_model();
  if (found) CHECK(open_model(*found).tensors);
}

TEST_CASE("model files: which file of a folder is read") {
  const Folder both({kInt8, kInt4});
  CHECK(open_model(both.folder.path()).precision == "int8");
  CHECK(open_model(both.folder.path(), "f32").precision == "f16");
  CHECK(open_model(both / "model_int4.safetensors").precision == "int4");
  CHECK(read_json(both / "quant_config.json")["method"].get<std::string>() == "both");
  const std::string sha = sha256_hex(MappedFile(both / "model.safetensors").bytes());
  CHECK(open_model(both.folder.path()).sha256 == sha);
  CHECK(both.refusal() == "");
  fs::remove(both / "model_int8.safetensors");
  CHECK(open_model(both.folder.path()).precision == "f16");
  CHECK(both.refusal("int8").find("expected model_int8.safetensors") != std::string::npos);
  const Folder none({});
  CHECK(open_model(none.folder.path()).precision == "f16");
  CHECK_FALSE(fs::exists(none / "quant_config.json"));
}

TEST_CASE("model files: quantized values are what the format says") {
  const Folder both({kInt8, kInt4});
  const TensorSet exact = untrained_weights(smallest(), 3);
  const HostTensor& head = *exact.find("head.weight");
  std::vector<float> want(head.count()), got(head.count());
  to_f32(head, want.data());
  for (const auto& [name, steps] : {std::pair("int8", 127.0f), std::pair("int4", 8.0f)}) {
    const ModelFiles files = open_model(both.folder.path(), name);
    const HostTensor& t = *files.tensors->find("head.weight");
    CHECK(t.dims == head.dims);
    to_f32(t, got.data());
    for (size_t i = 0; i < want.size(); i += kBlock) {
      float most = 0;
      for (int k = 0; k < kBlock; ++k) most = std::max(most, std::abs(want[i + k]));
      for (int k = 0; k < kBlock; ++k) {
        // Half a step; a value opposite to the largest one may lose a whole step in int4.
        CHECK(std::abs(want[i + k] - got[i + k]) <= 1.01f * most / steps);
      }
    }
  }
}

TEST_CASE("model files: configs that contradict the weights") {
  const auto refused = [](const char* file, const char* key, const Json& value) {
    const Folder folder({kInt8});
    folder.change(file, key, value);
    const std::string sentence = folder.refusal("int8");
    CAPTURE(sentence);
    CHECK(sentence.find(folder.folder.path().string()) != std::string::npos);
    return sentence;
  };
  CHECK(refused("config.json", "n_embd", 64).find("expected {") != std::string::npos);
  CHECK(refused("config.json", "ffn", 64) != "");
  CHECK(refused("config.json", "n_layer", 2).find("is missing") != std::string::npos);
  CHECK(refused("config.json", "weights_sha256", "00").find("other weights") != std::string::npos);
  CHECK(refused("quant_config.json", "format", "x").find("the format is x") != std::string::npos);
  CHECK(refused("quant_config.json", "version", 2) != "");
  CHECK(refused("quant_config.json", "block", 64) != "");
  CHECK(refused("quant_config.json", "method", "int4").find("expected {32, 18}") !=
        std::string::npos);
  CHECK(refused("quant_config.json", "method", "int3") != "");
  CHECK(refused("quant_config.json", "tensors", Json::array()) != "");
  CHECK(refused("quant_config.json", "tensors", Json::object()).find("does not say") !=
        std::string::npos);
  const Json one = Json::array({384, 32});
  Json more = read_json(Folder({kInt8}) / "quant_config.json")["tensors"];
  more["blocks.9.attn.q.weight"] = one;
  CHECK(refused("quant_config.json", "tensors", more).find("is missing") != std::string::npos);
  more = read_json(Folder({kInt8}) / "quant_config.json")["tensors"];
  more["tok_embed.weight"] = one;
  CHECK(refused("quant_config.json", "tensors", more).find("tok_embed.weight") !=
        std::string::npos);
  more["head.weight"] = Json::array({384, 31});
  CHECK(refused("quant_config.json", "tensors", more).find("multiple of 32") != std::string::npos);

  const Folder alone({kInt8});
  fs::remove(alone / "quant_config.json");
  CHECK(alone.refusal().find("quant_config.json") != std::string::npos);
  fs::remove(alone / "config.json");
  CHECK(alone.refusal().find("config.json") != std::string::npos);
  fs::remove(alone / "model_int8.safetensors");
  fs::remove(alone / "model.safetensors");
  CHECK(alone.refusal().find("no weights of an ASCII transformer") != std::string::npos);
}

TEST_CASE("model files: types and tensors that the format has not") {
  const Folder folder({});
  const TensorSet set = read_safetensors(folder / "model.safetensors");
  std::vector<HostTensor> tensors = set.tensors;
  const auto refused = [&](const std::vector<HostTensor>& changed) {
    write_safetensors(folder / "model.safetensors", changed);
    return folder.refusal();
  };
  std::vector<HostTensor> extra = tensors;
  extra.push_back(tensors[0]);
  extra.back().name = "stranger.weight";
  CHECK(refused(extra).find("stranger.weight is no tensor of this network") != std::string::npos);
  std::vector<HostTensor> half = tensors;
  half[0].dtype = DType::bf16;
  CHECK(refused(half).find("expected f32 or f16") != std::string::npos);
  std::vector<HostTensor> fewer(tensors.begin() + 1, tensors.end());
  CHECK(refused(fewer).find("is missing") != std::string::npos);
}

TEST_CASE("model files: every cut and every changed byte of the configs, and cuts of the weights") {
  const Folder folder({kInt8});
  for (const char* name : {"config.json", "quant_config.json"}) {
    CAPTURE(name);
    auto valid = test::contents(folder / name);
    const auto read_config = [&](const std::vector<uint8_t>& bytes) {
      write_file_atomically(folder / name, std::span(bytes));
      return folder.refusal("int8");
    };
    for (size_t length = 0; length + 1 < valid.size(); ++length) {  // a newline is the last byte
      CHECK(read_config({valid.begin(), valid.begin() + static_cast<ptrdiff_t>(length)}) != "");
    }
    for (uint8_t& byte : valid) {
      const uint8_t was = std::exchange(byte, byte ^ 0x11);
      read_config(valid);  // accepted or refused in a sentence, never worse
      byte = was;
    }
    CHECK(read_config(valid) == "");
  }
  // The header and some of the data: the rest are numbers, any of which is a weight.
  auto valid = test::contents(folder / "model_int8.safetensors");
  const auto read = [&](const std::vector<uint8_t>& bytes) {
    write_file_atomically(folder / "model_int8.safetensors", std::span(bytes));
    return folder.refusal("int8");
  };
  for (size_t length = 0; length < valid.size(); length += length < 4000 ? 7 : 997) {
    CHECK(read({valid.begin(), valid.begin() + static_cast<ptrdiff_t>(length)}) != "");
  }
  for (size_t i = 0; i < 4000 && i < valid.size(); i += 5) {
    const uint8_t was = valid[i];
    valid[i] ^= 0x11;
    read(valid);  // accepted or refused in a sentence, never worse
    valid[i] = was;
  }
  CHECK(read(valid) == "");
}
