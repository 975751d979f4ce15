// The network of character diffusion against PyTorch and the published test vectors.
#include <doctest/doctest.h>

#include "engine/characters/checkpoint.h"
#include "engine/characters/network.h"
#include "kernels/error.h"
#include "tests/support/compare.h"
#include "tests/support/every_isa.h"
#include "tests/support/golden.h"

using namespace yent;
using namespace yent::character_diffusion;

namespace {

CheckpointFile toy_file() { return read_checkpoint(golden_path("char_diffusion_toy.pt")); }

constexpr int kToyHeads = 2;

// The logits of the published vectors: ids, time 0, places 0, 2 and 5.
const std::vector<int32_t> kToyIds{3, 5, 0, 0, 0, 0};
const std::vector<float> kToyLogits{
    -0.751526f, 1.624651f,  -2.444349f, 3.183664f,  -3.818282f, 4.327335f,  -4.694082f, 4.906462f,
    2.349047f,  -3.103419f, 3.755734f,  -4.284540f, 4.672447f,  -4.906700f, 4.979594f,  -4.888732f,
    2.354698f,  -3.107696f, 3.758497f,  -4.285697f, 4.671962f,  -4.904587f, 4.975922f,  -4.883623f};

std::vector<float> toy_logits(Backend& backend, Precision precision) {
  const Policy policy(precision);
  Network net(toy_file(), backend, policy, kToyHeads);
  const std::vector<float> all = net.logits(kToyIds, std::vector<int32_t>{0}, 6);
  std::vector<float> some;
  for (const int place : {0, 2, 5}) {
    some.insert(some.end(), all.begin() + place * 8, all.begin() + place * 8 + 8);
  }
  return some;
}

// Steps and what they reveal, as "2:6 3:6,..." for every step.
std::vector<std::string> trace(Backend& backend, const Rule& rule) {
  const Policy policy;
  Network net(toy_file(), backend, policy, kToyHeads);
  std::vector<Row> rows{Row::beginning(std::vector<int32_t>{3, 5}, 6, 0)};
  std::vector<std::string> steps;
  Row before = rows[0];
  const auto count = decode(net, rows, {.rule = rule}, [&] {
    std::string& step = steps.emplace_back();
    for (int i = 0; i < 6; ++i) {
      if (before.masked[i] != rows[0].masked[i]) step += fmt::format("{}:{} ", i, rows[0].ids[i]);
    }
    before = rows[0];
  });
  CHECK(count[0] == static_cast<int>(steps.size()));
  return steps;
}

}  // namespace

TEST_CASE("char_diffusion: the published vectors on every instruction set") {
  on_every_isa([&](Backend& backend) {
    const std::vector<float> f32 = toy_logits(backend, Precision::f32);
    for (size_t i = 0; i < f32.size(); ++i) CHECK(std::abs(f32[i] - kToyLogits[i]) < 5e-6);
    for (const Precision p : {Precision::f16, Precision::bf16, Precision::int8}) {
      CAPTURE(precision_name(p));
      CHECK(relative_error(toy_logits(backend, p), kToyLogits) < network_limit(p));
    }
    const std::vector<std::string> places =
        trace(backend, {.kind = RuleKind::confidence, .tau = 0.9});
    CHECK(places == std::vector<std::string>{"2:6 ", "3:1 ", "5:6 ", "4:1 "});
    CHECK(trace(backend, {.kind = RuleKind::topk, .k = 2}) ==
          std::vector<std::string>{"2:6 3:6 ", "4:1 5:1 "});
  });
}

TEST_CASE("char_diffusion: PyTorch's logits of a network of odd sizes, up to 512 places") {
  const Golden golden("char_diffusion");
  const auto number = [&](const char* key) { return golden.config[key].get<int>(); };
  CharDiffusionConfig config;
  config.vocabulary = number("vocabulary"), config.width = number("width");
  config.mlp_width = number("mlp_width"), config.layers = number("layers");
  config.heads = number("heads"), config.steps = number("steps");
  on_every_isa([&](Backend& backend) {
    for (const Precision p : {Precision::f32, Precision::f16, Precision::bf16, Precision::int8}) {
      const Policy policy(p);
      SeededCheckpoint seeded("characters", golden.config["seed"].get<uint64_t>());
      const CharDiffusion net(WeightBinder(seeded.checkpoint, backend, policy), config);
      Workspace ws(backend, Workspace::Mode::poisoned);
      Ctx c{backend, ws};
      for (const int length : {6, 77, 512}) {
        const std::vector<int32_t> ids = golden.ints(fmt::format("ids.{}", length));
        const std::vector<int32_t> times = golden.ints(fmt::format("times.{}", length));
        const int rows = static_cast<int>(times.size());
        const std::vector<float> all = net(c, net.start(rows, length), ids, times);
        std::vector<float> some;
        for (size_t i = 0; i < ids.size(); ++i) {
          if (i % length % 5 != 0) continue;
          const auto from = all.begin() + static_cast<ptrdiff_t>(i) * config.vocabulary;
          some.insert(some.end(), from, from + config.vocabulary);
        }
        const std::vector<float> expected = golden.rows(fmt::format("logits.{}", length));
        CAPTURE(precision_name(p));
        CAPTURE(length);
        INFO(worst(some, expected));
        CHECK(relative_error(some, expected) <=
              (p == Precision::f32 ? network_limit(golden.config["torch_f32_error"].get<double>())
                                   : network_limit(p)));
      }
    }
  });
}

TEST_CASE("char_diffusion: rows of a batch are what they are alone") {
  on_every_isa([&](Backend& backend) {
    for (const Precision p : {Precision::f32, Precision::int8}) {
      const Policy policy(p);
      Network net(toy_file(), backend, policy, kToyHeads);
      const std::vector<int32_t> one{3, 5, 0, 0, 0, 0}, two{0, 0, 7, 0, 1, 2};
      std::vector<int32_t> both = one;
      both.insert(both.end(), two.begin(), two.end());
      const std::vector<float> together = net.logits(both, std::vector<int32_t>{1, 3}, 6);
      std::vector<float> apart = net.logits(one, std::vector<int32_t>{1}, 6);
      const std::vector<float> second = net.logits(two, std::vector<int32_t>{3}, 6);
      apart.insert(apart.end(), second.begin(), second.end());
      CHECK(together == apart);
    }
  });
}

TEST_CASE("char_diffusion: files that contradict themselves are refused") {
  const auto backend = make_table_backend(Isa::ref, 1);
  const Policy policy;
  const auto sentence = [&](const std::function<void(TensorSet&)>& damage) {
    CheckpointFile file = toy_file();
    damage(file.tensors);
    try {
      Network(file, *backend, policy, kToyHeads);
    } catch (const Error& error) {
      CHECK(error.kind() == Error::file);
      return std::string(error.what());
    }
    return std::string();
  };
  const auto erase = [](const std::string& name) {
    return [name](TensorSet& set) {
      std::erase_if(set.tensors, [&](const HostTensor& t) { return t.name == name; });
    };
  };
  const auto reshape = [](const std::string& name, std::vector<int64_t> dims) {
    return [name, dims](TensorSet& set) {
      for (HostTensor& t : set.tensors) {
        if (t.name == name) t.dims = dims;
      }
    };
  };
  CHECK(sentence([](TensorSet&) {}) == "");
  CHECK(sentence(erase("token_emb.weight")).find("token_emb.weight is missing") !=
        std::string::npos);
  CHECK(sentence(erase("blocks.0.attn.c_q.weight")).find("0 blocks") != std::string::npos);
  CHECK(sentence(erase("blocks.1.attn.c_q.weight")).find("is not known") != std::string::npos);
  CHECK(sentence(erase("blocks.1.mlp.c_proj.weight")).find("is missing") != std::string::npos);
  CHECK(sentence(reshape("output_head.weight", {4, 16})).find("expected {8, 8}") !=
        std::string::npos);
  CHECK(sentence(reshape("token_emb.weight", {64})).find("expected a matrix") != std::string::npos);
  CHECK_THROWS_AS(Network(toy_file(), *backend, policy, 3), Error);
}
