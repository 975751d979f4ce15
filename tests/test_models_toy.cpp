// Every network in small, against PyTorch: the classes of the real models, weights that need
// no file, outputs recorded by tools/golden.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <span>

#include "engine/models/clip.h"
#include "engine/models/llama.h"
#include "engine/models/unet.h"
#include "engine/models/vae.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/ref/ref_backend.h"
#include "tests/compare.h"
#include "tests/golden.h"

using namespace yent;

namespace {

// The oracle, and what this machine would run.
std::vector<std::unique_ptr<Backend>> backends() {
  std::vector<std::unique_ptr<Backend>> all;
  all.push_back(make_ref_backend());
  all.push_back(make_cpu_backend({.threads = 1}));
  return all;
}

// One network's surroundings. Dead memory is poisoned: what reads it shows.
struct Bench {
  explicit Bench(Backend& b) : ws(b, Workspace::Mode::poisoned), c{b, ws} {}

  Stored put(const std::vector<float>& rows, Shape shape) {
    Stored stored = c.backend.allocate(shape, DType::f32);
    c.backend.write(stored, rows.data());
    return stored;
  }
  Stored put(const Golden& golden, const std::string& name) {
    return put(golden.rows(name), golden.shape(name));
  }

  // Twice, because the second run finds the memory that the first one left.
  std::vector<float> run(const std::string& key, const std::function<Act()>& forward) {
    std::vector<float> result;
    for (int i = 0; i < 2; ++i) {
      ws.run(key, [&] {
        const Act out = forward();
        if (ws.measuring()) return;
        result.resize(out->shape.count());
        c.backend.read(result.data(), out);
      });
    }
    return result;
  }

  Workspace ws;
  Ctx c;
};

uint64_t seed_of(const Golden& golden) { return golden.config["seed"].get<uint64_t>(); }

void check_close(const std::vector<float>& got, const std::vector<float>& expected, double limit) {
  INFO(worst(got, expected));
  CHECK(relative_error(got, expected) <= limit);
}

double limit_of(const Golden& golden, const std::string& which) {
  return network_limit(golden.config["torch_f32_error"][which].get<double>());
}

void check_asked(const SeededCheckpoint& seeded, const Golden& golden) {
  CHECK(seeded.asked.size() == golden.config["tensors"].get<size_t>());
  CHECK(seeded.parameters() == golden.config["parameters"].get<int64_t>());
}

std::vector<float> run_unet(Bench& bench, const UNet& unet, const Golden& golden,
                            const std::string& prefix) {
  const Stored text = bench.put(golden, prefix + "text");
  const Stored latent = bench.put(golden, prefix + "latent");
  const std::vector<double> steps{golden.rows(prefix + "timestep")[0]};
  const Conditioning cond = unet.condition(bench.c, text, steps);
  return bench.run("unet " + prefix, [&] { return unet(bench.c, latent, cond, 0); });
}

}  // namespace

TEST_CASE("models_toy: UNets of every shape of the family") {
  for (const char* name : {"tiny", "small", "base", "sd15", "v2"}) {
    const Golden golden(std::string("unet_") + name);
    for (const auto& backend : backends()) {
      Bench bench(*backend);
      SeededCheckpoint seeded("unet", seed_of(golden));
      const Policy policy;
      const UNet unet(Loader(seeded.checkpoint, *backend, policy),
                      UNetConfig::from_json(golden.config["model"], name));
      check_asked(seeded, golden);
      for (const std::string which : golden.config["cases"]) {
        CAPTURE(name);
        CAPTURE(which);
        CAPTURE(backend->isa());
        check_close(run_unet(bench, unet, golden, which + "."), golden.rows(which + ".output"),
                    limit_of(golden, which));
      }
    }
  }
}

TEST_CASE("models_toy: autoencoders, both ways") {
  for (const char* name : {"sd", "short"}) {
    const Golden golden(std::string("vae_") + name);
    for (const auto& backend : backends()) {
      Bench bench(*backend);
      SeededCheckpoint seeded("vae", seed_of(golden));
      const Policy policy;
      const Loader l(seeded.checkpoint, *backend, policy);
      const VaeConfig config = VaeConfig::from_json(golden.config["model"], name);
      const VaeDecoder decoder(l, config);
      const VaeEncoder encoder(l, config);
      check_asked(seeded, golden);
      for (const std::string which : golden.config["cases"]) {
        CAPTURE(name);
        CAPTURE(which);
        CAPTURE(backend->isa());
        const bool decode = golden.has(which + ".latent");
        std::vector<float> given = golden.rows(which + (decode ? ".latent" : ".pixels"));
        const Shape shape = golden.shape(which + (decode ? ".latent" : ".pixels"));
        if (decode) {
          for (float& x : given) x /= config.scaling_factor;
        }
        const Stored in = bench.put(given, shape);
        const auto got =
            bench.run(which, [&] { return decode ? decoder(bench.c, in) : encoder(bench.c, in); });
        check_close(got, golden.rows(which + (decode ? ".image" : ".moments")),
                    limit_of(golden, which));
      }
    }
  }
}

TEST_CASE("models_toy: CLIP with either activation") {
  for (const char* name : {"quick", "exact"}) {
    const Golden golden(std::string("clip_") + name);
    for (const auto& backend : backends()) {
      CAPTURE(name);
      CAPTURE(backend->isa());
      Bench bench(*backend);
      SeededCheckpoint seeded("text_encoder", seed_of(golden));
      const Policy policy;
      const ClipText clip(Loader(seeded.checkpoint, *backend, policy),
                          ClipConfig::from_json(golden.config["model"], name));
      check_asked(seeded, golden);
      const Stored out = clip(bench.c, golden.ints("full.tokens"));
      std::vector<float> got(out.tensor.shape.count());
      backend->read(got.data(), out);
      check_close(got, golden.rows("full.output"), limit_of(golden, "full"));
    }
  }
}

namespace {

LlamaConfig llama_config(const nlohmann::json& j) {
  LlamaConfig c;
  c.layers = j["num_hidden_layers"];
  c.width = j["hidden_size"];
  c.ffn = j["intermediate_size"];
  c.heads = j["num_attention_heads"];
  c.kv_heads = j["num_key_value_heads"];
  c.head_width = c.rotated = j["head_dim"];
  c.context = j["max_position_embeddings"];
  c.vocabulary = c.embedding_rows = j["vocab_size"];
  c.output_rows = j["tie_word_embeddings"] ? 0 : c.vocabulary;
  c.eps = j["rms_norm_eps"];
  c.theta = j["rope_theta"];
  c.interleaved = j["rope"]["interleaved"];
  c.conjugate = j["rope"]["conjugate"];
  c.qk_norm = j["rope"]["qk_norm"];
  return c;
}

void add_biases(Checkpoint& checkpoint, int layers) {
  for (int i = 0; i < layers; ++i) {
    for (const char* name : {"q", "k", "v", "output"}) {
      checkpoint.names.insert(fmt::format("blk.{}.attn_{}.bias", i, name));
    }
  }
}

int32_t best(std::span<const float> logits) {
  return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

}  // namespace

TEST_CASE("models_toy: LLaMA in its four ways to turn and norm") {
  for (const char* name : {"stock", "micro", "llama_cpp", "biased"}) {
    const Golden golden(std::string("llama_") + name);
    const LlamaConfig config = llama_config(golden.config["model"]);
    const double limit = network_limit(golden.config["torch_f32_error"].get<double>());
    const std::vector<int32_t> tokens = golden.ints("tokens");
    for (const auto& backend : backends()) {
      CAPTURE(name);
      CAPTURE(backend->isa());
      Bench bench(*backend);
      SeededCheckpoint seeded("llm", seed_of(golden));
      if (golden.config["model"]["attention_bias"]) add_biases(seeded.checkpoint, config.layers);
      const Policy policy;
      const Llama llama(Loader(seeded.checkpoint, *backend, policy), config);
      check_asked(seeded, golden);

      Llama::State state = llama.start(config.context);
      check_close(llama(bench.c, state, tokens, true), golden.rows("logits"), limit);

      // Rewound and read one by one: the same last row, nothing of the first reading left.
      state.length = 0;
      std::vector<float> logits;
      for (const int32_t token : tokens) logits = llama(bench.c, state, std::span(&token, 1));
      const std::vector<float> all = golden.rows("logits");
      check_close(logits, {all.end() - config.vocabulary, all.end()}, limit);

      std::vector<int32_t> said;
      while (said.size() < golden.ints("greedy").size()) {
        said.push_back(best(logits));
        logits = llama(bench.c, state, std::span(&said.back(), 1));
      }
      CHECK(said == golden.ints("greedy"));
    }
  }
}

namespace {

// Runs `forward` on a backend that keeps every layer's output, and compares all of them.
void check_layers(const Golden& golden, Backend& inner, const std::string& part,
                  const std::function<void(Bench&, const Loader&)>& forward) {
  Dump dump("*");
  DumpBackend recorder(inner, dump);
  Bench bench(recorder);
  SeededCheckpoint seeded(part, seed_of(golden));
  const Policy policy;
  forward(bench, Loader(seeded.checkpoint, recorder, policy));

  const std::string path =
      (std::filesystem::temp_directory_path() / ("yent_layers_" + part + ".safetensors")).string();
  dump.write(path);
  const Golden got(read_safetensors(path));
  std::filesystem::remove(path);

  const double limit = network_limit(golden.config["torch_f32_error"].get<double>());
  int compared = 0;
  for (const HostTensor& t : golden.tensors()) {
    const std::string prefix = "layers.";
    if (!t.name.starts_with(prefix)) continue;
    const std::string layer = t.name.substr(prefix.size());
    CAPTURE(layer);
    REQUIRE(got.has(layer));
    check_close(got.rows(layer), golden.rows(t.name), limit);
    ++compared;
  }
  CHECK(compared > 20);
}

}  // namespace

TEST_CASE("models_toy: every layer of a UNet, an autoencoder and CLIP") {
  for (const auto& backend : backends()) {
    CAPTURE(backend->isa());
    const Golden unet("layers_unet_tiny");
    check_layers(unet, *backend, "unet", [&](Bench& bench, const Loader& l) {
      const UNet net(l, UNetConfig::from_json(unet.config["model"], "tiny"));
      const Conditioning cond = net.condition(bench.c, bench.put(unet, "text"),
                                              std::vector<double>{unet.rows("timestep")[0]});
      const Stored latent = bench.put(unet, "latent");
      bench.ws.run("unet", [&] { net(bench.c, latent, cond, 0); });
    });

    const Golden decoder("layers_vae_decoder");
    const VaeConfig config = VaeConfig::from_json(decoder.config["model"], "short");
    check_layers(decoder, *backend, "vae", [&](Bench& bench, const Loader& l) {
      const VaeDecoder net(l, config);
      std::vector<float> latent = decoder.rows("latent");
      for (float& x : latent) x /= config.scaling_factor;
      const Stored in = bench.put(latent, decoder.shape("latent"));
      bench.ws.run("decoder", [&] { net(bench.c, in); });
    });

    const Golden encoder("layers_vae_encoder");
    check_layers(encoder, *backend, "vae", [&](Bench& bench, const Loader& l) {
      const VaeEncoder net(l, config);
      const Stored in = bench.put(encoder, "pixels");
      bench.ws.run("encoder", [&] { net(bench.c, in); });
    });

    const Golden clip("layers_clip");
    check_layers(clip, *backend, "text_encoder", [&](Bench& bench, const Loader& l) {
      const ClipText net(l, ClipConfig::from_json(clip.config["model"], "quick"));
      net(bench.c, clip.ints("tokens"));
    });
  }
}
