// Every kind of adapter against the libraries that write them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "loaders/checkpoint/lora.h"
#include "tests/support/adapter_draft.h"
#include "tests/support/tree.h"

using namespace yent;
using test::AdapterDraft;

namespace {

const std::string golden = in_tree("tests/golden/adapters/");

std::vector<LoraTarget> targets_of(const TensorSet& set) {
  std::vector<LoraTarget> targets;
  for (const HostTensor& tensor : set.tensors) {
    if (!tensor.name.ends_with(".weight")) continue;
    targets.push_back({tensor.name.substr(0, tensor.name.size() - 7), tensor.dims});
  }
  return targets;
}

// A tensor of the model with the changes of an adapter. A missing bias is zeros.
std::vector<float> changed(const TensorSet& before, const LoraMatch& match,
                           const HostTensor& like) {
  std::vector<float> values(static_cast<size_t>(like.count()));
  if (const HostTensor* own = before.find(like.name)) values = floats_of(*own);
  if (const auto at = match.changes.find(like.name); at != match.changes.end()) {
    const int64_t rows = like.dims[0];
    apply_changes({&at->second, 1}, values.data(), rows, like.count() / rows);
  }
  return values;
}

std::filesystem::path file_of(const std::string& variant) {
  const bool peft = variant.starts_with("peft");
  return golden + variant + (peft ? "/adapter_model.safetensors" : "/lycoris.safetensors");
}

// What the real library's layers computed with, as far as the strength goes.
void check_variant(const std::string& variant, float strength) {
  CAPTURE(variant);
  CAPTURE(strength);
  const TensorSet before = read_tensors(golden + "before.safetensors");
  const TensorSet after = read_tensors(golden + variant + "/after.safetensors");
  const Lora lora = Lora::open(file_of(variant), strength);
  const LoraMatch match = lora.match(targets_of(before));
  for (const auto& [name, change] : match.changes) REQUIRE(after.find(name));
  double differs = 0;
  for (const HostTensor& tensor : after.tensors) {
    CAPTURE(tensor.name);
    const std::vector<float> found = changed(before, match, tensor), expected = floats_of(tensor);
    std::vector<float> base(found.size());
    if (const HostTensor* own = before.find(tensor.name)) base = floats_of(*own);
    double error = 0, largest = 0;
    for (size_t i = 0; i < found.size(); ++i) {
      const double exact = base[i] + double{strength} * (double{expected[i]} - base[i]);
      error = std::max(error, std::fabs(found[i] - exact));
      largest = std::max(largest, std::fabs(exact));
      differs = std::max(differs, std::fabs(double{expected[i]} - base[i]));
    }
    CHECK(error <= 1e-6 * largest);
  }
  CHECK(differs > 0.1);
}

const std::vector<std::pair<std::string, size_t>> variants = {
    {"peft_bias", 4},           {"peft_trained", 5},        {"peft_rslora", 4},
    {"peft_dora", 4},           {"peft_table", 1},          {"peft_loha", 4},
    {"peft_loha_tucker", 4},    {"peft_lokr", 4},           {"peft_lokr_tucker", 4},
    {"peft_lokr_whole", 4},     {"lycoris_locon", 4},       {"lycoris_locon_tucker", 4},
    {"lycoris_dora", 4},        {"lycoris_dora_inputs", 4}, {"lycoris_loha", 4},
    {"lycoris_loha_tucker", 4}, {"lycoris_lokr", 4},        {"lycoris_lokr_tucker", 4},
    {"lycoris_lokr_whole", 4},  {"lycoris_full", 5}};

}  // namespace

TEST_CASE("adapter kinds: weights and biases are those that PEFT and LyCORIS compute with") {
  std::set<std::string> folders, tested;
  for (const auto& entry : std::filesystem::directory_iterator(golden)) {
    if (entry.is_directory()) folders.insert(entry.path().filename());
  }
  for (const auto& variant : variants) {
    tested.insert(variant.first);
    for (const float strength : {1.0f, 0.5f, -0.75f, 0.0f}) check_variant(variant.first, strength);
  }
  CHECK(folders == tested);
}

TEST_CASE("adapter kinds: the number of changed modules is counted") {
  const std::vector<LoraTarget> targets = targets_of(read_tensors(golden + "before.safetensors"));
  for (const auto& variant : variants) {
    CAPTURE(variant.first);
    const Lora lora = Lora::open(file_of(variant.first), 1);
    CHECK(lora.match(targets).modules == variant.second);
  }
}

TEST_CASE("adapter kinds: several adapters are computed from the model's own weight, and add up") {
  AdapterDraft low_rank, decomposed;
  low_rank.add("a.lora_A.weight", {1, 2}, {1, 2}).add("a.lora_B.weight", {2, 1}, {3, 4});
  decomposed.add("a.lora_A.weight", {1, 2}, {0, 1}).add("a.lora_B.weight", {2, 1}, {1, 0});
  decomposed.add("a.lora_magnitude_vector", {2}, {10, 1});
  const std::vector<LoraTarget> targets = {{"unet.a", {2, 2}}};
  const Lora first = low_rank.open(0.5f), second = decomposed.open(2);
  const std::vector<LoraChange> changes = {first.match(targets).changes.at("unet.a.weight"),
                                           second.match(targets).changes.at("unet.a.weight")};
  std::vector<float> w = {3, 3, 0, 2};
  apply_changes(changes, w.data(), 2, 2);
  // W' is {6, 8}, {0, 1}.
  const std::vector<float> expected = {3 + 1.5f + 2 * 3, 3 + 3 + 2 * 5, 2, 2 + 4 - 2};
  for (size_t i = 0; i < w.size(); ++i) CHECK(w[i] == doctest::Approx(expected[i]));
  // The order matters to rounding only.
  std::vector<float> other = {3, 3, 0, 2};
  apply_changes(std::vector{changes[1], changes[0]}, other.data(), 2, 2);
  for (size_t i = 0; i < w.size(); ++i) CHECK(other[i] == doctest::Approx(expected[i]));
}

TEST_CASE(
    "adapter kinds: two whole factors of LoKr have no scale, unless PEFT's config gives one") {
  const std::vector<LoraTarget> targets = {{"unet.a", {4, 6}}};
  AdapterDraft draft;
  draft.add("a.lokr_w1", {2, 2}).add("a.lokr_w2", {2, 3});
  const auto factor = [&](const Lora& lora) {
    return lora.match(targets).changes.at("unet.a.weight").factor;
  };
  CHECK(factor(draft.open()) == 1);
  CHECK(factor(draft.open(1, {{"lora_adapter_metadata",
                               R"({"unet.peft_type": "LOKR", "unet.r": 8, "unet.alpha": 4})"}})) ==
        0.5);
  draft.add("a.alpha", {}, {7});
  CHECK(factor(draft.open()) == 1);
}

TEST_CASE("adapter kinds: factors that do not fit are refused") {
  const std::vector<LoraTarget> conv = {{"unet.a", {4, 6, 3, 3}}};
  const auto draft = [](const std::vector<std::pair<std::string, std::vector<int64_t>>>& parts) {
    AdapterDraft d;
    for (const auto& [name, dims] : parts) d.add("a." + name, dims);
    return d;
  };
  using Parts = std::vector<std::pair<std::string, std::vector<int64_t>>>;
  const std::string lora_mid[] = {"lora_down.weight", "lora_mid.weight", "lora_up.weight"};
  const Parts bad_for_conv[] = {
      {{lora_mid[0], {2, 6}}, {lora_mid[1], {2, 3, 3, 3}}, {lora_mid[2], {4, 2}}},
      {{lora_mid[0], {2, 6}}, {lora_mid[1], {2, 2}}, {lora_mid[2], {4, 2}}},
      {{lora_mid[0], {2, 6}}, {lora_mid[1], {2, 2, 3, 3}}, {lora_mid[2], {4, 3}}},
      {{lora_mid[0], {0, 6}}, {lora_mid[1], {0, 0, 3, 3}}, {lora_mid[2], {4, 0}}},
      {{lora_mid[1], {2, 2, 3, 3}}, {lora_mid[2], {4, 2}}},
      {{"hada_w1_a", {4, 2}}, {"hada_w1_b", {2, 54}}, {"hada_w2_a", {4, 2}}},
      {{"hada_w1_a", {4, 2}},
       {"hada_w1_b", {2, 54}},
       {"hada_w2_a", {4, 3}},
       {"hada_w2_b", {3, 54}}},
      {{"hada_w1_a", {4, 2}}, {"hada_w1_b", {2, 6}}, {"hada_w2_a", {4, 2}}, {"hada_w2_b", {2, 6}}},
      {{"hada_w1_a", {2, 4}},
       {"hada_w1_b", {2, 6}},
       {"hada_w2_a", {2, 4}},
       {"hada_w2_b", {2, 6}},
       {"hada_t1", {2, 2, 3, 3}}},
      {{"lokr_w1", {2, 2}}},
      {{"lokr_w1", {2, 2}}, {"lokr_w2", {2, 3}}},
      {{"lokr_w1", {2, 4}}, {"lokr_w2", {2, 3, 3, 3}}},
      {{"lokr_w1", {3, 2}}, {"lokr_w2", {2, 3, 3, 3}}},
      {{"lokr_w1", {0, 2}}, {"lokr_w2", {2, 3, 3, 3}}},
      {{"lokr_w1", {2, 2}}, {"lokr_w2_a", {2, 1}}},
      {{"lokr_w1", {2, 2}}, {"lokr_w2_a", {2, 1}}, {"lokr_w2_b", {2, 27}}},
      {{"lokr_w1", {2, 2}}, {"lokr_w2_a", {2, 0}}, {"lokr_w2_b", {0, 27}}},
      {{"lokr_w1", {2, 2}}, {"lokr_t2", {1, 1, 3, 3}}, {"lokr_w2", {2, 3, 3, 3}}},
      {{"lokr_w1", {2, 2}},
       {"lokr_t2", {2, 1, 3, 3}},
       {"lokr_w2_a", {1, 2}},
       {"lokr_w2_b", {1, 3}}},
      {{"lokr_w1", {2, 2}},
       {"lokr_w1_a", {2, 1}},
       {"lokr_w1_b", {1, 2}},
       {"lokr_w2", {2, 3, 3, 3}}},
      {{"lokr_w1_a", {2, 1}}, {"lokr_w1_b", {1, 2}}, {"lokr_w2_a", {2, 2}}, {"lokr_w2_b", {2, 27}}},
      {{"diff", {4, 6}}},
      {{"diff", {4, 6, 3, 3}}, {"diff_b", {6}}},
      {{"diff", {4, 6, 3, 3}}, {"dora_scale", {4, 1, 1, 1}}},
      {{"weight", {6, 4, 3, 3}}},
      {{"lora_embedding_A", {2, 4}}, {"lora_embedding_B", {6, 2}}},
      {{"lora_B.bias", {4}}},
      {{"alpha", {1}}},
      {{"dora_scale", {4, 1, 1, 1}}},
  };
  for (const Parts& parts : bad_for_conv) {
    CAPTURE(parts.back().first);
    const std::string sentence = draft(parts).refusal(conv);
    CAPTURE(sentence);
    CHECK(sentence.find("a.") != std::string::npos);
  }
  // A vector takes no factors.
  for (const Parts& parts :
       {Parts{{lora_mid[0], {2, 4}}, {lora_mid[2], {4, 2}}},
        Parts{{lora_mid[0], {2, 4}}, {lora_mid[1], {2, 2}}, {lora_mid[2], {4, 2}}},
        Parts{{"hada_w1_a", {4, 2}}, {"hada_w1_b", {2, 4}}, {"hada_t1", {2, 2}}},
        Parts{{"lokr_w1", {2, 2}}, {"lokr_w2", {2, 2}}},
        Parts{{"lora_embedding_A", {2, 4}}, {"lora_embedding_B", {4, 2}}}}) {
    CHECK(draft(parts).refusal({{"unet.a", {4}}}).find("is a vector of 4") != std::string::npos);
  }
}

TEST_CASE("adapter kinds: magnitudes that do not fit are refused") {
  const auto refusal = [](const char* name, std::vector<int64_t> dims) {
    AdapterDraft draft;
    draft.add("a.lora_A.weight", {2, 6}).add("a.lora_B.weight", {4, 2}).add(name, std::move(dims));
    return draft.refusal();
  };
  CHECK(refusal("a.lora_magnitude_vector", {4}) == "");
  CHECK(refusal("a.lora_magnitude_vector.weight", {1, 4, 1, 1}) == "");
  CHECK(refusal("a.lora_magnitude_vector.default.weight", {4}) == "");
  CHECK(refusal("a.dora_scale", {4, 1}) == "");
  CHECK(refusal("a.dora_scale", {1, 6}) == "");
  CHECK(refusal("a.lora_magnitude_vector", {6}) ==
        "a.lora_magnitude_vector is {6}, expected 4 magnitudes");
  CHECK(refusal("a.dora_scale", {6, 1}) == "a.dora_scale is {6, 1}, expected 4 magnitudes");
  CHECK(refusal("a.dora_scale", {1, 4}) == "a.dora_scale is {1, 4}, expected 6 magnitudes");
  CHECK(refusal("a.dora_scale", {4, 6}) != "");
  AdapterDraft plain;
  plain.add("a.lora_A.weight", {2, 6}).add("a.lora_B.weight", {4, 2});
  CHECK(plain.refusal({{"unet.a", {4, 6}}},
                      {{"lora_adapter_metadata", R"({"unet.use_dora": true})"}}) ==
        "a.lora_A.weight has no magnitude, which its config (use_dora) asks for");
}

TEST_CASE("adapter kinds: damaged files are refused or read") {
  const std::vector<LoraTarget> targets = targets_of(read_tensors(golden + "before.safetensors"));
  for (const char* variant : {"peft_dora", "lycoris_lokr_tucker", "lycoris_loha_tucker"}) {
    CAPTURE(variant);
    const auto read = [&](const std::filesystem::path& path) {
      const Lora lora = Lora::open(path, 1);
      const LoraMatch match = lora.match(targets);
      for (const auto& changed : match.changes) {
        const int64_t rows = changed.first.ends_with("proj_in.weight") ? 6 : 30;
        std::vector<float> w(rows == 6 ? 24 : 240);
        const bool known = changed.first.ends_with("conv1.weight") || rows == 6;
        if (known) apply_changes({&changed.second, 1}, w.data(), rows, w.size() / rows);
      }
    };
    const test::Damage damage = test::damage(test::contents(file_of(variant)), "l", read);
    CHECK(damage.cuts_accepted == 0);
    CHECK(damage.changes_accepted < damage.changes);
  }
}

TEST_CASE("adapter kinds: a config with too many patterns is refused") {
  std::string patterns;
  for (int i = 0; i < 10001; ++i) patterns += fmt::format("{}\"m{}\": 1", i ? ", " : "", i);
  AdapterDraft draft;
  draft.add("a.lora_A.weight", {2, 6}).add("a.lora_B.weight", {4, 2});
  CHECK(draft.refusal({{"unet.a", {4, 6}}},
                      {{"lora_adapter_metadata", "{\"alpha_pattern\": {" + patterns + "}}"}}) ==
        "lora_adapter_metadata: alpha_pattern has 10001 entries, expected at most 10000");
}
