#include "engine/diffusion/networks.h"

#include <algorithm>

#include "engine/diffusion/memory_needs.h"
#include "engine/diffusion/prompt_tokenizer.h"
#include "kernels/error.h"

namespace yent {

DiffusionNetworks::DiffusionNetworks(DiffusionCheckpoint files, Backend& backend, Options options)
    : files_(std::move(files)), backend_(backend), options_(std::move(options)) {
  const PartConfig unet = files_.unet_config(), vae = files_.vae_config();
  unet_config_ = UNetConfig::from_json(unet.json, unet.where);
  vae_config_ = VaeConfig::from_json(vae.json, vae.where);
  const int channels = latent_channels();
  if ((unet_config_.in_channels != channels && unet_config_.in_channels != 2 * channels + 1) ||
      unet_config_.out_channels != channels) {
    throw file_error("{}: {} channels in and {} out, expected the VAE's {}, or {} in to repaint",
                     unet.where, unet_config_.in_channels, unet_config_.out_channels, channels,
                     2 * channels + 1);
  }
  scheduler_config_ = SchedulerConfig::stable_diffusion();
  if (const auto config = files_.scheduler_config()) {
    scheduler_config_ = SchedulerConfig::from_json(config->json, config->where);
    if (!config->assumed.empty()) options_.messages.warn(config->assumed);
    for (const std::string& sentence : scheduler_config_.warnings) {
      options_.messages.warn(sentence);
    }
  }
  if (options_.prediction) scheduler_config_.prediction = *options_.prediction;
  match_loras();
}

// Adapters inside the model's own files come first.
void DiffusionNetworks::match_loras() {
  std::vector<Lora> own;
  for (TensorSet& set : files_.embedded_adapters(encodes_text())) {
    own.push_back(Lora::of_tensors(std::move(set), 1));
    if (own.back().has_alphas()) continue;
    options_.messages.warn(fmt::format(
        "{} holds an adapter that was not fused, without its alpha, which is taken to be its rank",
        own.back().path()));
  }
  options_.loras.insert(options_.loras.begin(), own.begin(), own.end());
  if (options_.loras.empty()) return;
  std::vector<LoraTarget> targets;
  const auto add = [&](const TensorSet& set, const std::string& part) {
    for (const HostTensor& t : set.tensors) {
      if (!t.name.ends_with(".weight") || t.dims.empty()) continue;
      targets.push_back({part + t.name.substr(0, t.name.size() - 7), t.dims});
    }
  };
  add(files_.unet(), "unet.");
  // Where the text is given, the text encoder is opened for names that could be its own only.
  const bool text_is_named = std::ranges::any_of(options_.loras, &Lora::may_change_text);
  if (encodes_text() || (text_is_named && files_.has_text_encoder())) {
    add(files_.text_encoder(), "text_encoder.");
  }
  for (const Lora& lora : options_.loras) {
    const LoraMatch match = lora.match(targets);
    bool of_text = false;
    for (const auto& [name, change] : match.changes) {
      changes_[name].push_back(change);
      of_text |= name.starts_with("text_encoder.");
    }
    if (of_text && options_.text_is_given) {
      options_.messages.warn(lora.path() +
                             " changes the text encoder, but the text is given as embeddings");
    }
    options_.messages.note(fmt::format("{} changes {} layers", lora.path(), match.modules));
  }
}

void DiffusionNetworks::require_all_applied(const std::string& part,
                                            const std::set<std::string>& applied) const {
  for (const auto& [name, changes] : changes_) {
    if (!name.starts_with(part + ".") || applied.contains(name)) continue;
    throw file_error("{}: {} is changed, but the {} does not read it", changes[0].parts.path(),
                     name, part);
  }
}

ClipConfig DiffusionNetworks::clip_config() const {
  ClipConfig clip = read_clip_config(files_);
  if (clip.hidden_size != unet_config_.cross_attention_dim) {
    throw file_error("{}: hidden_size is {}, expected the UNet's cross_attention_dim {}",
                     files_.text_config().where, clip.hidden_size,
                     unet_config_.cross_attention_dim);
  }
  return clip;
}

size_t DiffusionNetworks::text_token_bytes() const {
  return yent::text_token_bytes(clip_config(), unet_config_);
}

void DiffusionNetworks::check_files() {
  if (files_checked_) return;
  files_.unet();
  files_.vae();
  if (!options_.text_is_given) files_.text_encoder();
  files_checked_ = true;
}

void DiffusionNetworks::keep_only(Network network) {
  if (options_.keep_loaded) return;
  if (network != Network::text_encoder) text_encoder_.reset();
  if (network != Network::unet) unet_.reset();
  if (network != Network::vae_encoder) vae_encoder_.reset();
  if (network != Network::vae_decoder) vae_decoder_.reset();
}

Checkpoint DiffusionNetworks::checkpoint(const char* part, const TensorSet& set,
                                         std::set<std::string>& applied) const {
  Checkpoint c = checkpoint_of(std::make_shared<TensorSet>(set), part);
  c.find = [find = c.find, cancel = cancel_](const std::string& name,
                                             std::span<const int64_t> dims) {
    CancelToken::check(cancel);
    return find(name, dims);
  };
  const std::string prefix = std::string(part) + ".";
  c.restyles = [this, prefix](const std::string& name) { return changes_.contains(prefix + name); };
  c.restyle = [this, prefix, &applied](const std::string& name, float* values, int64_t rows,
                                       int64_t columns) {
    apply_changes(changes_.at(prefix + name), values, rows, columns);
    applied.insert(prefix + name);
  };
  return c;
}

// A layer that is loaded again is known already; the rows of one layer stay together.
void DiffusionNetworks::remember(const std::vector<Resolved>& layers) {
  std::set<std::string> names;
  for (const Resolved& r : layers) names.insert(r.layer);
  std::erase_if(resolved_, [&](const Resolved& r) { return names.contains(r.layer); });
  resolved_.insert(resolved_.end(), layers.begin(), layers.end());
}

template <class Made, class Config>
Made DiffusionNetworks::load(const char* part, const TensorSet& set, const Config& config,
                             const Policy& policy) {
  const Timings::Span span(timings_, "load");
  require_memory(fmt::format("{}: loading the {}", set.path, part), packed_bytes(set, part, policy),
                 backend_);
  std::set<std::string> applied;
  const WeightBinder binder(checkpoint(part, set, applied), backend_, policy);
  Made network(binder, config);
  require_all_applied(part, applied);
  remember(binder.resolved());
  if (std::string_view(part) == "vae") return network;  // its other half is unread on purpose
  for (const std::string& name : binder.unread()) {
    options_.messages.note(fmt::format("{}: {} is not used", set.path, printable(name)));
  }
  return network;
}

template <class Made, class Config>
const Made& DiffusionNetworks::loaded(std::optional<Made>& slot, const char* part,
                                      TensorSet (DiffusionCheckpoint::*set)() const,
                                      const Config& config) {
  if (!slot) slot.emplace(load<Made>(part, (files_.*set)(), config, options_.policy));
  return *slot;
}

const ClipText& DiffusionNetworks::load_text_encoder() {
  if (text_encoder_) return *text_encoder_;
  loaded(text_encoder_, "text_encoder", &DiffusionCheckpoint::text_encoder, clip_config());
  std::vector<float> learned;
  for (const TextualInversion& e : options_.embeddings) {
    learned.insert(learned.end(), e.values.begin(), e.values.end());
  }
  if (!learned.empty()) text_encoder_->learn(backend_, learned);
  return *text_encoder_;
}

const ClipText& DiffusionNetworks::text_encoder() {
  keep_only(Network::text_encoder);
  return load_text_encoder();
}

const NoisePredictor& DiffusionNetworks::denoising_network() {
  keep_only(Network::unet);
  return loaded(unet_, "unet", &DiffusionCheckpoint::unet, unet_config_);
}

const VaeEncoder& DiffusionNetworks::vae_encoder() {
  keep_only(Network::vae_encoder);
  return loaded(vae_encoder_, "vae", &DiffusionCheckpoint::vae, vae_config_);
}

const VaeDecoder& DiffusionNetworks::vae_decoder() {
  keep_only(Network::vae_decoder);
  return vae_decoder_too();
}

const VaeDecoder& DiffusionNetworks::vae_decoder_too() {
  return loaded(vae_decoder_, "vae", &DiffusionCheckpoint::vae, vae_config_);
}

VaeDecoder DiffusionNetworks::vae_decoder_as(const Policy& policy) {
  if (!options_.keep_loaded) vae_decoder_.reset();
  return load<VaeDecoder>("vae", files_.vae(), vae_config_, policy);
}

void DiffusionNetworks::load_all() {
  if (encodes_text()) load_text_encoder();
  loaded(unet_, "unet", &DiffusionCheckpoint::unet, unet_config_);
  loaded(vae_encoder_, "vae", &DiffusionCheckpoint::vae, vae_config_);
  vae_decoder_too();
}

}  // namespace yent
