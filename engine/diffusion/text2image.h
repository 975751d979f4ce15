// From a prompt to pixels: the only place that knows all networks of the painter. Each network
// is loaded when its stage begins, so that the text encoder is gone before the VAE comes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/dump.h"
#include "engine/core/policy.h"
#include "engine/core/random.h"
#include "engine/core/timing.h"
#include "engine/diffusion/scheduler.h"
#include "engine/models/clip.h"
#include "engine/models/unet.h"
#include "engine/models/vae.h"
#include "engine/text/clip_tokenizer.h"
#include "loaders/checkpoint/diffusion_checkpoint.h"
#include "loaders/checkpoint/lora.h"
#include "loaders/image/image.h"

namespace yent {

struct PaintSpec {
  int width = 0, height = 0;  // pixels; 0: the model's own
  int steps = 25;
  double guidance = 7.5;     // 1 and less: the negative prompt is not asked
  std::string sampler = {};  // empty: the folder's
  bool karras = false;
  Rng rng = Rng::cpu;
  double strength = 0.75;  // of what may change in an input picture

  bool guided() const { return guidance > 1; }
};

// A picture on its way, on the host: [channels, height, width].
struct Latent {
  int channels = 0, height = 0, width = 0;
  std::vector<float> values;
};

class Text2Image {
 public:
  struct Options {
    Policy policy = Policy();
    std::vector<Lora> loras = {};
    std::filesystem::path tokenizer = {};  // a folder, instead of the model's own
    std::filesystem::path clip = {};       // the folder for models that bring none
    bool text_is_given = false;            // `embed`, not `encode`: the encoder is never opened
    Dump* dump = nullptr;                  // may be null: nothing is kept
    Timings* timings = nullptr;            // may be null: nothing is timed
    bool keep_loaded = false;              // networks stay when their stage is over
    // Told after each model call how many are done, of how many. May be empty; otherwise, and
    // where calls are timed, each is waited for.
    std::function<void(int done, int calls)> progress = {};
    std::function<void(const std::string& sentence)> warn = [](const std::string&) {};
    std::function<void(const std::string& sentence)> note = [](const std::string&) {};  // details
  };

  // Reads the configs. Networks are loaded when they are needed.
  Text2Image(DiffusionCheckpoint files, Backend& backend, Options options);

  // What will be painted: the size asked for, or the picture's cut to what the VAE can make, or
  // the model's own. Throws a usage error for a size that the VAE cannot make.
  struct Size {
    int width, height;
  };
  Size size(const PaintSpec& spec, const Image* picture = nullptr) const;
  int factor() const { return vae_config_.factor(); }
  int latent_channels() const { return unet_config_.in_channels; }
  std::string sampler(const PaintSpec& spec) const;
  // Throws, before any work, the usage errors that a schedule of this spec would, file errors of
  // parts that cannot be opened, and a run error where memory cannot suffice for this size.
  void check(const PaintSpec& spec, Size size) const;

  // Tokens of a prompt, start and end not counted, and how many of them the encoder sees.
  int count_tokens(std::string_view prompt);
  int token_capacity() const { return clip_config().max_position_embeddings - 2; }

  // {n, tokens, 1, width}: the negative prompt's row first when guided, then the prompt's.
  PersistentTensor encode(const std::string& prompt, const std::string& negative,
                          const PaintSpec& spec);
  // The same from given embeddings, [tokens, width] each; `uncond` may be null when unguided.
  PersistentTensor embed(const HostTensor* cond, const HostTensor* uncond, const PaintSpec& spec,
                         const std::string& path);

  // What the VAE sees in a picture: [2 * channels, height, width], mean and log variance.
  Latent encode_picture(const Image& picture, const PaintSpec& spec);

  // Where denoising begins: unit noise of the seed, given unit noise, or an encoded picture.
  struct Start {
    const Latent* noise = nullptr;
    const Latent* picture = nullptr;
  };
  // Runs the whole schedule at the size given. The latent is what the VAE gets, still scaled.
  Latent denoise(const PersistentTensor& text, const PaintSpec& spec, Size size, uint64_t seed,
                 const Start& start);

  Image decode(const Latent& latent);

  void set_timings(Timings* timings) { options_.timings = timings; }

  // Loads every network once, for `resolved`.
  void load_all();
  // What the layers loaded so far compute with.
  const std::vector<Resolved>& resolved() const { return resolved_; }

 private:
  enum class Stage { text, picture, steps, decode };

  Schedule schedule(const PaintSpec& spec, bool from_picture) const;

  ClipConfig clip_config() const;
  const ClipTokenizer& tokenizer();
  bool encodes_text() const { return !options_.text_is_given && files_.has_text_encoder(); }
  std::vector<int32_t> tokenize(const std::string& prompt, const char* which,
                                const char* dump_name);
  void match_loras();
  // Lets go of the networks of other stages, unless they are to stay.
  void enter(Stage stage);
  template <class Network, class Config>
  void load(std::unique_ptr<Network>& network, const char* part, const TensorSet& set,
            const Config& config, const Policy& policy);
  void load_text_encoder();
  void load_unet();
  // Pixels [height][width][3], whatever they are.
  std::vector<float> decode(const Latent& latent, const Policy& policy);
  Ctx context(const char* part, const std::string& behind = {});
  void dump(const std::string& name, Tensor latent);

  DiffusionCheckpoint files_;
  Backend& backend_;
  Options options_;
  std::unique_ptr<DumpBackend> dump_backend_;  // where layers are dumped
  UNetConfig unet_config_;
  VaeConfig vae_config_;
  SchedulerConfig scheduler_config_;
  std::optional<ClipTokenizer> tokenizer_;
  std::map<std::string, std::vector<LoraDelta>> deltas_;  // by part and module path
  std::unique_ptr<Workspace> ws_;
  std::unique_ptr<ClipText> text_encoder_;
  std::unique_ptr<UNet> unet_;
  std::unique_ptr<VaeEncoder> encoder_;
  std::unique_ptr<VaeDecoder> decoder_;
  Stage stage_ = Stage::text;
  std::vector<Resolved> resolved_;
};

}  // namespace yent
