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
  for (TensorSet& set : files_.embedded_adapters(encodes_text())) {
    own_adapters_.push_back(Lora::of_tensors(std::move(set), 1));
    if (own_adapters_.back().has_alphas()) continue;
    options_.messages.warn(fmt::format(
        "{} holds an adapter that was not fused, without its alpha, which is taken to be its rank",
        own_adapters_.back().path()));
  }
  adapters_ = match(options_.loras);
}

std::vector<LoraTarget> DiffusionNetworks::targets(bool of_text_encoder) const {
  std::vector<LoraTarget> targets;
  const auto add = [&](const TensorSet& set, const std::string& part) {
    for (const HostTensor& t : set.tensors) {
      if (!t.name.ends_with(".weight") || t.dims.empty()) continue;
      targets.push_back({part + t.name.substr(0, t.name.size() - 7), t.dims});
    }
  };
  add(files_.unet(), "unet.");
  if (of_text_encoder) add(files_.text_encoder(), "text_encoder.");
  return targets;
}

std::shared_ptr<const Adapters> DiffusionNetworks::match(const std::vector<Lora>& loras) const {
  auto all = std::make_shared<Adapters>(Adapters{own_adapters_});
  all->loras.insert(all->loras.end(), loras.begin(), loras.end());
  if (all->loras.empty()) return all;
  // Where the text is given, the text encoder is opened for names that could be its own only.
  const bool text_is_named = std::ranges::any_of(all->loras, &Lora::may_change_text);
  const std::vector<LoraTarget> targets =
      this->targets(encodes_text() || (text_is_named && files_.has_text_encoder()));
  for (const Lora& lora : all->loras) {
    const LoraMatch match = lora.match(targets);
    bool of_text = false;
    for (const auto& [name, change] : match.changes) {
      all->changes[name].push_back(change);
      of_text |= name.starts_with("text_encoder.");
    }
    if (of_text && options_.text_is_given) {
      options_.messages.warn(lora.path() +
                             " changes the text encoder, but the text is given as embeddings");
    }
    options_.messages.note(fmt::format("{} changes {} layers", lora.path(), match.modules));
  }
  return all;
}

bool DiffusionNetworks::use_adapters(std::shared_ptr<const Adapters> adapters) {
  const bool text_changes = !differing(*adapters_, *adapters, "text_encoder").empty();
  adapters_ = std::move(adapters);
  return text_changes;
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
  if (network != Network::text_encoder) text_encoder_ = {};
  if (network != Network::unet) {
    unet_ = {};
    phases_.clear();
  }
  if (network != Network::vae_encoder) vae_encoder_ = {};
  if (network != Network::vae_decoder) vae_decoder_ = {};
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
  const auto& changes = adapters_->changes;
  c.restyles = [&changes, prefix](const std::string& name) {
    return changes.contains(prefix + name);
  };
  c.restyle = [&changes, prefix, &applied](const std::string& name, float* values, int64_t rows,
                                           int64_t columns) {
    apply_changes(changes.at(prefix + name), values, rows, columns);
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
DiffusionNetworks::Loaded<Made> DiffusionNetworks::load(const char* part, const TensorSet& set,
                                                        const Config& config, const Policy& policy,
                                                        BoundWeights kept) {
  const Timings::Span span(timings_, "load");
  std::set<std::string> ready, applied;
  for (const auto& [path, bound] : kept) {
    for (const std::string& name : bound.tensors) {
      ready.insert(name);
      applied.insert(fmt::format("{}.{}", part, name));
    }
  }
  require_memory(fmt::format("{}: loading the {}", set.path, part),
                 packed_bytes(set, part, policy, ready), backend_);
  const size_t count = kept.size();
  const WeightBinder binder(checkpoint(part, set, applied), backend_, policy, std::move(kept),
                            options_.measure_layers);
  Loaded<Made> made{Made(binder, config), binder.bound(), adapters_};
  require_all_applied(*adapters_, part, applied);
  remember(binder.resolved());
  if (count > 0) {
    options_.messages.note(fmt::format("{}: {} of {} weights are bound again", set.path,
                                       made.weights.size() - count, made.weights.size()));
    return made;
  }
  if (std::string_view(part) == "vae") return made;  // its other half is unread on purpose
  for (const std::string& name : binder.unread()) {
    options_.messages.note(fmt::format("{}: {} is not used", set.path, printable(name)));
  }
  return made;
}

template <class Made, class Config>
const Made& DiffusionNetworks::loaded(Loaded<Made>& slot, const char* part,
                                      TensorSet (DiffusionCheckpoint::*set)() const,
                                      const Config& config) {
  if (slot.network && slot.adapters != adapters_) {
    const std::set<std::string> changed = differing(*slot.adapters, *adapters_, part);
    if (!changed.empty()) {
      auto made = load<Made>(part, (files_.*set)(), config, options_.policy,
                             without(slot.weights, changed));
      backend_.wait();  // what it was asked for may still read the old weights
      slot = std::move(made);
    }
    slot.adapters = adapters_;
  }
  if (!slot.network) slot = load<Made>(part, (files_.*set)(), config, options_.policy);
  return *slot.network;
}

// Whether what was bound at a path, and all parts of a stack, compute under one policy as under
// another one.
static bool computes_alike(const std::string& path, const BoundWeight& bound, const Policy& a,
                           const Policy& b) {
  std::set<std::string> layers{path};
  for (const std::string& tensor : bound.tensors)
    layers.insert(tensor.substr(0, tensor.rfind('.')));
  for (const std::string& layer : layers) {
    const std::string name = "unet." + layer;
    for (const LayerKind kind : {LayerKind::linear, LayerKind::conv, LayerKind::norm}) {
      if (!a.layer(name, kind).computes_as(b.layer(name, kind))) return false;
    }
  }
  return true;
}

const ClipText& DiffusionNetworks::load_text_encoder() {
  if (text_encoder_.network && text_encoder_.adapters == adapters_) return *text_encoder_.network;
  loaded(text_encoder_, "text_encoder", &DiffusionCheckpoint::text_encoder, clip_config());
  std::vector<float> learned;
  for (const TextualInversion& e : options_.embeddings) {
    learned.insert(learned.end(), e.values.begin(), e.values.end());
  }
  if (!learned.empty()) text_encoder_.network->learn(backend_, learned);
  return *text_encoder_.network;
}

const ClipText& DiffusionNetworks::text_encoder() {
  keep_only(Network::text_encoder);
  return load_text_encoder();
}

const NoisePredictor& DiffusionNetworks::denoising_network() {
  keep_only(Network::unet);
  return loaded(unet_, "unet", &DiffusionCheckpoint::unet, unet_config_);
}

const UNet& DiffusionNetworks::phase(const Policy& policy) {
  const std::string text = policy.text();
  for (const std::unique_ptr<Phase>& known : phases_) {
    if (known->policy == text) return *known->unet.network;
  }
  BoundWeights same = unet_.weights;
  std::erase_if(same, [&](const BoundWeights::value_type& entry) {
    return !computes_alike(entry.first, entry.second, policy, options_.policy);
  });
  auto made = std::make_unique<Phase>(Phase{text, {}});
  made->unet = load<UNet>("unet", files_.unet(), unet_config_, policy, std::move(same));
  return *phases_.emplace_back(std::move(made))->unet.network;
}

const NoisePredictor& DiffusionNetworks::denoising_network(std::span<const Moment> calls) {
  const std::shared_ptr<const Adapters> before = unet_.adapters;
  const NoisePredictor& network = denoising_network();
  if (!options_.policy.moves()) return network;
  if (unet_.adapters != before) phases_.clear();
  constexpr size_t kKept = 32;  // phases of earlier requests
  if (phases_.size() > kKept) phases_.clear();
  std::vector<const NoisePredictor*> networks;
  std::vector<int> phase_of_call;
  for (const Moment& call : calls) {
    const NoisePredictor* of_call = &phase(options_.policy.at(call, calls));
    const auto known = std::ranges::find(networks, of_call);
    phase_of_call.push_back(static_cast<int>(known - networks.begin()));
    if (known == networks.end()) networks.push_back(of_call);
  }
  return phased_.emplace(std::move(networks), std::move(phase_of_call));
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
  if (!options_.keep_loaded) vae_decoder_ = {};
  return *load<VaeDecoder>("vae", files_.vae(), vae_config_, policy).network;
}

void DiffusionNetworks::load_all() {
  if (encodes_text()) load_text_encoder();
  loaded(unet_, "unet", &DiffusionCheckpoint::unet, unet_config_);
  loaded(vae_encoder_, "vae", &DiffusionCheckpoint::vae, vae_config_);
  vae_decoder_too();
}

}  // namespace yent
