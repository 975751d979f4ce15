// Small versions of all networks on the GPU against PyTorch's outputs, launched directly and
// replayed; the painter's networks at full size against the CPU. Needs a GPU.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <span>

#include "engine/models/clip.h"
#include "engine/models/llama.h"
#include "engine/models/unet.h"
#include "engine/models/vae.h"
#include "kernels/cpu/cpu_backend.h"
#include "tests/support/compare.h"
#include "tests/support/cuda/cuda_device.h"
#include "tests/support/full_size.h"
#include "tests/support/golden.h"
#include "tests/support/random_weights.h"

using namespace yent;

namespace {

// Allowed relative error. f32: the error of __expf and of another order of sums. In lower
// precisions activations are rounded, too: to f16, or to int8 and bf16 as inputs of a product.
double limit_of(Precision precision) {
  constexpr double limits[] = {3e-5, 5e-3, 2e-2, 8e-2};  // by Precision
  return limits[static_cast<int>(precision)];
}

constexpr Precision precisions[] = {Precision::f32, Precision::f16, Precision::bf16,
                                    Precision::int8};

struct Bench {
  Bench(Backend& b, Precision precision) : ws(b), c{b, ws, precision} {
    one = put({1}, {1, 1, 1, 1});
  }

  PersistentTensor put(const std::vector<float>& rows, Shape shape) {
    PersistentTensor stored = c.backend.allocate(shape, DType::f32);
    c.backend.write(stored, rows.data());
    return stored;
  }
  PersistentTensor put(const Golden& golden, const std::string& name) {
    return put(golden.rows(name), golden.shape(name));
  }

  // Four times are launched, recorded and replayed. The bytes are the same every time.
  std::vector<float> run(const std::string& key, const std::function<Activation()>& forward,
                         int times = 4) {
    PersistentTensor result;
    std::vector<float> values, first;
    for (int time = 0; time < times; ++time) {
      ws.run(key, [&] {
        const Activation out = forward();
        if (!result) result = c.backend.allocate(out->shape, DType::f32);
        const std::array<Tensor, 1> terms{out};
        c.backend.linear_combination(ws, result, terms, one);
      });
      values.assign(result.tensor.shape.count(), 0);
      c.backend.read(values.data(), result);
      if (time == 0) first = values;
      CHECK(std::memcmp(values.data(), first.data(), values.size() * sizeof(float)) == 0);
      c.backend.write(result, std::vector<float>(values.size(), NAN).data());
    }
    return values;
  }

  Workspace ws;
  Ctx c;
  PersistentTensor one;
};

uint64_t seed_of(const Golden& golden) { return golden.config["seed"].get<uint64_t>(); }

void check_close(const std::vector<float>& got, const std::vector<float>& expected, double limit) {
  INFO(worst(got, expected));
  CHECK(relative_error(got, expected) <= limit);
}

}  // namespace

namespace {

void check_unet(const char* name, std::span<const Precision> in, Backend* device = gpu()) {
  if (!device) return;
  const Golden golden(std::string("unet_") + name);
  const std::string which = golden.config["cases"][0].get<std::string>() + ".";
  for (const Precision precision : in) {
    CAPTURE(precision_name(precision));
    Bench bench(*device, precision);
    SeededCheckpoint seeded("unet", seed_of(golden));
    const Policy policy(precision);
    const UNet unet(WeightBinder(seeded.checkpoint, *device, policy),
                    UNetConfig::from_json(golden.config["model"], name));
    const PersistentTensor text = bench.put(golden, which + "text");
    const PersistentTensor latent = bench.put(golden, which + "latent");
    const std::vector<double> steps{golden.rows(which + "timestep")[0]};
    const Conditioning cond = unet.condition(bench.c, text, steps);
    check_close(bench.run("unet", [&] { return unet(bench.c, latent, cond, 0); }),
                golden.rows(which + "output"), limit_of(precision));
  }
}

}  // namespace

// Attention in floats is slow without tensor cores, and very slow on an emulated GPU: `./check`
// leaves the other ones out.
TEST_CASE("cuda models: a UNet of BK-SDM's form") {
  check_unet("tiny", std::array{Precision::f16, Precision::int8});
}

TEST_CASE("cuda models: other UNets, BK-SDM's form in floats") {
  check_unet("tiny", std::array{Precision::f32, Precision::bf16});
}

TEST_CASE("cuda models: other UNets, BK-SDM's form on Hopper") {
  check_unet("tiny", std::array{Precision::f16}, hopper_gpu());
}

TEST_CASE("cuda models: other UNets, Stable Diffusion 1.5's form") {
  check_unet("sd15", precisions);
}

TEST_CASE("cuda models: other UNets, Stable Diffusion 2's form") { check_unet("v2", precisions); }

TEST_CASE("cuda models: autoencoders, both ways") {
  Backend* device = gpu();
  if (!device) return;
  const Golden golden("vae_sd");
  for (const Precision precision : precisions) {
    CAPTURE(precision_name(precision));
    Bench bench(*device, precision);
    SeededCheckpoint seeded("vae", seed_of(golden));
    const Policy policy(precision);
    const WeightBinder l(seeded.checkpoint, *device, policy);
    const VaeConfig config = VaeConfig::from_json(golden.config["model"], "sd");
    const VaeDecoder decoder(l, config);
    const VaeEncoder encoder(l, config);
    for (const auto& which : golden.config["cases"].get<std::vector<std::string>>()) {
      CAPTURE(which);
      if (golden.has(which + ".latent")) {
        std::vector<float> latent = golden.rows(which + ".latent");
        for (float& x : latent) x /= config.scaling_factor;
        const PersistentTensor in = bench.put(latent, golden.shape(which + ".latent"));
        check_close(bench.run("decode " + which, [&] { return decoder(bench.c, in); }),
                    golden.rows(which + ".image"), limit_of(precision));
      } else {
        const PersistentTensor in = bench.put(golden, which + ".pixels");
        check_close(bench.run("encode " + which, [&] { return encoder(bench.c, in); }),
                    golden.rows(which + ".moments"), limit_of(precision));
      }
    }
  }
}

TEST_CASE("cuda models: CLIP") {
  Backend* device = gpu();
  if (!device) return;
  for (const char* name : {"quick", "exact"}) {
    const Golden golden(std::string("clip_") + name);
    for (const Precision precision : precisions) {
      CAPTURE(name);
      CAPTURE(precision_name(precision));
      Bench bench(*device, precision);
      SeededCheckpoint seeded("text_encoder", seed_of(golden));
      const Policy policy(precision);
      const ClipText clip(WeightBinder(seeded.checkpoint, *device, policy),
                          ClipConfig::from_json(golden.config["model"], name));
      const PersistentTensor out = clip(bench.c, golden.ints("full.tokens"));
      std::vector<float> got(out.tensor.shape.count());
      device->read(got.data(), out);
      check_close(got, golden.rows("full.output"), limit_of(precision));
    }
  }
}

TEST_CASE("cuda models: LLaMA, as a whole and token by token") {
  Backend* device = gpu();
  if (!device) return;
  for (const char* name : {"stock", "micro"}) {
    const Golden golden(std::string("llama_") + name);
    const Json& j = golden.config["model"];
    LlamaConfig config;
    config.layers = j["num_hidden_layers"].get<int>();
    config.width = j["hidden_size"].get<int>();
    config.ffn = j["intermediate_size"].get<int>();
    config.heads = j["num_attention_heads"].get<int>();
    config.kv_heads = j["num_key_value_heads"].get<int>();
    config.head_width = config.rotated = j["head_dim"].get<int>();
    config.context = j["max_position_embeddings"].get<int>();
    config.vocabulary = config.embedding_rows = j["vocab_size"].get<int>();
    config.output_rows = j["tie_word_embeddings"].get<bool>() ? 0 : config.vocabulary;
    config.eps = j["rms_norm_eps"].get<float>();
    config.theta = j["rope_theta"].get<float>();
    config.interleaved = j["rope"]["interleaved"].get<bool>();
    config.conjugate = j["rope"]["conjugate"].get<bool>();
    config.qk_norm = j["rope"]["qk_norm"].get<bool>();
    const std::vector<int32_t> tokens = golden.ints("tokens"), greedy = golden.ints("greedy");
    const std::vector<float> all = golden.rows("logits");
    for (const Precision precision : {Precision::f32, Precision::f16}) {
      CAPTURE(name);
      CAPTURE(precision_name(precision));
      Bench bench(*device, precision);
      SeededCheckpoint seeded("llm", seed_of(golden));
      const Policy policy(precision);
      const Llama llama(WeightBinder(seeded.checkpoint, *device, policy), config);
      Llama::State state = llama.start(config.context);
      check_close(llama(bench.c, state, tokens, true), all, limit_of(precision));
      state.length = 0;
      std::vector<float> logits;
      for (const int32_t token : tokens) logits = llama(bench.c, state, std::span(&token, 1));
      check_close(logits, {all.end() - config.vocabulary, all.end()}, limit_of(precision));
      if (precision != Precision::f32) continue;
      std::vector<int32_t> said;
      while (said.size() < greedy.size()) {
        said.push_back(
            static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
        logits = llama(bench.c, state, std::span(&said.back(), 1));
      }
      CHECK(said == greedy);
    }
  }
}

namespace {

std::vector<float> random_values(size_t count) {
  std::vector<float> values(count);
  for (float& v : values) v = test::uniform(-1.7f, 1.7f);
  return values;
}

// The results of `forward` in halves against the CPU's in f32, with one seeded checkpoint on both.
// A single time: an emulated GPU needs most of an hour for the step.
template <class Forward>
void check_full_size(const char* part, const Forward& forward) {
  Backend* device = gpu();
  if (!device) return;
  const auto cpu = make_cpu_backend({});
  SeededCheckpoint seeded(part, 7);
  Checkpoint once = seeded.checkpoint;
  once.find = [&](const std::string& name, std::span<const int64_t> dims) {
    const auto known = seeded.asked.find(name);
    return known != seeded.asked.end() ? &known->second : seeded.checkpoint.find(name, dims);
  };
  const auto on = [&](Backend& backend, Precision precision) {
    Bench bench(backend, precision);
    return forward(bench, WeightBinder(once, backend, Policy(precision)));
  };
  const std::vector<float> got = on(*device, Precision::f16), expected = on(*cpu, Precision::f32);
  MESSAGE("relative error: ", relative_error(got, expected));
  check_close(got, expected, limit_of(Precision::f16));
}

}  // namespace

TEST_CASE("cuda models: a guided step of BK-SDM-Tiny at full size") {
  const std::vector<float> text = random_values(2 * 77 * 768),
                           latent = random_values(2 * 64 * 64 * 4);
  check_full_size("unet", [&](Bench& bench, const WeightBinder& l) {
    const UNet unet(l, UNetConfig::from_json(full_size_unet(), "unet"));
    const PersistentTensor words = bench.put(text, {2, 77, 1, 768}),
                           in = bench.put(latent, {2, 64, 64, 4});
    const Conditioning cond = unet.condition(bench.c, words, std::vector<double>{681});
    return bench.run(
        "unet", [&] { return unet(bench.c, in, cond, 0); }, 1);
  });
}

TEST_CASE("cuda models: BK-SDM-Tiny's decoder at full size") {
  const std::vector<float> latent = random_values(64 * 64 * 4);
  check_full_size("vae", [&](Bench& bench, const WeightBinder& l) {
    const VaeDecoder decoder(l, VaeConfig::from_json(full_size_vae(), "vae"));
    const PersistentTensor in = bench.put(latent, {1, 64, 64, 4});
    return bench.run(
        "vae", [&] { return decoder(bench.c, in); }, 1);
  });
}

TEST_CASE("cuda models: BK-SDM-Tiny's text encoder at full size") {
  check_full_size("text_encoder", [&](Bench& bench, const WeightBinder& l) {
    const ClipText clip(l, ClipConfig::from_json(full_size_clip(), "text"));
    std::vector<int32_t> ids(2 * 77);
    for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int32_t>(i * 641 % 49408);
    const PersistentTensor out = clip(bench.c, ids);
    std::vector<float> values(out.tensor.shape.count());
    bench.c.backend.read(values.data(), out);
    return values;
  });
}
