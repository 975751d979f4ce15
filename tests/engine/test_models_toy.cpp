// Small versions of all networks against PyTorch. The classes are those of the real models, the
// weights are seeded, tools/golden has recorded the outputs.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <span>

#include "engine/models/clip.h"
#include "engine/models/llama.h"
#include "engine/models/unet.h"
#include "engine/models/vae.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/ref/ref_backend.h"
#include "loaders/checkpoint/diffusion_checkpoint.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

using namespace yent;

namespace {

// The reference backend, and the backend that this machine would run.
std::vector<std::unique_ptr<Backend>> backends() {
  std::vector<std::unique_ptr<Backend>> all;
  all.push_back(make_ref_backend());
  all.push_back(make_cpu_backend({.threads = 1}));
  return all;
}

// The objects that one network needs. Dead memory is filled with NaN, so that a read of it shows.
struct Bench {
  explicit Bench(Backend& b) : ws(b, Workspace::Mode::poisoned), c{b, ws} {}

  PersistentTensor put(const std::vector<float>& rows, Shape shape) {
    PersistentTensor stored = c.backend.allocate(shape, DType::f32);
    c.backend.write(stored, rows.data());
    return stored;
  }
  PersistentTensor put(const Golden& golden, const std::string& name) {
    return put(golden.rows(name), golden.shape(name));
  }

  std::vector<float> run(const std::string& key, const std::function<Activation()>& forward) {
    std::vector<float> result;
    ws.run(key, [&] {
      const Activation out = forward();
      if (ws.measuring()) return;
      result.resize(out->shape.count());
      c.backend.read(result.data(), out);
    });
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

std::vector<float> run_decoder(Bench& bench, const VaeDecoder& decoder, const VaeConfig& config,
                               const Golden& golden, const std::string& prefix) {
  std::vector<float> latent = golden.rows(prefix + "latent");
  config.before_decoder(latent);
  const PersistentTensor in = bench.put(latent, golden.shape(prefix + "latent"));
  auto pixels = bench.run("decoder " + prefix, [&] { return decoder(bench.c, in); });
  config.after_decoder(pixels);
  return pixels;
}

std::vector<float> run_encoder(Bench& bench, const VaeEncoder& encoder, const VaeConfig& config,
                               const Golden& golden, const std::string& prefix) {
  std::vector<float> pixels = golden.rows(prefix + "pixels");
  config.before_encoder(pixels);
  const PersistentTensor in = bench.put(pixels, golden.shape(prefix + "pixels"));
  return bench.run("encoder " + prefix, [&] { return encoder(bench.c, in); });
}

std::vector<float> run_unet(Bench& bench, const UNet& unet, const Golden& golden,
                            const std::string& prefix) {
  const PersistentTensor text = bench.put(golden, prefix + "text");
  const PersistentTensor latent = bench.put(golden, prefix + "latent");
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
      const UNet unet(WeightBinder(seeded.checkpoint, *backend, policy),
                      UNetConfig::from_json(golden.config["model"], name));
      check_asked(seeded, golden);
      for (const auto& which : golden.config["cases"].get<std::vector<std::string>>()) {
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
  for (const char* name : {"sd", "short", "tiny"}) {
    const Golden golden(std::string("vae_") + name);
    for (const auto& backend : backends()) {
      Bench bench(*backend);
      SeededCheckpoint seeded("vae", seed_of(golden));
      const Policy policy;
      const WeightBinder l(seeded.checkpoint, *backend, policy);
      const VaeConfig config = VaeConfig::from_json(golden.config["model"], name);
      const VaeDecoder decoder(l, config);
      const VaeEncoder encoder(l, config);
      check_asked(seeded, golden);
      for (const auto& which : golden.config["cases"].get<std::vector<std::string>>()) {
        CAPTURE(name);
        CAPTURE(which);
        CAPTURE(backend->isa());
        if (golden.has(which + ".latent")) {
          check_close(run_decoder(bench, decoder, config, golden, which + "."),
                      golden.rows(which + ".image"), limit_of(golden, which));
        } else {
          check_close(run_encoder(bench, encoder, config, golden, which + "."),
                      golden.rows(which + ".moments"), limit_of(golden, which));
        }
      }
    }
  }
}

TEST_CASE("models_toy: lower precisions cost what their rounding says, and are in force") {
  const Golden unet_golden("unet_v2"), vae_golden("vae_sd");
  for (const auto& backend : backends()) {
    for (const Precision precision : {Precision::f16, Precision::bf16, Precision::int8}) {
      CAPTURE(backend->isa());
      CAPTURE(precision_name(precision));
      Bench bench(*backend);
      const Policy policy(precision);
      const auto check = [&](const std::vector<float>& got, const std::vector<float>& expected) {
        const double error = relative_error(got, expected);
        CHECK(error <= network_limit(precision));
        CHECK(error >= network_limit(precision) / 4);
      };
      SeededCheckpoint seeded("unet", seed_of(unet_golden));
      const UNet unet(WeightBinder(seeded.checkpoint, *backend, policy),
                      UNetConfig::from_json(unet_golden.config["model"], "v2"));
      check(run_unet(bench, unet, unet_golden, "odd."), unet_golden.rows("odd.output"));

      SeededCheckpoint seeded_vae("vae", seed_of(vae_golden));
      const WeightBinder l(seeded_vae.checkpoint, *backend, policy);
      const VaeConfig config = VaeConfig::from_json(vae_golden.config["model"], "sd");
      check(run_decoder(bench, VaeDecoder(l, config), config, vae_golden, "decode_odd."),
            vae_golden.rows("decode_odd.image"));
      check(run_encoder(bench, VaeEncoder(l, config), config, vae_golden, "encode_odd."),
            vae_golden.rows("encode_odd.moments"));
    }
  }
}

TEST_CASE("models_toy: an earlier layer of CLIP, through its last norm") {
  const Golden golden("clip_skip");
  for (const auto& backend : backends()) {
    CAPTURE(backend->isa());
    Bench bench(*backend);
    SeededCheckpoint seeded("text_encoder", seed_of(golden));
    const Policy policy;
    const ClipText clip(WeightBinder(seeded.checkpoint, *backend, policy),
                        ClipConfig::from_json(golden.config["model"], "clip_skip"));
    std::vector<float> got;
    for (const int skipped : {1, 2}) {
      const PersistentTensor out = clip(bench.c, golden.ints("skip.tokens"), skipped);
      std::vector<float> rows(out.tensor.shape.count());
      backend->read(rows.data(), out);
      got.insert(got.end(), rows.begin(), rows.end());
    }
    check_close(got, golden.rows("skip.output"), limit_of(golden, "skip"));
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
      const ClipText clip(WeightBinder(seeded.checkpoint, *backend, policy),
                          ClipConfig::from_json(golden.config["model"], name));
      check_asked(seeded, golden);
      const PersistentTensor out = clip(bench.c, golden.ints("full.tokens"));
      std::vector<float> got(out.tensor.shape.count());
      backend->read(got.data(), out);
      check_close(got, golden.rows("full.output"), limit_of(golden, "full"));
    }
  }
}

TEST_CASE("models_toy: the text encoder of an SD 2.x single file") {
  const std::string path = golden_path("sd2_single.safetensors");
  const Golden golden("sd2_single");
  const DiffusionCheckpoint files = DiffusionCheckpoint::open(path, false);
  for (const auto& backend : backends()) {
    CAPTURE(backend->isa());
    Bench bench(*backend);
    const Policy policy;
    const auto set = std::make_shared<TensorSet>(files.text_encoder());
    const WeightBinder loader(checkpoint_of(set, "text_encoder"), *backend, policy);
    const ClipText clip(loader, ClipConfig::from_json(files.text_config().json, path));
    CHECK(loader.unread().empty());
    const PersistentTensor out = clip(bench.c, golden.ints("tokens"));
    std::vector<float> got(out.tensor.shape.count());
    backend->read(got.data(), out);
    check_close(got, golden.rows("output"), 2e-5);
  }
}

namespace {

LlamaConfig llama_config(const Json& j) {
  LlamaConfig c;
  c.layers = j["num_hidden_layers"].get<int>();
  c.width = j["hidden_size"].get<int>();
  c.ffn = j["intermediate_size"].get<int>();
  c.heads = j["num_attention_heads"].get<int>();
  c.kv_heads = j["num_key_value_heads"].get<int>();
  c.head_width = c.rotated = j["head_dim"].get<int>();
  c.context = j["max_position_embeddings"].get<int>();
  c.vocabulary = c.embedding_rows = j["vocab_size"].get<int>();
  c.output_rows = j["tie_word_embeddings"].get<bool>() ? 0 : c.vocabulary;
  c.eps = j["rms_norm_eps"].get<float>();
  c.theta = j["rope_theta"].get<float>();
  c.interleaved = j["rope"]["interleaved"].get<bool>();
  c.conjugate = j["rope"]["conjugate"].get<bool>();
  c.qk_norm = j["rope"]["qk_norm"].get<bool>();
  if (j["rope"].find("factor")) c.rope_scale = j["rope"]["factor"].get<float>();
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

TEST_CASE("models_toy: LLaMA in its five ways to turn and norm") {
  for (const char* name : {"stock", "micro", "llama_cpp", "biased", "linear"}) {
    const Golden golden(std::string("llama_") + name);
    const LlamaConfig config = llama_config(golden.config["model"]);
    const double limit = network_limit(golden.config["torch_f32_error"].get<double>());
    const std::vector<int32_t> tokens = golden.ints("tokens");
    for (const auto& backend : backends()) {
      CAPTURE(name);
      CAPTURE(backend->isa());
      Bench bench(*backend);
      SeededCheckpoint seeded("llm", seed_of(golden));
      if (golden.config["model"]["attention_bias"].get<bool>())
        add_biases(seeded.checkpoint, config.layers);
      const Policy policy;
      const Llama llama(WeightBinder(seeded.checkpoint, *backend, policy), config);
      check_asked(seeded, golden);

      Llama::State state = llama.start(config.context);
      check_close(llama(bench.c, state, tokens, true), golden.rows("logits"), limit);

      // Rewound and read token by token: the last row is the same, and nothing of the first reading
      // is left.
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
                  const std::function<void(Bench&, const WeightBinder&)>& forward) {
  Dump dump("*");
  DumpBackend recorder(inner, dump);
  Bench bench(recorder);
  SeededCheckpoint seeded(part, seed_of(golden));
  const Policy policy;
  forward(bench, WeightBinder(seeded.checkpoint, recorder, policy));

  const test::TemporaryFolder folder;
  dump.write(folder / "layers.safetensors");
  const Golden got(read_safetensors(folder / "layers.safetensors"));

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
    check_layers(unet, *backend, "unet", [&](Bench& bench, const WeightBinder& l) {
      const UNet net(l, UNetConfig::from_json(unet.config["model"], "tiny"));
      run_unet(bench, net, unet, "");
    });

    const Golden decoder("layers_vae_decoder");
    const VaeConfig config = VaeConfig::from_json(decoder.config["model"], "short");
    check_layers(decoder, *backend, "vae", [&](Bench& bench, const WeightBinder& l) {
      run_decoder(bench, VaeDecoder(l, config), config, decoder, "");
    });
    const Golden encoder("layers_vae_encoder");
    check_layers(encoder, *backend, "vae", [&](Bench& bench, const WeightBinder& l) {
      run_encoder(bench, VaeEncoder(l, config), config, encoder, "");
    });

    const Golden clip("layers_clip");
    check_layers(clip, *backend, "text_encoder", [&](Bench& bench, const WeightBinder& l) {
      const ClipText net(l, ClipConfig::from_json(clip.config["model"], "quick"));
      net(bench.c, clip.ints("tokens"));
    });
  }
}

namespace {

// The matrices of SD 1.x that LDM stores as 1x1 convolutions. The shape of proj_in is what
// tells SD 1.x from 2.x.
bool is_convolution(const std::string& ldm) {
  for (const char* part :
       {".attn_1.", "proj_in", "proj_out", "skip_connection", "nin_shortcut", "quant_conv"}) {
    if (ldm.find(part) != std::string::npos) return true;
  }
  return false;
}

// The tensors that a network asked for, under the names of LDM's single files.
void add_renamed(const SeededCheckpoint& seeded, const Json& ldm_to_diffusers,
                 std::vector<HostTensor>& file) {
  std::map<std::string, std::string> ldm_names;
  for (const auto& [ldm, diffusers] : ldm_to_diffusers.items())
    ldm_names[diffusers.get<std::string>()] = ldm;
  for (const auto& [name, tensor] : seeded.asked) {
    const size_t dot = name.rfind('.');
    HostTensor renamed = tensor;
    renamed.name = ldm_names.at(name.substr(0, dot)) + name.substr(dot);
    if (is_convolution(renamed.name) && tensor.dims.size() == 2) {
      renamed.dims.insert(renamed.dims.end(), {1, 1});
    }
    file.push_back(std::move(renamed));
  }
}

}  // namespace

TEST_CASE("models_toy: a single-file checkpoint gives the same UNet and autoencoder") {
  const Golden unet_golden("unet_sd15"), vae_golden("vae_sd");
  const auto names = read_json(golden_path("ldm_names.json"));
  const auto backend = make_cpu_backend({.threads = 1});
  const Policy policy;
  const test::TemporaryFolder folder;
  {
    SeededCheckpoint unet("unet", seed_of(unet_golden)), vae("vae", seed_of(vae_golden));
    const UNet asks(WeightBinder(unet.checkpoint, *backend, policy),
                    UNetConfig::from_json(unet_golden.config["model"], "sd15"));
    const VaeConfig config = VaeConfig::from_json(vae_golden.config["model"], "sd");
    const WeightBinder l(vae.checkpoint, *backend, policy);
    const VaeDecoder asks_too(l, config);
    const VaeEncoder and_this(l, config);
    std::vector<HostTensor> file;
    add_renamed(unet, names["unet_sd15"], file);
    add_renamed(vae, names["vae"], file);
    write_safetensors(folder / "single.safetensors", file);
  }

  const DiffusionCheckpoint files = DiffusionCheckpoint::open(folder / "single.safetensors", false);
  Bench bench(*backend);
  const auto loader = [&](TensorSet set, const char* part) {
    const auto shared = std::make_shared<TensorSet>(std::move(set));
    return WeightBinder(checkpoint_of(shared, part), *backend, policy);
  };
  const WeightBinder unet_loader = loader(files.unet(), "unet"),
                     vae_loader = loader(files.vae(), "vae");
  const UNet unet(unet_loader, UNetConfig::from_json(files.unet_config().json, "inferred"));
  CHECK(unet_loader.unread().empty());
  check_close(run_unet(bench, unet, unet_golden, "odd."), unet_golden.rows("odd.output"),
              limit_of(unet_golden, "odd"));

  const VaeConfig config = VaeConfig::from_json(files.vae_config().json, "inferred");
  const VaeDecoder decoder(vae_loader, config);
  const VaeEncoder encoder(vae_loader, config);
  CHECK(vae_loader.unread().empty());
  check_close(run_decoder(bench, decoder, config, vae_golden, "decode_odd."),
              vae_golden.rows("decode_odd.image"), limit_of(vae_golden, "decode_odd"));
  check_close(run_encoder(bench, encoder, config, vae_golden, "encode_odd."),
              vae_golden.rows("encode_odd.moments"), limit_of(vae_golden, "encode_odd"));
}
