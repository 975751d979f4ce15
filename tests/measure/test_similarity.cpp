// Pictures compared inside the UNet, against diffusers' UNet and the formula's own numbers.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/measure/aligned_attention.h"
#include "engine/pipeline/pipeline.h"
#include "kernels/cpu/cpu_backend.h"
#include "tests/support/every_isa.h"
#include "tests/support/golden.h"

using namespace yent;

namespace {

AttentionInputs waves(int s) {
  AttentionInputs x{.images = 1, .tokens = 3, .heads = 2, .width = 4};
  // [heads][tokens][width] in the formula's example, [tokens][heads][width] here.
  const auto fill = [](std::vector<float>& values, int shift) {
    values.resize(24);
    for (int head = 0; head < 2; ++head) {
      for (int token = 0; token < 3; ++token) {
        for (int i = 0; i < 4; ++i) {
          const int n = (head * 3 + token) * 4 + i;
          values[(token * 2 + head) * 4 + i] = static_cast<float>(std::sin(shift + 0.37 * n));
        }
      }
    }
  };
  fill(x.q, s);
  fill(x.k, s + 1);
  fill(x.v, s + 2);
  return x;
}

Latent latent(const Golden& golden, const std::string& name) {
  Latent l{4, 10, 16};
  for (const HostTensor& t : golden.tensors()) {
    if (t.name != name) continue;
    const auto* values = reinterpret_cast<const float*>(t.data);
    l.values.assign(values, values + t.count());
  }
  return l;
}

TextEmbeddings texts(const Golden& golden, int count) {
  const auto rows = [&](const char* name) {
    return TextEmbeddings::Rows{{5, 32}, golden.rows(name)};
  };
  TextEmbeddings text{.cond = rows("cond")};
  if (count == 2) text.uncond = rows("uncond");
  return text;
}

PipelineConfig toy() { return {.model = golden_path("toy_painter")}; }

}  // namespace

TEST_CASE("similarity: the aligned attention score of a published example") {
  const AttentionInputs a = waves(1), b = waves(4);
  CHECK(std::abs(alignment(a, b, Alignment::cosine) - -0.098777) < 1e-6);
  CHECK(std::abs(alignment(a, b, Alignment::mean_square) - 0.298759) < 1e-6);
  CHECK(std::abs(alignment(a, a, Alignment::cosine) - 1) < 1e-12);
  CHECK(alignment(a, a, Alignment::mean_square) == 0);
}

TEST_CASE("similarity: inside the UNet as diffusers has it") {
  const Golden golden("diffsim");
  const Latent a = latent(golden, "first"), b = latent(golden, "second");
  on_every_isa([&](Backend& backend) {
    Pipeline pipeline(toy(), {&backend});
    for (const Json& run : golden.config["scores"]) {
      const bool cosine = *run["how"].text() == "cosine";
      const SimilaritySpec spec{
          .timestep = run["timestep"].get<int>(),
          .noises = {latent(golden, "first_noise"), latent(golden, "second_noise")},
          .how = cosine ? Alignment::cosine : Alignment::mean_square};
      const double score = pipeline.similarity(a, b, spec, texts(golden, run["texts"].get<int>()));
      CAPTURE(run.dump());
      CHECK(std::abs(score - run["score"].get<double>()) < 1e-5);
    }
  });
}

TEST_CASE("similarity: of a picture with itself, under one noise and under two") {
  const Golden golden("diffsim");
  const Latent a = latent(golden, "first"), b = latent(golden, "second");
  const auto backend = make_cpu_backend({.threads = 2});
  Pipeline pipeline(toy(), {backend.get()});
  CHECK(std::abs(pipeline.similarity(a, a, {}) - 1) < 1e-12);
  const double floor = pipeline.similarity(a, a, {.timestep = 501, .second_seed = 1});
  CHECK(floor < 1);
  CHECK(pipeline.similarity(a, b, {}) == pipeline.similarity(b, a, {}));
}

TEST_CASE("similarity: what makes no sense is said") {
  const Golden golden("diffsim");
  const Latent a = latent(golden, "first");
  const auto backend = make_cpu_backend({.threads = 1});
  Pipeline pipeline(toy(), {backend.get()});
  Latent other{4, 16, 10};
  other.values = a.values;
  CHECK_THROWS_WITH(pipeline.similarity(a, other, {}),
                    "a latent is [4, 16, 10], expected [4, 10, 16]");
  CHECK_THROWS_WITH(pipeline.similarity(a, a, {.timestep = 1000}),
                    "the timestep is 1000, expected 0 to 999");
  CHECK_THROWS_WITH(pipeline.similarity(a, a, {.noises = {a}}),
                    "1 noises are given, expected one for each latent");
}
