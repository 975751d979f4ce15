#include "engine/pipeline/pipeline.h"

#include <mutex>

#include "engine/pipeline/batch.h"
#include "engine/pipeline/lora_folder.h"
#include "kernels/error.h"

namespace yent {
namespace {

constexpr size_t kLongestPrompt = 1 << 20;  // tokenizing goes on to the end of it

// One sentence at a time, whatever the number of threads that paint.
Messages one_at_a_time(const Messages& to) {
  const auto mutex = std::make_shared<std::mutex>();
  const auto guarded = [mutex](const Messages::Say& say) {
    return [mutex, say](const std::string& sentence) {
      const std::lock_guard lock(*mutex);
      say(sentence);
    };
  };
  return {guarded(to.warn), guarded(to.note)};
}

Prompt prompt_of(const PaintRequest& r) { return {r.prompt, r.grammar}; }
Prompt negative_of(const PaintRequest& r) { return {r.negative, r.negative_grammar, true}; }

}  // namespace

Pipeline::Pipeline(PipelineConfig config, std::vector<Backend*> backends)
    : config_(std::move(config)), backends_(std::move(backends)), painters_(backends_.size()) {
  if (backends_.empty()) throw usage_error("a pipeline needs a backend");
  if (config_.text_is_given && !config_.embeddings.empty()) {
    throw usage_error(
        "an embedding is given, and no prompt to use it: the text is encoded already");
  }
  for (Backend*& backend : backends_) {
    if (!config_.policy.exact() || backend->exact()) continue;
    backend = twins_.emplace_back(backend->exact_twin()).get();
  }
  config_.messages = one_at_a_time(config_.messages);
  painter(0);
}

Pipeline::~Pipeline() = default;

std::unique_ptr<Text2Image> Pipeline::make_painter(size_t worker) const {
  Text2Image::Options options{.networks = {.policy = config_.policy,
                                           .loras = config_.loras,
                                           .embeddings = config_.embeddings,
                                           .text_is_given = config_.text_is_given,
                                           .keep_loaded = config_.keep_loaded,
                                           .messages = config_.messages,
                                           .prediction = config_.prediction,
                                           .measure_layers = config_.measure_layers},
                              .tokenizer = config_.tokenizer};
  auto painter = std::make_unique<Text2Image>(
      DiffusionCheckpoint::open(config_.model, config_.prefer_f16, config_.choice),
      *backends_[worker], std::move(options));
  if (adapters_) painter->use_adapters(adapters_);
  return painter;
}

Text2Image& Pipeline::painter(size_t worker) {
  if (!painters_[worker]) painters_[worker] = make_painter(worker);
  return *painters_[worker];
}

// Nothing changes where an adapter cannot be had.
void Pipeline::use_loras_of(const PaintRequest& r) {
  const std::vector<LoraTag> tags = parse_prompt(prompt_of(r)).loras;
  if (tags == tags_ && r.loras == request_loras_) return;
  std::vector<Lora> loras = config_.loras;
  for (const LoraFile& file : r.loras) loras.push_back(Lora::open(file.path, file.scale));
  for (const LoraTag& tag : tags) {
    loras.push_back(
        Lora::open(find_lora(config_.lora_dir, tag.name), static_cast<float>(tag.scale)));
  }
  adapters_ = painter(0).match(loras);
  for (const auto& painter : painters_) {
    if (painter) painter->use_adapters(adapters_);
  }
  request_loras_ = r.loras;
  tags_ = tags;
}

int Pipeline::count_tokens(const Prompt& prompt) { return painter(0).tokenizer().count(prompt); }

int Pipeline::token_capacity() { return painter(0).tokenizer().capacity(); }

int Pipeline::factor() const { return painters_[0]->factor(); }

const std::vector<Resolved>& Pipeline::explain() { return painter(0).load_all(); }

Pipeline::Resolution Pipeline::check(const PaintRequest& r) {
  for (const std::string* text : {&r.prompt, &r.negative}) {
    if (text->size() <= kLongestPrompt) continue;
    throw usage_error("a prompt has {} bytes, expected at most {}", text->size(), kLongestPrompt);
  }
  use_loras_of(r);
  Text2Image& p = painter(0);
  if (r.count < 1) throw usage_error("{} pictures are asked for, expected at least 1", r.count);
  if (!r.noise.latents.empty() && r.picture) {
    throw usage_error("a picture and noise both say where to start, expected one of them");
  }
  if (config_.text_is_given && !r.embeddings) {
    throw usage_error("a prompt is given, expected embeddings: this pipeline has no text encoder");
  }
  PaintSpec spec = r.spec;
  if (!r.noise.latents.empty() && spec.width == 0)
    spec.width = r.noise.latents[0].width * p.factor();
  if (!r.noise.latents.empty() && spec.height == 0)
    spec.height = r.noise.latents[0].height * p.factor();
  const Text2Image::Size px = p.size(spec, r.picture ? &*r.picture : nullptr);
  if (r.mask && !r.picture) throw usage_error("a mask is given, expected a picture with it");
  p.check(spec, px,
          r.mask      ? Text2Image::From::masked_picture
          : r.picture ? Text2Image::From::picture
                      : Text2Image::From::noise);
  if (r.embeddings) {
    p.check(*r.embeddings, spec);
  } else {
    p.check(prompt_of(r), negative_of(r), spec);
  }
  const Shape latent = p.latent_shape(px);
  for (const Latent& l : r.noise.latents) {
    if (l.shape() == latent && l.values.size() == latent.count() &&
        r.noise.latents.size() >= static_cast<size_t>(r.count)) {
      continue;
    }
    throw misfit(
        r.noise.origin,
        fmt::format("latent is [{}, {}, {}, {}], expected [{}, {}, {}, {}]", r.noise.latents.size(),
                    l.channels, l.height, l.width, r.count, latent.c, latent.h, latent.w));
  }
  return {px.width, px.height,      p.sampler(spec),
          latent,   p.levels(spec), p.calls(spec, r.picture.has_value())};
}

// One paint() in progress.
class Pipeline::Job {
 public:
  Job(Pipeline& pipeline, const PaintRequest& request, const PaintEvents& events,
      const CancelToken* cancel)
      : pipeline_(pipeline), request_(request), events_(events), cancel_(cancel) {
    const Resolution resolution = pipeline.check(request);
    spec_ = request.spec;
    spec_.width = resolution.width;
    spec_.height = resolution.height;
    if (!request.embeddings && !request.words.empty()) {
      words_ = pipeline.painter(0).find_words(prompt_of(request), request.words);
    }
  }

  // Every worker takes every n-th picture. Dumps and measures are one painter's.
  void run() {
    const size_t count = request_.count;
    const bool alone = request_.dump || request_.layers;
    const size_t workers = alone ? 1 : std::min(pipeline_.backends_.size(), count);
    batch_.run(workers, [&](size_t worker) { paint(worker, workers); });
  }

  // The painter must not keep what belongs to this run.
  struct Detach {
    Text2Image& painter;
    ~Detach() { painter.attend({}); }
  };

 private:
  // Stage by stage, so that each network is loaded once for all pictures.
  void paint(size_t worker, size_t workers) {
    Text2Image& painter = pipeline_.painter(worker);
    const Detach detach{painter};
    const size_t count = request_.count;
    attend(painter, worker);
    const PersistentTensor text =
        request_.embeddings ? painter.embed(*request_.embeddings, spec_)
                            : painter.encode(prompt_of(request_), negative_of(request_), spec_);
    end_stage("text_encoder");
    std::optional<EncodedPicture> picture;
    if (request_.picture) {
      const Image* mask = request_.mask ? &*request_.mask : nullptr;
      picture = painter.encode_picture(*request_.picture, mask, spec_);
    } else if (worker == 0) {
      painter.warn_of({spec_.width, spec_.height});
    }
    const std::vector<Latent>& noise = request_.noise.latents;
    std::vector<Text2Image::Denoised> latents;
    for (size_t k = worker; k < count; k += workers) {
      batch_.check();
      attend(painter, k);
      latents.push_back(painter.denoise(text, spec_, {spec_.width, spec_.height}, request_.seed + k,
                                        {.noise = noise.empty() ? nullptr : &noise[k],
                                         .picture = picture ? &*picture : nullptr}));
    }
    end_stage("unet_step");
    for (size_t k = worker; k < count; k += workers) {
      Text2Image::Denoised& made = latents[k / workers];
      Painted painted{.index = static_cast<int>(k),
                      .seed = request_.seed + k,
                      .image = painter.decode(made.latent),
                      .init = std::move(made.init),
                      .latent = std::move(made.latent),
                      .attention = std::move(made.attention)};
      batch_.in_turn(k, [&] {
        if (!events_.picture) return;
        const std::lock_guard lock(callbacks_);
        events_.picture(std::move(painted));
      });
    }
    end_stage("vae_decode");
  }

  void attend(Text2Image& painter, size_t picture) {
    RunHooks hooks{.dump = request_.dump,
                   .timings = request_.timings,
                   .cancel = cancel_,
                   .words = words_,
                   .layers = request_.layers};
    const bool previews = events_.preview && events_.preview_every > 0;
    if (events_.step || events_.rough || previews) {
      hooks.step = [this, &painter, picture, previews](const Denoiser& denoiser, int call) {
        step(painter, denoiser, static_cast<int>(picture), call, previews);
      };
    }
    painter.attend(hooks);
  }

  void end_stage(std::string_view stage) {
    if (!events_.stage) return;
    const std::lock_guard lock(callbacks_);
    events_.stage(stage);
  }

  void step(Text2Image& painter, const Denoiser& denoiser, int picture, int call, bool previews) {
    if (events_.step) {
      const std::lock_guard lock(callbacks_);
      events_.step(StepEvent(painter.backend(), denoiser, picture, call));
    }
    if (events_.rough) {
      auto image = painter.linear_preview(read_latent(painter.backend(), denoiser.x0()));
      const std::lock_guard lock(callbacks_);
      if (image) events_.rough(std::move(*image), picture, call);
    }
    if (!previews || (call + 1) % events_.preview_every != 0) return;
    const Image image =
        painter.preview(read_latent(painter.backend(), denoiser.x0()), events_.preview_side);
    const std::lock_guard lock(callbacks_);
    events_.preview(image, picture, call);
  }

  Pipeline& pipeline_;
  const PaintRequest& request_;
  const PaintEvents& events_;
  const CancelToken* cancel_;
  PaintSpec spec_;
  std::vector<WordTokens> words_;
  Batch batch_;
  std::mutex callbacks_;
};

void Pipeline::paint(const PaintRequest& request, const PaintEvents& events,
                     const CancelToken* cancel) {
  CancelToken::check(cancel);
  Job(*this, request, events, cancel).run();
}

double Pipeline::similarity(const Latent& a, const Latent& b, const SimilaritySpec& spec,
                            const std::optional<TextEmbeddings>& text, const CancelToken* cancel) {
  CancelToken::check(cancel);
  Text2Image& painter = this->painter(0);
  if (config_.text_is_given && !text) {
    throw usage_error("no embeddings are given, and this pipeline has no text encoder");
  }
  const Job::Detach detach{painter};
  painter.attend({.cancel = cancel});
  PaintSpec one;
  one.guidance = text && text->uncond ? 2 : 1;  // as many texts as there are
  return painter.similarity(text ? painter.embed(*text, one) : painter.encode({}, {}, one), a, b,
                            spec);
}

Painted Pipeline::paint_one(const PaintRequest& request, const CancelToken* cancel) {
  Painted result;
  PaintRequest one = request;
  one.count = 1;
  paint(one, {.picture = [&](Painted&& painted) { result = std::move(painted); }}, cancel);
  return result;
}

}  // namespace yent
