#include "bench/synthesize/synthesize.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "bench/synthesize/ldm_names.h"
#include "bench/synthesize/seeded_weights.h"
#include "engine/ascii_writer/export.h"
#include "engine/core/weight_binder.h"
#include "engine/models/char_diffusion.h"
#include "engine/models/clip.h"
#include "engine/models/llama.h"
#include "engine/models/unet.h"
#include "engine/models/vae.h"
#include "engine/text/clip/clip_vocabulary.h"
#include "kernels/decorate.h"
#include "kernels/devices.h"
#include "kernels/error.h"
#include "kernels/half.h"
#include "kernels/ref/ref_backend.h"
#include "kernels/spelling.h"
#include "loaders/io/json.h"
#include "loaders/io/output_file.h"
#include "loaders/tensors/convert.h"
#include "loaders/tensors/safetensors.h"
#include "loaders/tensors/write/gguf_writer.h"
#include "loaders/tensors/write/torch_writer.h"

namespace yent {
namespace {

constexpr uint64_t kSeed = 1;

// Ignores the weights: building a network on it lists the tensors that the network reads.
class ListingBackend : public Decorator {
 public:
  using Decorator::Decorator;

  LinearWeight pack_linear(const LinearSource& source, Precision precision) override {
    LinearWeight w{
        .name = source.name, .precision = precision, .packed = std::make_shared<Packed>()};
    for (const auto& part : source.parts) w.out += static_cast<int>(part.weight.dims[0]);
    return w;
  }
  ConvWeight pack_conv3x3(const std::string& name, const HostTensor&, const HostTensor&,
                          Precision precision, bool) override {
    return {.name = name, .precision = precision, .packed = std::make_shared<Packed>()};
  }
  PersistentTensor upload(const HostTensor&) override { return {}; }
  PersistentTensor allocate(Shape, DType) override { return {}; }
  void write(Tensor, const void*) override {}
};

// Names and dims of everything a network reads.
template <class Build>
std::vector<HostTensor> wanted(Build build) {
  auto tensors = std::make_shared<std::map<std::string, HostTensor>>();
  Checkpoint checkpoint{.path = "synthetic", .part = "synthetic", .find = {}};
  checkpoint.find = [tensors](const std::string& name, std::span<const int64_t> dims) {
    HostTensor& t = (*tensors)[name];
    t.name = name;
    t.dims.assign(dims.begin(), dims.end());
    return &t;
  };
  const auto plain = make_ref_backend();
  ListingBackend listing(*plain);
  const Policy policy;
  build(WeightBinder(std::move(checkpoint), listing, policy));
  std::vector<HostTensor> list;
  for (auto& [name, tensor] : *tensors) list.push_back(std::move(tensor));
  return list;
}

std::vector<float> values_of(const HostTensor& t, uint64_t seed = kSeed) {
  std::vector<float> values(t.count());
  seeded_values(t.name, t.dims, seed, values.data());
  return values;
}

void to_halves(const std::vector<float>& values, std::span<std::byte> bytes) {
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t half = f32_to_f16(values[i]);
    std::memcpy(&bytes[2 * i], &half, 2);
  }
}

void write_part(const std::filesystem::path& file, std::vector<HostTensor> tensors) {
  for (HostTensor& t : tensors) t.dtype = DType::f16;
  write_safetensors(
      file, tensors, {{"format", "pt"}},
      [](const HostTensor& t, std::span<std::byte> bytes) { to_halves(values_of(t), bytes); });
}

void write_json(const std::filesystem::path& file, const Json& value) {
  write_file_atomically(file, value.dump(2) + "\n");
}

Json unet_config(bool tiny) {
  Json j = Json::object({{"_class_name", "UNet2DConditionModel"},
                         {"in_channels", 4},
                         {"out_channels", 4},
                         {"sample_size", 64},
                         {"cross_attention_dim", 768},
                         {"attention_head_dim", 8}});
  const char *down = "CrossAttnDownBlock2D", *up = "CrossAttnUpBlock2D";
  if (tiny) {
    j["block_out_channels"] = Json::array({320, 640, 1280});
    j["layers_per_block"] = 1;
    j["mid_block_type"] = nullptr;
    j["down_block_types"] = Json::array({down, down, down});
    j["up_block_types"] = Json::array({up, up, up});
  } else {
    j["block_out_channels"] = Json::array({320, 640, 1280, 1280});
    j["layers_per_block"] = 2;
    j["down_block_types"] = Json::array({down, down, down, "DownBlock2D"});
    j["up_block_types"] = Json::array({"UpBlock2D", up, up, up});
  }
  return j;
}

PainterConfigs painter_configs(bool tiny) {
  return {unet_config(tiny),
          Json::object({{"_class_name", "AutoencoderKL"},
                        {"block_out_channels", Json::array({128, 256, 512, 512})},
                        {"layers_per_block", 2},
                        {"latent_channels", 4}}),
          Json::object({{"model_type", "clip_text_model"},
                        {"hidden_size", 768},
                        {"intermediate_size", 3072},
                        {"num_hidden_layers", 12},
                        {"num_attention_heads", 12},
                        {"vocab_size", 49408}})};
}

std::vector<HostTensor> unet_tensors(const Json& config) {
  return wanted([&](WeightBinder l) { UNet(l, UNetConfig::from_json(config, "unet")); });
}

std::vector<HostTensor> vae_tensors(const Json& json) {
  return wanted([&](WeightBinder l) {
    const VaeConfig config = VaeConfig::from_json(json, "vae");
    VaeEncoder(l, config), VaeDecoder(l, config);
  });
}

std::vector<HostTensor> text_tensors(const Json& config) {
  return wanted(
      [&](WeightBinder l) { ClipText(l, ClipConfig::from_json(config, "text_encoder")); });
}

void write_painter(const std::filesystem::path& folder, const PainterConfigs& configs,
                   const std::filesystem::path& clip) {
  for (const char* part : {"unet", "vae", "text_encoder", "tokenizer", "scheduler"}) {
    std::filesystem::create_directories(folder / part);
  }
  const Json scheduler = Json::object({{"_class_name", "PNDMScheduler"},
                                       {"beta_start", 0.00085},
                                       {"beta_end", 0.012},
                                       {"beta_schedule", "scaled_linear"},
                                       {"steps_offset", 1},
                                       {"set_alpha_to_one", false},
                                       {"skip_prk_steps", true},
                                       {"clip_sample", false}});
  write_json(folder / "model_index.json",
             Json::object({{"_class_name", "StableDiffusionPipeline"}}));
  write_json(folder / "unet" / "config.json", configs.unet);
  write_json(folder / "vae" / "config.json", configs.vae);
  write_json(folder / "text_encoder" / "config.json", configs.text);
  write_json(folder / "scheduler" / "scheduler_config.json", scheduler);
  std::filesystem::copy_file(clip / "merges.txt", folder / "tokenizer" / "merges.txt",
                             std::filesystem::copy_options::overwrite_existing);
  Json vocabulary = Json::object();  // diffusers does not read a folder without one
  for (const auto& [token, id] : read_clip_vocabulary(clip).ids) vocabulary[token] = id;
  write_json(folder / "tokenizer" / "vocab.json", vocabulary);
  const char* weights = "diffusion_pytorch_model.safetensors";
  write_part(folder / "unet" / weights, unet_tensors(configs.unet));
  write_part(folder / "vae" / weights, vae_tensors(configs.vae));
  write_part(folder / "text_encoder" / "model.safetensors", text_tensors(configs.text));
}

// Of SD 1.x, whose matrices outside attention and feed-forward layers are 1x1 convolutions.
std::vector<int64_t> ldm_dims(const HostTensor& t, const std::string& ldm_name) {
  constexpr std::array convolutions{".proj_in.",         ".proj_out.",     ".attn_1.",
                                    ".skip_connection.", ".nin_shortcut.", "quant_conv."};
  std::vector<int64_t> dims = t.dims;
  const bool is_convolution =
      std::any_of(convolutions.begin(), convolutions.end(),
                  [&](const char* part) { return ldm_name.find(part) != ldm_name.npos; });
  if (dims.size() == 2 && is_convolution) dims.insert(dims.end(), {1, 1});
  return dims;
}

// A piece for every byte, which suffices to encode any text, then filler pieces.
void write_vocabulary(GgufWriter& out, int size) {
  std::vector<std::string> tokens{"<unk>", "<s>", "</s>"};
  std::vector<int32_t> types{2, 3, 3};
  for (int byte = 0; byte < 256; ++byte) {
    tokens.push_back(fmt::format("<0x{:02X}>", byte));
    types.push_back(6);
  }
  while (static_cast<int>(tokens.size()) < size) {
    tokens.push_back(fmt::format("piece{}", tokens.size()));
    types.push_back(1);
  }
  std::vector<float> scores(tokens.size());
  for (size_t i = 0; i < scores.size(); ++i) scores[i] = -static_cast<float>(i);
  out.set_text("tokenizer.ggml.model", "llama");
  out.set_texts("tokenizer.ggml.tokens", tokens);
  out.set_f32s("tokenizer.ggml.scores", scores);
  out.set_i32s("tokenizer.ggml.token_type", types);
  out.set_u32("tokenizer.ggml.bos_token_id", 1);
  out.set_u32("tokenizer.ggml.eos_token_id", 2);
}

void write_voice(const std::filesystem::path& file) {
  const LlamaConfig c{.layers = 12,
                      .width = 512,
                      .ffn = 1536,
                      .heads = 8,
                      .kv_heads = 2,
                      .head_width = 64,
                      .context = 2048,
                      .vocabulary = 32000,
                      .embedding_rows = 32000,
                      .output_rows = 32000,
                      .theta = 500000,
                      .rotated = 64,
                      .interleaved = false,
                      .conjugate = true,
                      .qk_norm = true};
  GgufWriter out(file);
  out.set_text("general.architecture", "llama");
  out.set_u32("llama.block_count", c.layers);
  out.set_u32("llama.embedding_length", c.width);
  out.set_u32("llama.feed_forward_length", c.ffn);
  out.set_u32("llama.attention.head_count", c.heads);
  out.set_u32("llama.attention.head_count_kv", c.kv_heads);
  out.set_u32("llama.context_length", c.context);
  out.set_f32("llama.attention.layer_norm_rms_epsilon", c.eps);
  out.set_f32("llama.rope.freq_base", c.theta);
  out.set_bool("nanollama.qk_norm", true);
  out.set_bool("nanollama.rope_conjugate", true);
  write_vocabulary(out, c.vocabulary);
  const std::vector<HostTensor> tensors = wanted([&](WeightBinder l) { Llama(l, c); });
  const auto type = [](const HostTensor& t) {
    return t.dims.size() > 1 ? DType::q8_0 : DType::f32;
  };
  for (const HostTensor& t : tensors) out.declare(t.name, type(t), t.dims);
  for (const HostTensor& t : tensors) {
    const std::vector<float> values = values_of(t);
    std::vector<std::byte> bytes(values.size() / block_elements(type(t)) * block_bytes(type(t)));
    if (type(t) == DType::q8_0) {
      quantize_q8_0(values.data(), static_cast<int64_t>(values.size()), bytes.data());
    } else {
      std::memcpy(bytes.data(), values.data(), bytes.size());
    }
    out.write(bytes);
  }
  out.finish();
}

// The published shape.
void write_characters(const std::filesystem::path& file) {
  CharDiffusionConfig c;
  c.vocabulary = 128, c.width = 384, c.mlp_width = 4 * c.width, c.layers = 6, c.heads = 6;
  c.steps = 128;
  std::vector<HostTensor> tensors = wanted([&](WeightBinder l) { CharDiffusion(l, c); });
  write_safetensors(file, tensors, {{"format", "pt"}, {"heads", "6"}, {"length", "256"}},
                    [](const HostTensor& t, std::span<std::byte> bytes) {
                      const std::vector<float> values = values_of(t);
                      std::memcpy(bytes.data(), values.data(), bytes.size());
                    });
}

// f32, int8 and int4 of a preset's shape.
void write_ascii_transformer(const std::filesystem::path& folder, const std::string& preset) {
  const auto config = AsciiTransformerConfig::preset(preset);
  const auto backend = std::move(make_backends("cpu", "", 0, 1).front());
  art::export_model(
      art::untrained_weights(config, 1), config,
      {folder, DType::f32, {*art::find_quant_method("int8"), *art::find_quant_method("int4")}},
      *backend);
}

}  // namespace

void write_single_file(const std::filesystem::path& file, const PainterConfigs& configs,
                       uint64_t seed) {
  std::vector<HostTensor> tensors;                 // as they stand in the file
  std::map<std::string, HostTensor> in_diffusers;  // by their names there, which seed the values
  const auto list = [&](const std::vector<HostTensor>& part, const LdmName& ldm_name) {
    for (const HostTensor& t : part) {
      HostTensor renamed = t;
      renamed.name = ldm_name(t.name);
      renamed.dims = ldm_dims(t, renamed.name);
      renamed.dtype = DType::f16;
      renamed.bytes = sizeof(uint16_t) * static_cast<size_t>(t.count());
      in_diffusers[renamed.name] = t;
      tensors.push_back(std::move(renamed));
    }
  };
  const std::vector<HostTensor> unet = unet_tensors(configs.unet), vae = vae_tensors(configs.vae);
  list(unet, ldm_unet_names(unet));
  list(vae, ldm_vae_names(vae));
  list(text_tensors(configs.text), [](const std::string& name) { return ldm_text_prefix + name; });
  write_torch(file, tensors, [&](const HostTensor& t, std::span<std::byte> bytes) {
    to_halves(values_of(in_diffusers.at(t.name), seed), bytes);
  });
}

void synthesize(const std::string& kind, const std::filesystem::path& folder,
                const std::filesystem::path& clip) {
  if (kind.starts_with("ascii-")) return write_ascii_transformer(folder, kind.substr(6));
  const std::vector<std::string> kinds{"bk-sdm-tiny", "sd15",           "sd15-ckpt",
                                       "micro-yent",  "tiny-diffusion", "ascii-small"};
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
    throw usage_error("the kind of model is {}, expected {}", kind, one_of(kind, kinds));
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw run_error("{}: {}", folder.string(), error.message());
  if (kind == "micro-yent") return write_voice(folder / "micro-yent.gguf");
  if (kind == "tiny-diffusion") return write_characters(folder / "model.safetensors");
  const PainterConfigs configs = painter_configs(kind == "bk-sdm-tiny");
  if (kind == "sd15-ckpt") return write_single_file(folder / "sd15.ckpt", configs, kSeed);
  write_painter(folder, configs, clip);
}

}  // namespace yent
