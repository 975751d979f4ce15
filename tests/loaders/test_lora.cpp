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
#include "loaders/tensors/tensor_set.h"
#include "tests/support/adapter_draft.h"
#include "tests/support/tree.h"

using namespace yent;
using test::AdapterDraft;

namespace {

const std::string golden = in_tree("tests/golden/");

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
  void check(const Lora& lora, size_t modules = 7) const {
    const LoraMatch match = lora.match(targets());
    CHECK(match.changes.size() == modules);
    CHECK(match.modules == modules);
    for (const auto& changed : match.changes) {
      const std::string path = changed.first.substr(0, changed.first.size() - 7);  // .weight
      CAPTURE(path);
      const HostTensor& before = *set.find(path + ".before");
      std::vector<float> w = floats_of(before);
      apply_changes({&changed.second, 1}, w.data(), before.dims[0],
                    before.count() / before.dims[0]);
      const std::vector<float> after = floats_of(*set.find(path + ".after"));
      for (size_t i = 0; i < w.size(); ++i) {
        REQUIRE(std::fabs(w[i] - after[i]) <= 4e-6f * (1 + std::fabs(after[i])));
      }
    }
  }
};

// The golden adapter under other keys. Keys that become empty are left out.
AdapterDraft renamed(const std::function<std::string(const std::string&)>& rename) {
  const TensorSet set = read_tensors(golden + "lora_layout_diffusers.safetensors");
  AdapterDraft draft;
  for (const HostTensor& tensor : set.tensors) {
    const std::string name = rename(tensor.name);
    if (!name.empty()) draft.add(name, tensor.dims, floats_of(tensor));
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

  const AdapterDraft processors = renamed([](const std::string& key) {
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
  const AdapterDraft bare =
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
    CHECK(match.modules == read_tensors(golden + name).tensors.size() / per_module);
  }
}

TEST_CASE("lora: scale is the user's times alpha / rank") {
  const std::vector<LoraTarget> targets = {{"unet.a", {4, 6}}};
  const auto scale_of = [&](const Lora& lora) {
    const LoraChange change = lora.match(targets).changes.at("unet.a.weight");
    return change.strength * change.factor;
  };
  AdapterDraft draft;
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
    AdapterDraft draft;
    draft.add("a.lora_A.weight", {rank, 3, 3, 3}, a).add("a.lora_B.weight", {rows, rank, 1, 1}, b);
    const Lora lora = draft.open(0.75f);
    const LoraMatch match = lora.match(std::vector<LoraTarget>{{"unet.a", {rows, 3, 3, 3}}});
    std::vector<float> w = wave(rows * cols, 0.1f);
    const std::vector<float> before = w;
    apply_changes({&match.changes.at("unet.a.weight"), 1}, w.data(), rows, cols);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < cols; ++j) {
        double sum = 0;
        for (int64_t r = 0; r < rank; ++r) sum += double{b[i * rank + r]} * a[r * cols + j];
        REQUIRE(std::fabs(w[i * cols + j] - (before[i * cols + j] + 0.75 * sum)) < 2e-6);
      }
    }
  }
}

TEST_CASE("lora: a file is never applied in part") {
  AdapterDraft draft;
  draft.add("a.lora_A.weight", {2, 6}).add("a.lora_B.weight", {4, 2});
  CHECK(draft.refusal() == "");
  draft.add("b.lora_B.weight", {4, 2}).add("b.lora_A.weight", {2, 6});
  CHECK(draft.refusal() == "no module of the model fits b.lora_A.weight and 1 more");
  draft.add("stray", {1});
  CHECK(draft.refusal() == "no adapter that is supported has stray");
  draft.add("a.lora_A.scale", {1});
  CHECK(draft.refusal() == "no adapter that is supported has a.lora_A.scale and 1 more");
}

TEST_CASE("lora: what does not fit is refused") {
  const auto pair = [](std::vector<int64_t> down, std::vector<int64_t> up) {
    AdapterDraft draft;
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

  AdapterDraft half;
  half.add("a.lora_A.weight", {2, 6});
  CHECK(half.refusal() == "a.lora_A.weight has no up counterpart");
  AdapterDraft twice = pair({2, 6}, {4, 2});
  twice.add("a.lora.down.weight", {2, 6});
  CHECK(twice.refusal() == "");  // the same values
  twice.data.back()[0] = 1;
  CHECK(twice.refusal() ==
        "a.lora.down.weight and a.lora_A.weight are the same part of one module");
  AdapterDraft both = pair({2, 6}, {4, 2});
  both.add("lora_unet_a.lora_down.weight", {2, 6}).add("lora_unet_a.lora_up.weight", {4, 2});
  CHECK(both.refusal() ==
        "a.lora_A.weight and lora_unet_a.lora_down.weight change the same module");
  for (const float alpha : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    AdapterDraft bad = pair({2, 6}, {4, 2});
    bad.add("a.alpha", {}, {alpha});
    CHECK(bad.refusal() == fmt::format("a.alpha is {}, expected a finite number", alpha));
  }
  AdapterDraft wide = pair({2, 6}, {4, 2});
  wide.add("a.alpha", {2});
  CHECK(wide.refusal() == "a.alpha is {2}, expected one number");
}

TEST_CASE("lora: other formulas and other models are refused by name") {
  const std::pair<const char*, const char*> keys[] = {
      {"a.ia3_l", "is of IA3, which is not supported"},
      {"lycoris_a.on_input", "is of IA3, which is not supported"},
      {"a.oft_R.weight", "is of OFT, which is not supported"},
      {"lora_unet_a.bm.weight", "is of GLoRA, which is not supported"},
      {"bundle_emb.cat.string_to_param.*",
       "is of a textual inversion inside a LoRA file, which is not supported"},
      {"lora_te2_text_model_encoder_layers_0_mlp_fc1.alpha",
       "is for SDXL, expected an adapter for SD 1.x or 2.x"},
      {"lora_unet_double_blocks_0_img_mlp_0.alpha",
       "is for Flux, expected an adapter for SD 1.x or 2.x"},
  };
  for (const auto& [key, reason] : keys) {
    AdapterDraft draft;
    draft.add("a.lora_A.weight", {2, 6}).add("a.lora_B.weight", {4, 2}).add(key, {4});
    CHECK(draft.refusal() == fmt::format("{} {}", key, reason));
  }
}

TEST_CASE("lora: PEFT's configs are honoured or refused") {
  const std::vector<LoraTarget> targets = {{"unet.down.to_q", {4, 6}}, {"unet.up.to_q", {4, 6}}};
  AdapterDraft draft;
  for (const char* name : {"down", "up"}) {
    draft.add(fmt::format("{}.to_q.lora_A.weight", name), {4, 6});
    draft.add(fmt::format("{}.to_q.lora_B.weight", name), {4, 4});
  }
  const auto factors = [&](const std::string& config) {
    const Lora lora = draft.open(1, {{"lora_adapter_metadata", config}});
    const LoraMatch match = lora.match(targets);
    return std::pair(match.changes.at("unet.down.to_q.weight").factor,
                     match.changes.at("unet.up.to_q.weight").factor);
  };
  CHECK(factors(R"({"lora_alpha": 8})") == std::pair(2.0, 2.0));
  CHECK(factors(R"({"lora_alpha": 8, "use_rslora": true})") == std::pair(4.0, 4.0));
  CHECK(factors(R"({"lora_alpha": 8, "alpha_pattern": {"up.to_q": 2, "to_q": 4}})") ==
        std::pair(1.0, 0.5));
  CHECK(factors(R"({"lora_alpha": 8, "alpha_pattern": {"^to_q": 4, "^up\\.to_q$": 2}})") ==
        std::pair(2.0, 0.5));
  CHECK(factors(R"({"lora_alpha": 8, "alpha_pattern": {"p.to_q": 2}})") == std::pair(2.0, 2.0));
  CHECK(factors(R"({"init_lora_weights": "gaussian", "lora_alpha": 4})") == std::pair(1.0, 1.0));

  for (const char* config :
       {R"({"unet.lora_alpha": "2"})", "[]", "{", R"({"alpha_pattern": {"to_.*": 2}})",
        R"({"alpha_pattern": {"to_q": "2"}})", R"({"alpha_pattern": {"to_q": 1e300}})",
        R"({"alpha_pattern": {"to_q\\": 2}})", R"({"init_lora_weights": "pissa_niter_16"})",
        R"({"peft_type": "IA3"})", R"({"use_qalora": true})", R"({"layer_replication": [[0, 2]]})",
        R"({"text_encoder.alora_invocation_tokens": [1]})"}) {
    CAPTURE(config);
    CHECK_THROWS_AS(draft.open(1, {{"lora_adapter_metadata", config}}), Error);
  }
}

TEST_CASE("lora: one module has one change of its weight and one of its bias") {
  AdapterDraft draft;
  draft.add("a.lora_A.weight", {2, 6}).add("a.lora_B.weight", {4, 2}).add("a.diff_b", {4});
  CHECK(draft.refusal() == "");
  draft.add("a.diff", {4, 6});
  CHECK(draft.refusal() ==
        "a.lora_A.weight is of LoRA, but a full difference changes the same tensor");
  AdapterDraft two;
  two.add("a.lora_A.cat.weight", {2, 6}).add("a.lora_B.cat.weight", {4, 2});
  CHECK(two.refusal() == "");
  two.add("b.lora_A.dog.weight", {2, 6}).add("b.lora_B.dog.weight", {4, 2});
  CHECK(two.refusal() == "holds the adapters cat and dog, expected one");
}
