// The stages from a prompt to pixels: encode, denoise, decode. Callers that want a picture use the
// Pipeline (engine/pipeline/pipeline.h), which knows their order.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/dump.h"
#include "engine/core/random.h"
#include "engine/diffusion/denoiser.h"
#include "engine/diffusion/inputs.h"
#include "engine/diffusion/latent.h"
#include "engine/diffusion/latent_preview.h"
#include "engine/diffusion/networks.h"
#include "engine/diffusion/prompt_tokenizer.h"
#include "engine/diffusion/start.h"
#include "engine/measure/aligned_attention.h"
#include "engine/measure/layer_measures.h"
#include "loaders/image/image.h"

namespace yent {

// How a picture is painted.
struct PaintSpec {
  int width = 0, height = 0;  // pixels; 0: the model's own
  int steps = 25;
  double guidance = 7.5;                   // 1 and less: the negative prompt is not asked
  std::string sampler = {};                // empty: the model's own
  std::optional<NoiseLevels> levels = {};  // absent: the model's own with its own sampler
  Rng rng = Rng::cpu;
  // Added to timesteps that are spaced from 0 ("leading"); absent: the model's own.
  std::optional<int> steps_offset = {};
  double eta = 0;  // of ddim, from 0 to 1: fresh noise in each step, as much as ddpm's with 1
  double strength = 0.75;                       // of what may change in an input picture, in (0, 1]
  Resampling resampling = Resampling::lanczos;  // fits an input picture to the size
  int clip_skip = 1;  // the text encoder's layer, counted from its last, which is 1
  // Of every `cache` calls of the denoising network the first goes through all its layers, the
  // others take what the deep ones gave it.
  int cache = 1;
  ScheduleShare guided_in = {};  // outside, the negative prompt is not asked

  bool guided() const { return guidance > 1; }
};

// How two pictures are compared inside the UNet (engine/measure/aligned_attention.h).
struct SimilaritySpec {
  int timestep = 101;                  // of the training: how much noise both get, 0 is none
  uint64_t seed = 0, second_seed = 0;  // of their noise; equal seeds: the same
  std::vector<Latent> noises = {};     // instead of the seeds, one for each
  Alignment how = Alignment::cosine;
};

// What accompanies one run. All of it may be null or empty and must outlive the run.
struct RunHooks {
  Dump* dump = nullptr;
  Timings* timings = nullptr;
  const CancelToken* cancel = nullptr;
  std::span<const WordTokens> words = {};  // of the prompt, whose attention is collected
  LayerMeasures* layers = nullptr;         // of what quantization does to them
  // Called after each of the model's calls. The device is waited for then, as when calls are timed.
  std::function<void(const Denoiser& denoiser, int call)> step = {};
};

// Not for two threads at once. The backend must outlive it. Sizes and other wishes that cannot be
// fulfilled are usage errors; the file kind is for what the checkpoint or a file of the caller
// says; a run error is too little memory or a picture that is not finite.
class Text2Image {
 public:
  struct Options {
    DiffusionNetworks::Options networks = {};
    TokenizerFolders tokenizer = {};
  };

  // Reads the configs. Networks are loaded when they are needed.
  Text2Image(DiffusionCheckpoint files, Backend& backend, Options options);

  // For the stages that follow, until the next call.
  void attend(const RunHooks& hooks);

  // See DiffusionNetworks. What one painter has matched, all painters of the model can use.
  std::shared_ptr<const Adapters> match(const std::vector<Lora>& loras) const {
    return networks_.match(loras);
  }
  void use_adapters(std::shared_ptr<const Adapters> adapters);

  struct Size {
    int width, height;
  };
  // What will be painted: the size asked for, or the picture's cut to what the VAE can make, or
  // the model's own.
  Size size(const PaintSpec& spec, const Image* picture = nullptr) const;
  int factor() const { return networks_.vae_config().factor(); }  // pixels per latent, one side
  int latent_channels() const { return networks_.latent_channels(); }
  Shape latent_shape(Size px) const;
  std::string sampler(const PaintSpec& spec) const;  // its name in the table
  NoiseLevels levels(const PaintSpec& spec) const;
  // How the network is called, in words (calls_text()).
  std::string calls(const PaintSpec& spec, bool from_picture) const;
  enum class From { noise, picture, masked_picture };
  // Throws, before any work, the errors of a schedule of this spec, of parts that cannot be
  // opened, and of memory that cannot suffice for this size.
  void check(const PaintSpec& spec, Size px, From from);
  // Warns of a size at which shapes fall apart or repeat: less than half or more than 1.5 times the
  // one that the model learned.
  void warn_of(Size px) const;
  // Throws where a prompt cannot be read, and a run error where memory cannot suffice for it.
  void check(const Prompt& prompt, const Prompt& negative, const PaintSpec& spec);
  // Throws where they do not fit the UNet.
  void check(const TextEmbeddings& text, const PaintSpec& spec) const;

  const PromptTokenizer& tokenizer();
  Backend& backend() const { return backend_; }

  // {n, tokens, 1, width}: the negative prompt's row first when guided, then the prompt's. Where
  // one of them takes more chunks, the other is filled up with empty ones. The last results are
  // kept, so that the same words are encoded once.
  PersistentTensor encode(const Prompt& prompt, const Prompt& negative, const PaintSpec& spec);
  PersistentTensor embed(const TextEmbeddings& text, const PaintSpec& spec);
  // Where the tokens of words stand in the encoded prompt. Words that do not occur are left out.
  std::vector<WordTokens> find_words(const Prompt& prompt, std::span<const std::string> words);

  // A picture and, where it is not null, what of it is white in `mask`.
  EncodedPicture encode_picture(const Image& picture, const Image* mask, const PaintSpec& spec);

  struct Denoised {
    Latent init;                          // unit noise, or the noised picture
    Latent latent;                        // what the VAE gets, still scaled
    std::vector<WordMap> attention = {};  // of the hooks' words
  };
  Denoised denoise(const PersistentTensor& text, const PaintSpec& spec, Size px, uint64_t seed,
                   const Start& start);

  // How alike two latents of one size are, as the decoder gets them, for the texts. In the last
  // self-attention of the first up block that has some, by the rules of the policy that hold for
  // all steps. Throws usage errors.
  double similarity(const PersistentTensor& text, const Latent& a, const Latent& b,
                    const SimilaritySpec& spec);

  Image decode(const Latent& latent);
  // A quick look at a latent: decoded smaller, at most `side` latent pixels along one side.
  Image preview(const Latent& latent, int side);
  // A quicker one, by a linear map (latent_preview.h); the first call loads the decoder to fit it.
  // Nothing where memory does not suffice for that: a preview must not end a run.
  std::optional<Image> linear_preview(const Latent& latent);

  // Loads every network once; what their layers compute with.
  const std::vector<Resolved>& load_all();

 private:
  void check(const Latent& a, const Latent& b, const SimilaritySpec& spec) const;
  Schedule schedule(const PaintSpec& spec, bool from_picture) const;
  std::vector<PlannedCall> planned_calls(const Schedule& schedule, const PaintSpec& spec) const;
  std::vector<PromptChunk> tokenize(const Prompt& prompt);
  // All chunks: the negative prompt's when guided, then the prompt's, equally many.
  std::vector<PromptChunk> tokenize(const Prompt& prompt, const Prompt& negative, bool guided);
  PersistentTensor run_encoder(const std::vector<PromptChunk>& chunks, const PaintSpec& spec);
  void dump_text(const PersistentTensor& text, bool guided);
  void dump_latent(const std::string& name, Tensor latent);
  Latent encode_pixels(std::vector<float> pixels, Size px);
  // Pixels [height][width][3], which need not be finite.
  std::vector<float> decode(const VaeDecoder& decoder, const Latent& latent, const Policy& policy);
  void fit_linear_preview(int channels);
  Ctx context(const char* part, const std::string& suffix = {});

  DiffusionNetworks networks_;
  Backend& backend_;
  TokenizerFolders folders_;
  Messages messages_;
  RunHooks hooks_;
  std::unique_ptr<DumpBackend> dump_backend_;            // where layers are dumped
  std::unique_ptr<MeasuringBackend> measuring_backend_;  // over it
  std::optional<PromptTokenizer> tokenizer_;
  Workspace ws_;
  std::optional<LatentPreview> linear_preview_;
  bool has_no_linear_preview_ = false;
  struct Encoded {
    std::vector<PromptChunk> chunks;
    int clip_skip;
    PersistentTensor text;
  };
  std::list<Encoded> encoded_;  // the last prompts, newest first
};

// The host's copy of a latent on the device.
Latent read_latent(Backend& backend, Tensor latent);

}  // namespace yent
