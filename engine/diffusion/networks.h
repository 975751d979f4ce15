// The networks of a diffusion model: configs, adapters, and each network when it is needed.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/core/cancel.h"
#include "engine/core/messages.h"
#include "engine/core/policy.h"
#include "engine/core/timing.h"
#include "engine/core/weight_binder.h"
#include "engine/diffusion/samplers/scheduler_config.h"
#include "engine/models/clip.h"
#include "engine/models/unet.h"
#include "engine/models/vae.h"
#include "loaders/checkpoint/diffusion_checkpoint.h"
#include "loaders/checkpoint/lora.h"
#include "loaders/checkpoint/textual_inversion.h"

namespace yent {

// Not for two threads at once. The backend must outlive it.
class DiffusionNetworks {
 public:
  struct Options {
    Policy policy = Policy();
    std::vector<Lora> loras = {};
    std::vector<TextualInversion> embeddings = {};  // words behind the text encoder's vocabulary
    bool text_is_given = false;  // the text encoder is opened only if an adapter names it
    bool keep_loaded = false;    // else a network is let go when another one is asked for
    Messages messages = {};
    std::optional<Prediction> prediction = {};  // of the UNet, whatever the files say
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

  // Each loads the network where it is not loaded yet, and lets the others go unless they are to
  // stay. The reference holds until the next call of one of these. Throws file errors, and a run
  // error where memory does not suffice.
  const ClipText& text_encoder();
  const NoisePredictor& denoising_network();
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

  void match_loras();
  void require_all_applied(const std::string& part, const std::set<std::string>& applied) const;
  bool encodes_text() const { return !options_.text_is_given && files_.has_text_encoder(); }
  void keep_only(Network network);
  const ClipText& load_text_encoder();
  void remember(const std::vector<Resolved>& layers);
  // `applied` collects the names of the tensors that adapters changed.
  Checkpoint checkpoint(const char* part, const TensorSet& set,
                        std::set<std::string>& applied) const;
  template <class Made, class Config>
  Made load(const char* part, const TensorSet& set, const Config& config, const Policy& policy);
  template <class Made, class Config>
  const Made& loaded(std::optional<Made>& slot, const char* part,
                     TensorSet (DiffusionCheckpoint::*set)() const, const Config& config);

  DiffusionCheckpoint files_;
  Backend& backend_;
  Options options_;
  Timings* timings_ = nullptr;
  const CancelToken* cancel_ = nullptr;
  UNetConfig unet_config_;
  VaeConfig vae_config_;
  SchedulerConfig scheduler_config_;
  std::map<std::string, std::vector<LoraChange>> changes_;  // by part and name of the tensor
  std::optional<ClipText> text_encoder_;
  std::optional<UNet> unet_;
  std::optional<VaeEncoder> vae_encoder_;
  std::optional<VaeDecoder> vae_decoder_;
  std::vector<Resolved> resolved_;
  bool files_checked_ = false;
};

}  // namespace yent
