#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/error.h"
#include "loaders/checkpoint/lora.h"
#include "loaders/tensors/convert.h"
#include "loaders/tensors/safetensors.h"
#include "tests/support/hostile.h"
#include "tests/support/temporary_folder.h"

using namespace yent;

namespace {

const std::string golden = YENT_SOURCE_DIR "/tests/golden/";

std::vector<float> floats(const HostTensor& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.count()));
  to_f32(tensor, values.data());
  return values;
}

// The weights as PEFT changed them: see tests/golden/lora_layouts.py.
struct Expected {
  TensorSet set = read_tensors(golden + "lora_layout_expected.safetensors");

  std::vector<LoraTarget> targets() const {
    std::vector<LoraTarget> found;
    for (const HostTensor& tensor : set.tensors) {
      if (!tensor.name.ends_with(".before")) continue;
      found.push_back({tensor.name.substr(0, tensor.name.size() - 7), tensor.dims});
    }
    return found;
  }

  // All seven modules, or the given number of them, changed as PEFT changes them.
  void check(const Lora& lora, size_t modules = 7, size_t unmatched = 0) const {
    const LoraMatch match = lora.match(targets());
    CHECK(match.deltas.size() == modules);
    CHECK(match.unmatched.size() == unmatched);
    for (const auto& changed : match.deltas) {
      const std::string& path = changed.first;
      CAPTURE(path);
      const HostTensor& before = *set.find(path + ".before");
      std::vector<float> w = floats(before);
      add_to(changed.second, w.data(), before.dims[0], before.count() / before.dims[0]);
      const std::vector<float> after = floats(*set.find(path + ".after"));
      for (size_t i = 0; i < w.size(); ++i) {
        REQUIRE(std::fabs(w[i] - after[i]) <= 4e-6f * (1 + std::fabs(after[i])));
      }
    }
  }
};

// The tensors of a file that will be written; owns their bytes.
struct Draft {
  std::vector<HostTensor> tensors;
  std::vector<std::vector<float>> data;
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / fmt::format("yent_lora_{}.safetensors", ::getpid());

  Draft() = default;
  Draft(Draft&&) = default;  // buffers stay where they are
  ~Draft() { std::filesystem::remove(path); }

  Draft& add(std::string name, std::vector<int64_t> dims, std::vector<float> values = {}) {
    HostTensor tensor;
    tensor.name = std::move(name);
    tensor.dims = std::move(dims);
    values.resize(static_cast<size_t>(tensor.count()), 0.5f);
    data.push_back(std::move(values));
    tensor.data = reinterpret_cast<const std::byte*>(data.back().data());
    tensor.bytes = data.back().size() * sizeof(float);
    tensors.push_back(std::move(tensor));
    return *this;
  }

  Lora open(float scale = 1, const std::map<std::string, std::string>& metadata = {}) const {
    const test::TemporaryFolder folder;  // the mapping outlives the file
    write_safetensors(folder / "lora.safetensors", tensors, metadata);
    return Lora::open(folder / "lora.safetensors", scale);
  }

  // The sentence of the error that opening, or matching with the targets, throws; without the path.
  std::string refusal(const std::vector<LoraTarget>& targets = {{"unet.a", {4, 6}}}) const {
    const std::string sentence = test::refusal([&] { open().match(targets); });
    const std::string path_end = "/lora.safetensors: ";
    const size_t at = sentence.find(path_end);
    return at == std::string::npos ? sentence : sentence.substr(at + path_end.size());
  }
};

// The golden adapter under other keys. Keys that become empty are left out.
Draft renamed(const std::function<std::string(const std::string&)>& rename) {
  const TensorSet set = read_tensors(golden + "lora_layout_diffusers.safetensors");
  Draft draft;
  for (const HostTensor& tensor : set.tensors) {
    const std::string name = rename(tensor.name);
    if (!name.empty()) draft.add(name, tensor.dims, floats(tensor));
  }
  return draft;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const size_t at = text.find(what);
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

}  // namespace

TEST_CASE("lora: files written by PEFT, diffusers and for kohya's programs merge as in PEFT") {
  const Expected expected;
  for (const std::string name : {"lora_layout_bk.pt", "lora_layout_diffusers.safetensors",
                                 "lora_layout_kohya.safetensors"}) {
    CAPTURE(name);
    expected.check(Lora::open(golden + name, 1));
  }
}

TEST_CASE("lora: older diffusers names") {
  const Expected expected;
  const auto with_suffixes = [](const char* down, const char* up) {
    return [=](const std::string& name) {
      return replaced(replaced(name, ".lora_A.", down), ".lora_B.", up);
    };
  };
  // No alpha in these: 6 / 3 becomes the user's scale.
  expected.check(renamed(with_suffixes(".lora.down.", ".lora.up.")).open(2));
  expected.check(
      renamed(with_suffixes(".lora_linear_layer.down.", ".lora_linear_layer.up.")).open(2));
  expected.check(renamed(with_suffixes(".lora_A.default.", ".lora_B.default.")).open(2));

  const Draft processors = renamed([](const std::string& key) {
    if (key.find("attn") == std::string::npos) return std::string();
    std::string name = key;
    for (const char* module : {"to_out.0", "to_q"}) {
      const std::string bare = replaced(module, ".0", "");
      name =
          replaced(name, fmt::format(".{}.lora_A.", module), ".processor." + bare + "_lora.down.");
      name = replaced(name, fmt::format(".{}.lora_B.", module), ".processor." + bare + "_lora.up.");
    }
    name = replaced(name, ".q_proj.lora_A.", ".to_q_lora.down.");
    name = replaced(name, ".q_proj.lora_B.", ".to_q_lora.up.");
    return replaced(name, "unet.", "");
  });
  REQUIRE(processors.tensors.size() == 6);
  expected.check(processors.open(2), 3);
}

TEST_CASE("lora: Yent's styles: bare UNet paths, with and without PEFT's prefixes") {
  const Expected expected;
  const auto unet_only = [](const char* prefix) {
    return renamed([=](const std::string& name) {
      return name.starts_with("unet.") ? replaced(name, "unet.", prefix) : std::string();
    });
  };
  expected.check(unet_only("").open(2), 5);
  expected.check(unet_only("base_model.model.").open(2), 5);
  expected.check(unet_only("base_model.model.unet.").open(2), 5);
  expected.check(unet_only("unet.base_model.model.").open(2), 5);
}

TEST_CASE("lora: a text encoder's modules are found without `text_model.` too") {
  const Expected expected;
  const Draft bare =
      renamed([](const std::string& name) { return replaced(name, "text_model.", ""); });
  expected.check(bare.open(2));
}

TEST_CASE("lora: every key of a style fits the model it was made for") {
  std::vector<LoraTarget> targets;
  for (const char* part : {"unet", "text_encoder"}) {
    const char* file = part[0] == 'u' ? "diffusion_pytorch_model" : "model";
    const TensorSet set =
        read_tensors(fmt::format("{}toy_painter/{}/{}.safetensors", golden, part, file));
    for (const HostTensor& tensor : set.tensors) {
      if (tensor.dims.size() < 2) continue;
      const std::string_view path(tensor.name.data(), tensor.name.size() - 7);  // .weight
      targets.push_back({fmt::format("{}.{}", part, path), tensor.dims});
    }
  }
  for (const std::string name : {"lora_style.safetensors", "lora_kohya.safetensors"}) {
    CAPTURE(name);
    const size_t per_module = name.starts_with("lora_style") ? 2 : 3;
    const LoraMatch match = Lora::open(golden + name, 1).match(targets);
    CHECK(match.deltas.size() == read_tensors(golden + name).tensors.size() / per_module);
    CHECK(match.unmatched.empty());
  }
}

TEST_CASE("lora: scale is the user's times alpha / rank") {
  const std::vector<LoraTarget> targets = {{"unet.a", {4, 6}}};
  const auto scale_of = [&](const Lora& lora) {
    return lora.match(targets).deltas.at("unet.a").scale;
  };
  Draft draft;
  draft.add("a.lora_A.weight", {2, 6}).add("a.lora_B.weight", {4, 2});
  CHECK(scale_of(draft.open()) == 1);
  CHECK(scale_of(draft.open(-0.5f)) == -0.5f);
  CHECK(scale_of(draft.open(1, {{"lora_adapter_metadata", R"({"unet.lora_alpha": 3})"}})) == 1.5f);
  CHECK(scale_of(draft.open(1, {{"lora_adapter_metadata", R"({"lora_alpha": 4})"}})) == 2);
  draft.add("a.alpha", {}, {1});
  CHECK(scale_of(draft.open(0.5f)) == 0.25f);
  // A tensor takes precedence over the metadata.
  CHECK(scale_of(draft.open(1, {{"lora_adapter_metadata", R"({"unet.lora_alpha": 3})"}})) == 0.5f);
}

TEST_CASE("lora: adds up with doubles' sum, for ranks and sizes that fit no vector") {
  for (const int64_t rank : {1, 5, 16}) {
    const int64_t rows = 7, cols = 27;
    const auto wave = [](int64_t count, float step) {
      std::vector<float> values(static_cast<size_t>(count));
      for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(step * static_cast<float>(i));
      return values;
    };
    const std::vector<float> a = wave(rank * cols, 0.7f), b = wave(rows * rank, 1.3f);
    Draft draft;
    draft.add("a.lora_A.weight", {rank, 3, 3, 3}, a).add("a.lora_B.weight", {rows, rank, 1, 1}, b);
    const Lora lora = draft.open(0.75f);
    const LoraMatch match = lora.match(std::vector<LoraTarget>{{"unet.a", {rows, 3, 3, 3}}});
    std::vector<float> w = wave(rows * cols, 0.1f);
    const std::vector<float> before = w;
    add_to(match.deltas.at("unet.a"), w.data(), rows, cols);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < cols; ++j) {
        double sum = 0;
        for (int64_t r = 0; r < rank; ++r) sum += double{b[i * rank + r]} * a[r * cols + j];
        REQUIRE(std::fabs(w[i * cols + j] - (before[i * cols + j] + 0.75 * sum)) < 2e-6);
      }
    }
  }
}

TEST_CASE("lora: keys that fit nothing are listed") {
  Draft draft;
  draft.add("a.lora_A.weight", {2, 6}).add("a.lora_B.weight", {4, 2});
  draft.add("b.lora_A.weight", {2, 6}).add("b.lora_B.weight", {4, 2}).add("c.alpha", {1});
  draft.add("stray", {1});
  const LoraMatch match = draft.open().match(std::vector<LoraTarget>{{"unet.a", {4, 6}}});
  CHECK(match.deltas.size() == 1);
  CHECK(match.unmatched ==
        std::vector<std::string>{"b.lora_A.weight", "b.lora_B.weight", "c.alpha", "stray"});
}

TEST_CASE("lora: what does not fit is refused") {
  const auto pair = [](std::vector<int64_t> down, std::vector<int64_t> up) {
    Draft draft;
    draft.add("a.lora_A.weight", std::move(down)).add("a.lora_B.weight", std::move(up));
    return draft;
  };
  CHECK(pair({2, 6}, {4, 2}).refusal() == "");
  CHECK(pair({2, 6}, {4, 2}).refusal({{"unet.z", {4, 6}}}) ==
        "none of its 2 tensors fits a module of the model");
  CHECK(pair({2, 6}, {4, 3}).refusal() ==
        "a.lora_A.weight is {2, 6} and a.lora_B.weight {4, 3}, expected the same rank");
  CHECK(pair({6}, {4, 2}).refusal() != "");
  CHECK(pair({0, 6}, {4, 0}).refusal() != "");
  CHECK(pair({2, 5}, {4, 2}).refusal() == "a.lora_A.weight is {2, 5}, expected {2, 6}");
  CHECK(pair({2, 6}, {5, 2}).refusal() == "a.lora_B.weight is {5, 2}, expected {4, 2}");
  CHECK(pair({2, 6, 3, 3}, {4, 2}).refusal() == "a.lora_A.weight is {2, 6, 3, 3}, expected {2, 6}");
  CHECK(pair({2, 54}, {4, 2}).refusal({{"unet.a", {4, 6, 3, 3}}}) ==
        "a.lora_A.weight is {2, 54}, expected {2, 6, 3, 3}");
  CHECK(pair({2, 6, 1, 1}, {4, 2, 1, 1}).refusal({{"unet.a", {4, 6, 1, 1}}}) == "");

  Draft half;
  half.add("a.lora_A.weight", {2, 6});
  CHECK(half.refusal() == "a.lora_A.weight has no up counterpart");
  Draft twice = pair({2, 6}, {4, 2});
  twice.add("unet.a.lora_A.weight", {2, 6});
  CHECK(twice.refusal() == "unet.a occurs twice");
  Draft both = pair({2, 6}, {4, 2});
  both.add("lora_unet_a.lora_down.weight", {2, 6}).add("lora_unet_a.lora_up.weight", {4, 2});
  CHECK(both.refusal() == "two pairs change unet.a");
  for (const float alpha : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    Draft bad = pair({2, 6}, {4, 2});
    bad.add("a.alpha", {}, {alpha});
    CHECK(bad.refusal() == fmt::format("a.alpha is {}, expected a finite number", alpha));
  }
  Draft wide = pair({2, 6}, {4, 2});
  wide.add("a.alpha", {2});
  CHECK(wide.refusal() == "a.alpha is {2}, expected one number");
}

TEST_CASE("lora: relatives of LoRA are refused by name") {
  const std::pair<const char*, const char*> keys[] = {
      {"a.lora_magnitude_vector", "DoRA"},
      {"lora_unet_a.dora_scale", "DoRA"},
      {"lora_unet_a.hada_w1_a", "LoHa"},
      {"lora_unet_a.lokr_w2", "LoKr"},
      {"lora_unet_a.lora_mid.weight", "a LoRA with a middle factor"},
  };
  for (const auto& [key, name] : keys) {
    Draft draft;
    draft.add("a.lora_A.weight", {2, 6}).add("a.lora_B.weight", {4, 2}).add(key, {4});
    CHECK(draft.refusal() == fmt::format("{} is of {}, which is not supported", key, name));
  }
  Draft draft;
  draft.add("a.lora_A.weight", {2, 6}).add("a.lora_B.weight", {4, 2});
  for (const char* flag :
       {R"({"unet.use_dora": true})", R"({"unet.use_rslora": true})",
        R"({"unet.alpha_pattern": {"a": 2}})", R"({"unet.lora_alpha": "2"})", "[]", "{"}) {
    CAPTURE(flag);
    CHECK_THROWS_AS(draft.open(1, {{"lora_adapter_metadata", flag}}), Error);
  }
}
