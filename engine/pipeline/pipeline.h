// The painter as an object: loaded once, asked for pictures many times. No terminal, no
// environment, no flag of a program is known here.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/diffusion/text2image.h"

namespace yent {

// What a pipeline is made of. Warnings that come with loading go to `messages`.
struct PipelineConfig {
  std::filesystem::path model = {};  // a diffusers folder or a single-file checkpoint
  Policy policy = Policy();
  bool prefer_f16 = false;  // take *.fp16.safetensors of a folder that has both
  std::vector<Lora> loras = {};
  std::filesystem::path lora_dir = {};  // where <lora:name:scale> of a prompt finds its file
  std::vector<TextualInversion> embeddings = {};
  TokenizerFolders tokenizer = {};
  bool text_is_given = false;  // every request brings embeddings: the encoder is never opened
  // Whether networks stay loaded when their stage is over. With it a second picture loads nothing;
  // without it memory holds one network at a time.
  bool keep_loaded = true;
  Messages messages = {};
  CheckpointChoice choice = {};               // a variant of the weights, another VAE
  std::optional<Prediction> prediction = {};  // what the UNet predicts, whatever the files say
  bool measure_layers = false;  // so that requests for it get the weights' measures, too
};

// An adapter, as Lora::open takes it.
struct LoraFile {
  std::filesystem::path path;
  float scale = 1;

  bool operator==(const LoraFile&) const = default;
};

// What to paint. Values that make no sense are usage errors of paint() and check().
struct PaintRequest {
  std::string prompt = {}, negative = {};
  std::optional<TextEmbeddings> embeddings = {};  // instead of both
  PaintSpec spec = {};
  uint64_t seed = 0;
  int count = 1;                      // pictures; the k-th is painted as if alone, with seed + k
  std::optional<Image> picture = {};  // where to start; its size is painted unless one is given
  FirstLatents noise = {};            // instead of the seed
  std::optional<Image> mask = {};     // of the picture, in any size: white is repainted
  Dump* dump = nullptr;               // keeps the stages of the run; on one device only
  Timings* timings = nullptr;
  LayerMeasures* layers = nullptr;      // of the quantization of all layers; on one device only
  std::vector<std::string> words = {};  // of the prompt, whose attention is wanted
  Grammar grammar = Grammar::literal, negative_grammar = Grammar::literal;
  std::vector<LoraFile> loras = {};  // beside those of the pipeline and of the prompt
};

struct Painted {
  int index = 0;  // of the request's pictures
  uint64_t seed = 0;
  Image image;
  Latent init, latent;                  // what denoising began with, and what the decoder got
  std::vector<WordMap> attention = {};  // of those of the request's words that the prompt has
};

// One model call is done. Valid only during the callback.
class StepEvent {
 public:
  StepEvent(Backend& backend, const Denoiser& denoiser, int picture, int call)
      : picture(picture),
        call(call),
        calls(denoiser.calls()),
        backend_(backend),
        denoiser_(denoiser) {}

  const int picture, call, calls;  // from 0; calls of this picture
  // Copies from the device: the latent after the step, and the clean picture that this call of the
  // model predicts.
  Latent latent() const { return read_latent(backend_, denoiser_.latent()); }
  Latent x0() const { return read_latent(backend_, denoiser_.x0()); }

 private:
  Backend& backend_;
  const Denoiser& denoiser_;
};

// Who wants to know. Each callback may be empty. Called on the threads that paint: with one device
// that is the caller's, with several the calls of one callback never overlap.
struct PaintEvents {
  std::function<void(const StepEvent&)> step = {};
  // A small picture of what is forming, every `preview_every` calls (0: never). It costs a pass of
  // the decoder over at most preview_side latent pixels squared.
  std::function<void(const Image&, int picture, int call)> preview = {};
  int preview_every = 0;
  int preview_side = 32;
  // A rough picture of what is forming, after every call: of the prediction that StepEvent::x0 has,
  // through a linear map that stands for the decoder. It costs about a millisecond, and the first
  // one a pass of the decoder over 12x12 latent pixels. None comes where memory does not suffice.
  std::function<void(Image&&, int picture, int call)> rough = {};
  // A stage is over for all pictures of a device, under its name in reports (engine/core/timing.h):
  // text_encoder, unet_step, vae_decode.
  std::function<void(std::string_view stage)> stage = {};
  // Pictures in order, each as soon as it and those before it are decoded.
  std::function<void(Painted&&)> picture = {};
};

// One paint() at a time; cancel it from any thread by the token. The backends must outlive it.
// After an error or a cancellation it can be used again.
class Pipeline {
 public:
  // Reads configs and adapters; networks are loaded when they are first needed. With several
  // backends the pictures of a request are shared out among them. With an exact policy each of
  // them is replaced by its exact twin. Throws file, usage and run errors.
  Pipeline(PipelineConfig config, std::vector<Backend*> backends);
  ~Pipeline();

  // Adapters of the request and of its prompt are part of the networks: where they differ from the
  // last request's, the layers that they change are bound again and nothing else is.
  // Throws a cancelled error where the token says so. Without a picture callback, use paint_one.
  void paint(const PaintRequest& request, const PaintEvents& events,
             const CancelToken* cancel = nullptr);
  Painted paint_one(const PaintRequest& request, const CancelToken* cancel = nullptr);

  // What a request comes to: its size in pixels and its sampler. Throws, before any work, whatever
  // of paint's errors can be known now.
  struct Resolution {
    int width, height;
    std::string sampler;
    Shape latent;  // of one picture, {1, h, w, c}
    NoiseLevels levels = NoiseLevels::spaced;
    std::string calls = {};  // how the denoising network is called, where its calls differ
  };
  Resolution check(const PaintRequest& request);

  // Text2Image::similarity of two latents for the empty prompt, or for embeddings: with `uncond`
  // for both texts. Throws file, usage and run errors, and a cancelled error where the token says
  // so.
  double similarity(const Latent& a, const Latent& b, const SimilaritySpec& spec,
                    const std::optional<TextEmbeddings>& text = {},
                    const CancelToken* cancel = nullptr);

  // Tokens of a prompt without start and end, as PromptTokenizer counts them, and how many of them
  // the text encoder sees at once.
  int count_tokens(const Prompt& prompt);
  int token_capacity();
  // Pixels of one latent pixel, along one side.
  int factor() const;

  // Loads everything, and says what each layer computes with.
  const std::vector<Resolved>& explain();

  Backend& backend() const { return *backends_.front(); }

 private:
  class Job;
  Text2Image& painter(size_t worker);
  std::unique_ptr<Text2Image> make_painter(size_t worker) const;
  void use_loras_of(const PaintRequest& request);

  PipelineConfig config_;
  std::vector<std::unique_ptr<Backend>> twins_;  // of backends that an exact policy asks for
  std::vector<Backend*> backends_;
  std::vector<LoraFile> request_loras_;                // of the last request
  std::vector<LoraTag> tags_;                          // of its prompt
  std::shared_ptr<const Adapters> adapters_;           // of both, and the config's
  std::vector<std::unique_ptr<Text2Image>> painters_;  // one for each backend, made when needed
};

}  // namespace yent
