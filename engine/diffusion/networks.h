// The networks of a diffusion model: configs, adapters, and each network when it is needed.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/core/cancel.h"
#include "engine/core/messages.h"
#include "engine/core/policy.h"
#include "engine/core/timing.h"
#include "engine/core/weight_binder.h"
#include "engine/diffusion/adapters.h"
#include "engine/diffusion/samplers/scheduler_config.h"
#include "engine/models/clip.h"
#include "engine/models/phased_network.h"
#include "engine/models/unet.h"
#include "engine/models/vae.h"
#include "loaders/checkpoint/diffusion_checkpoint.h"
#include "loaders/checkpoint/textual_inversion.h"

namespace yent {

// Not for two threads at once. The backend must outlive it.
class DiffusionNetworks {
 public:
  struct Options {
    Policy policy = Policy();
    std::vector<Lora> loras = {};                   // until use_adapters() says otherwise
    std::vector<TextualInversion> embeddings = {};  // words behind the text encoder's vocabulary
    bool text_is_given = false;  // the text encoder is opened only if an adapter names it
    bool keep_loaded = false;    // else a network is let go when another one is asked for
    Messages messages = {};
    std::optional<Prediction> prediction = {};  // of the UNet, whatever the files say
    bool measure_layers = false;                // weights say how far their quantization moved them
  };

  // Reads the configs and matches the adapters. Throws file errors.
  DiffusionNetworks(DiffusionCheckpoint files, Backend& backend, Options options);

  // Of the latents that are denoised: channels, and the size they were trained at. The width of the
  // text embeddings.
  int latent_channels() const { return vae_config_.latent_channels; }
  // The UNet sees a mask and the rest of the picture beside the latent: it was trained to repaint.
  bool takes_mask() const { return unet_config_.in_channels != latent_channels(); }
  int sample_size() const { return unet_config_.sample_size; }
  int text_width() const { return unet_config_.cross_attention_dim; }
  // What one token of a prompt takes, at least: in the text encoder, or as keys and values.
  size_t text_token_bytes() const;
  const UNetConfig& unet_config() const { return unet_config_; }
  const VaeConfig& vae_config() const { return vae_config_; }
  const SchedulerConfig& scheduler_config() const { return scheduler_config_; }
  // Throws a file error where it does not fit the UNet.
  ClipConfig clip_config() const;
  const DiffusionCheckpoint& files() const { return files_; }
  const std::vector<TextualInversion>& embeddings() const { return options_.embeddings; }
  const Policy& policy() const { return options_.policy; }

  // Throws file errors of parts that cannot be opened; looks once.
  void check_files();

  // For the loads that follow. Both may be null.
  void watch(Timings* timings, const CancelToken* cancel) {
    timings_ = timings;
    cancel_ = cancel;
  }

  // What these files change here; adapters inside the model's own files come first. Throws a file
  // error where one does not fit.
  std::shared_ptr<const Adapters> match(const std::vector<Lora>& loras) const;
  // From now on networks have these adapters: one that is loaded is bound again when it is needed,
  // and keeps the weights that the old and the new ones change alike or not at all. Where that
  // fails, it stays as it was and is tried again. Returns whether the text encoder changes.
  bool use_adapters(std::shared_ptr<const Adapters> adapters);

  // Each loads the network where it is not loaded yet, and lets the others go unless they are to
  // stay. The reference holds until the next call of one of these. Throws file errors, and a run
  // error where memory does not suffice.
  const ClipText& text_encoder();
  const NoisePredictor& denoising_network();
  // The same where rules of the policy hold for a part of the model calls that are to come. A
  // network for each phase is loaded; they share the weights that compute alike.
  const NoisePredictor& denoising_network(std::span<const Moment> calls);
  const VaeEncoder& vae_encoder();
  const VaeDecoder& vae_decoder();
  // The decoder beside the UNet, for previews: nothing is let go.
  const VaeDecoder& vae_decoder_too();
  // The decoder in another precision, loaded for this one use.
  VaeDecoder vae_decoder_as(const Policy& policy);

  // Loads every network once, for `resolved`.
  void load_all();
  // What the layers loaded so far compute with.
  const std::vector<Resolved>& resolved() const { return resolved_; }

 private:
  enum class Network { text_encoder, unet, vae_encoder, vae_decoder };

  // A network and what it was made of.
  template <class Made>
  struct Loaded {
    std::optional<Made> network = {};
    BoundWeights weights = {};
    std::shared_ptr<const Adapters> adapters = {};
  };

  // A UNet that computes as a policy of some moments says.
  struct Phase {
    std::string policy;  // its text
    Loaded<UNet> unet;
  };
  const UNet& phase(const Policy& policy);

  std::vector<LoraTarget> targets(bool of_text_encoder) const;
  bool encodes_text() const { return !options_.text_is_given && files_.has_text_encoder(); }
  void keep_only(Network network);
  const ClipText& load_text_encoder();
  void remember(const std::vector<Resolved>& layers);
  // `applied` collects the names of the tensors that adapters changed.
  Checkpoint checkpoint(const char* part, const TensorSet& set,
                        std::set<std::string>& applied) const;
  template <class Made, class Config>
  Loaded<Made> load(const char* part, const TensorSet& set, const Config& config,
                    const Policy& policy, BoundWeights kept = {});
  template <class Made, class Config>
  const Made& loaded(Loaded<Made>& slot, const char* part,
                     TensorSet (DiffusionCheckpoint::*set)() const, const Config& config);

  DiffusionCheckpoint files_;
  Backend& backend_;
  Options options_;
  Timings* timings_ = nullptr;
  const CancelToken* cancel_ = nullptr;
  UNetConfig unet_config_;
  VaeConfig vae_config_;
  SchedulerConfig scheduler_config_;
  std::vector<Lora> own_adapters_;  // inside the model's files
  std::shared_ptr<const Adapters> adapters_;
  Loaded<ClipText> text_encoder_;
  Loaded<UNet> unet_;
  std::vector<std::unique_ptr<Phase>> phases_;  // of unet_
  std::optional<PhasedNetwork> phased_;
  Loaded<VaeEncoder> vae_encoder_;
  Loaded<VaeDecoder> vae_decoder_;
  std::vector<Resolved> resolved_;
  bool files_checked_ = false;
};

}  // namespace yent
