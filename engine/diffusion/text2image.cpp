#include "engine/diffusion/text2image.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/core/nchw.h"
#include "engine/diffusion/emphasis.h"
#include "engine/diffusion/memory_needs.h"
#include "engine/diffusion/samplers/sampler_table.h"
#include "kernels/error.h"

namespace yent {
namespace {

constexpr size_t kKeptPrompts = 8;  // half a megabyte each for CLIP-L

uint8_t to_byte(float value) {
  return static_cast<uint8_t>(std::nearbyint(std::clamp((value + 1) / 2, 0.0f, 1.0f) * 255));
}

bool finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
}

// Pixels [height][width][3] in [-1, 1]; what is outside is clamped, in place.
Image to_image(std::vector<float>& pixels, int width, int height) {
  Image image(width, height);
  for (size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = std::clamp(pixels[i], -1.0f, 1.0f);
    image.rgb[i] = to_byte(pixels[i]);
  }
  return image;
}

// The calls of a schedule of `steps` steps; a sampler may call several times for each.
std::vector<Moment> moments_of(const Schedule& schedule, double steps, int train_timesteps) {
  std::vector<Moment> moments;
  const auto count = static_cast<double>(schedule.calls.size());
  const int calls_per_step = std::max(1, static_cast<int>(count / std::max(1.0, steps) + 0.5));
  for (const ModelCall& call : schedule.calls) {
    moments.push_back({static_cast<int>(moments.size()) / calls_per_step,
                       call.t / std::max(1, train_timesteps - 1)});
  }
  return moments;
}

// The mean of every `by` x `by` square.
Latent shrink(const Latent& from, int by) {
  Latent to{from.channels, from.height / by, from.width / by};
  to.values.resize(to.shape().count());
  size_t i = 0;
  for (int c = 0; c < to.channels; ++c) {
    for (int y = 0; y < to.height; ++y) {
      for (int x = 0; x < to.width; ++x) {
        float sum = 0;
        for (int k = 0; k < by * by; ++k) {
          const size_t row = static_cast<size_t>(c) * from.height + y * by + k / by;
          sum += from.values[row * from.width + x * by + k % by];
        }
        to.values[i++] = sum / static_cast<float>(by * by);
      }
    }
  }
  return to;
}

}  // namespace

Latent read_latent(Backend& backend, Tensor latent) {
  const Shape s = latent.shape;
  std::vector<float> values(s.count());
  backend.read(values.data(), latent);
  return {s.c, s.h, s.w, to_nchw(values, s)};
}

Text2Image::Text2Image(DiffusionCheckpoint files, Backend& backend, Options options)
    : networks_(std::move(files), backend, options.networks),
      backend_(backend),
      folders_(std::move(options.tokenizer)),
      messages_(std::move(options.networks.messages)),
      ws_(backend) {}

void Text2Image::attend(const RunHooks& hooks) {
  hooks_ = hooks;
  networks_.watch(hooks.timings, hooks.cancel);
  ws_.watch(hooks.cancel);
  // Plans are of requests for memory, which layers that are measured make in other sizes.
  if (measuring_backend_ || hooks.layers) ws_.forget_plans();
  measuring_backend_.reset();
  dump_backend_.reset();
  if (hooks.dump) dump_backend_ = std::make_unique<DumpBackend>(backend_, *hooks.dump);
  if (hooks.layers) {
    Backend& inner = dump_backend_ ? static_cast<Backend&>(*dump_backend_) : backend_;
    measuring_backend_ = std::make_unique<MeasuringBackend>(inner, *hooks.layers);
  }
}

void Text2Image::use_adapters(std::shared_ptr<const Adapters> adapters) {
  if (networks_.use_adapters(std::move(adapters))) encoded_.clear();
  ws_.forget_plans();
}

Text2Image::Size Text2Image::size(const PaintSpec& spec, const Image* picture) const {
  const int f = factor();
  const auto side = [&](int asked, const char* which, int own) {
    if (asked == 0) return own;
    if (asked < 0 || asked % f != 0 || asked > 1 << 16) {
      throw usage_error("the {} is {}, expected a multiple of {} up to {}", which, asked, f,
                        1 << 16);
    }
    return asked;
  };
  const int own = networks_.sample_size() * f;
  const int own_width = picture ? std::max(picture->width / f * f, f) : own;
  const int own_height = picture ? std::max(picture->height / f * f, f) : own;
  return {side(spec.width, "width", own_width), side(spec.height, "height", own_height)};
}

Shape Text2Image::latent_shape(Size px) const {
  return {1, px.height / factor(), px.width / factor(), latent_channels()};
}

std::string Text2Image::sampler(const PaintSpec& spec) const {
  const std::string& own = networks_.scheduler_config().sampler;
  return find_sampler(spec.sampler.empty() ? own : spec.sampler).sampler.name;
}

NoiseLevels Text2Image::levels(const PaintSpec& spec) const {
  if (spec.sampler.empty()) return spec.levels.value_or(networks_.scheduler_config().levels);
  const std::optional<NoiseLevels> named = find_sampler(spec.sampler).levels;
  if (named && spec.levels && *named != *spec.levels) {
    throw usage_error("the sampler {} has noise levels of its own, expected no others",
                      spec.sampler);
  }
  return spec.levels.value_or(named.value_or(NoiseLevels::spaced));
}

Schedule Text2Image::schedule(const PaintSpec& spec, bool from_picture) const {
  SchedulerConfig config = networks_.scheduler_config();
  if (spec.steps_offset) {
    const int last = config.num_train_timesteps - 1;
    if (*spec.steps_offset < 0 || *spec.steps_offset > last) {
      throw usage_error("the steps offset is {}, expected 0 to {}", *spec.steps_offset, last);
    }
    config.steps_offset = *spec.steps_offset;
  }
  return make_schedule(sampler(spec), config, spec.steps, levels(spec),
                       from_picture ? spec.strength : 1, spec.eta);
}

std::vector<PlannedCall> Text2Image::planned_calls(const Schedule& schedule,
                                                   const PaintSpec& spec) const {
  return plan_calls(schedule, {.guided = spec.guided(),
                               .guided_in = spec.guided_in,
                               .timesteps = networks_.scheduler_config().num_train_timesteps,
                               .cache = spec.cache});
}

std::string Text2Image::calls(const PaintSpec& spec, bool from_picture) const {
  const Schedule schedule = this->schedule(spec, from_picture);
  return calls_text(schedule, planned_calls(schedule, spec));
}

void Text2Image::check(const PaintSpec& spec, Size px, From from) {
  if (!(spec.guidance >= 0 && spec.guidance <= 1000)) {
    throw usage_error("the guidance is {}, expected 0 to 1000", spec.guidance);
  }
  if (spec.cache < 1 || spec.cache > 1000) {
    throw usage_error("the cache is {}, expected 1 to 1000 calls", spec.cache);
  }
  if (!(spec.guided_in.begin >= 0 && spec.guided_in.begin <= spec.guided_in.end &&
        spec.guided_in.end <= 1)) {
    throw usage_error("guidance is for {} to {} of the schedule, expected 0 <= begin <= end <= 1",
                      spec.guided_in.begin, spec.guided_in.end);
  }
  if (networks_.takes_mask() && from != From::masked_picture) {
    throw usage_error("{} repaints parts of pictures: it needs a picture and a mask",
                      networks_.files().path());
  }
  schedule(spec, from != From::noise);
  networks_.check_files();
  const Precision activations = networks_.policy().precision("vae.activations");
  require_memory(fmt::format("a picture of {}x{}", px.width, px.height),
                 static_cast<size_t>(px.width) * px.height *
                     decoder_pixel_bytes(networks_.vae_config(), activations, backend_),
                 backend_);
}

void Text2Image::warn_of(Size px) const {
  const int own = networks_.sample_size() * factor();
  const auto far = [&](int side) { return 2 * side < own || 2 * side > 3 * own; };
  if (!far(px.width) && !far(px.height)) return;
  messages_.warn(fmt::format("{}x{} pixels may not look right: the model learned {}x{}", px.width,
                             px.height, own, own));
}

void Text2Image::check(const TextEmbeddings& text, const PaintSpec& spec) const {
  const int64_t width = networks_.text_width();
  const auto fits = [&](const std::optional<TextEmbeddings::Rows>& rows, const char* name) {
    if (!rows) throw misfit(text.origin, fmt::format("{} is missing", name));
    const std::vector<int64_t>& d = rows->dims;
    if (d.size() != 2 || d[0] < 1 || d[0] > 1 << 16 || d[1] != width ||
        static_cast<int64_t>(rows->values.size()) != d[0] * d[1]) {
      throw misfit(text.origin,
                   fmt::format("{} is {}, expected [tokens,{}]", name, dims_text(d), width));
    }
  };
  fits(text.cond, "cond");
  if (!spec.guided()) return;
  fits(text.uncond, "uncond");
  if (text.cond->dims != text.uncond->dims) {
    throw misfit(text.origin, fmt::format("cond has {} rows, expected uncond's {}",
                                          text.cond->dims[0], text.uncond->dims[0]));
  }
}

void Text2Image::check(const Prompt& prompt, const Prompt& negative, const PaintSpec& spec) {
  const int layers = networks_.clip_config().num_hidden_layers;
  if (spec.clip_skip < 1 || spec.clip_skip > layers) {
    throw usage_error("clip skip is {}, expected 1 to the text encoder's {} layers", spec.clip_skip,
                      layers);
  }
  size_t rows = tokenizer().tokenize(prompt).rows.size();
  if (spec.guided()) rows = 2 * std::max(rows, tokenizer().tokenize(negative).rows.size());
  require_memory(fmt::format("a prompt of {} chunks", rows),
                 rows * (tokenizer().capacity() + 2) * networks_.text_token_bytes(), backend_);
}

const PromptTokenizer& Text2Image::tokenizer() {
  if (!tokenizer_) tokenizer_.emplace(networks_.files(), folders_, networks_.embeddings());
  return *tokenizer_;
}

std::vector<PromptChunk> Text2Image::tokenize(const Prompt& prompt) {
  const char* which = prompt.negative ? "negative prompt" : "prompt";
  TokenizedPrompt tokens = tokenizer().tokenize(prompt);
  if (!tokens.lost.empty()) {
    messages_.warn(fmt::format("the {} is cut to {} tokens; lost: {}", which,
                               tokenizer().capacity(), tokens.lost));
  }
  if (prompt.negative && !tokens.loras.empty()) {
    messages_.warn(fmt::format("<lora:{}> does nothing in a negative prompt",
                               printable(tokens.loras[0].name)));
  }
  return std::move(tokens.rows);
}

std::vector<PromptChunk> Text2Image::tokenize(const Prompt& prompt, const Prompt& negative,
                                              bool guided) {
  const Timings::Span span(hooks_.timings, "tokenize");
  std::vector<PromptChunk> chunks;
  if (guided) chunks = tokenize(negative);
  std::vector<PromptChunk> cond = tokenize(prompt);
  const size_t each = std::max(chunks.size(), cond.size());
  const PromptChunk empty = tokenizer().tokenize({}).rows[0];
  if (guided) chunks.resize(each, empty);
  cond.resize(each, empty);
  chunks.insert(chunks.end(), cond.begin(), cond.end());
  std::vector<int32_t> ids;
  for (const PromptChunk& c : chunks) ids.insert(ids.end(), c.ids.begin(), c.ids.end());
  for (const Learned& l : tokenizer().learned()) {
    if (std::find(ids.begin(), ids.end(), l.first) != ids.end()) continue;
    messages_.warn(
        fmt::format("the embedding {} is not used: no prompt has this word", printable(l.word)));
  }
  if (hooks_.dump) {
    const size_t half = guided ? ids.size() / 2 : 0;
    const auto middle = ids.begin() + static_cast<ptrdiff_t>(half);
    const auto dims = std::vector{static_cast<int64_t>(ids.size() - half)};
    if (guided) hooks_.dump->add("tokens_uncond", dims, std::vector<int32_t>(ids.begin(), middle));
    hooks_.dump->add("tokens", dims, std::vector<int32_t>(middle, ids.end()));
  }
  return chunks;
}

Ctx Text2Image::context(const char* part, const std::string& suffix) {
  const Precision activations = networks_.policy().precision(fmt::format("{}.activations", part));
  if (dump_backend_) dump_backend_->label(std::string(part) + ".", suffix);
  if (measuring_backend_) {
    measuring_backend_->label(std::string(part) + ".");
    return {*measuring_backend_, ws_, activations};
  }
  if (dump_backend_) return {*dump_backend_, ws_, activations};
  return {backend_, ws_, activations};
}

void Text2Image::dump_latent(const std::string& name, Tensor latent) {
  if (!hooks_.dump) return;
  const Latent values = read_latent(backend_, latent);
  hooks_.dump->add(name, values.dims(), values.values);
}

void Text2Image::dump_text(const PersistentTensor& text, bool guided) {
  if (!hooks_.dump) return;
  const Shape s = text.tensor.shape;
  const std::vector<int64_t> dims{s.h, s.c};
  std::vector<float> values(s.count());
  backend_.read(values.data(), text);
  const auto cond = values.end() - static_cast<ptrdiff_t>(dims[0] * dims[1]);
  if (guided) hooks_.dump->add("uncond", dims, std::vector<float>(values.begin(), cond));
  hooks_.dump->add("cond", dims, std::vector<float>(cond, values.end()));
}

// The hidden states of all chunks, as one sequence for each prompt.
PersistentTensor Text2Image::run_encoder(const std::vector<PromptChunk>& chunks,
                                         const PaintSpec& spec) {
  const ClipText& encoder = networks_.text_encoder();
  const Timings::Span span(hooks_.timings, "text_encoder");
  Ctx c = context("text_encoder");
  c.activations = Precision::f32;  // small, and once per prompt
  std::vector<int32_t> ids;
  bool weighted = false;
  for (const PromptChunk& chunk : chunks) {
    ids.insert(ids.end(), chunk.ids.begin(), chunk.ids.end());
    for (const float weight : chunk.weights) weighted |= weight != 1;
  }
  PersistentTensor text = encoder(c, ids, spec.clip_skip - 1);
  if (weighted) {
    std::vector<float> values(text.tensor.shape.count());
    backend_.read(values.data(), text);
    const size_t size = values.size() / chunks.size();
    for (size_t i = 0; i < chunks.size(); ++i) {
      emphasize(std::span(values).subspan(i * size, size), chunks[i].weights);
    }
    backend_.write(text, values.data());
  }
  const int prompts = spec.guided() ? 2 : 1;
  text.tensor = text.tensor.view(prompts, static_cast<int>(ids.size()) / prompts, 1);
  if (hooks_.timings) backend_.wait();
  return text;
}

PersistentTensor Text2Image::encode(const Prompt& prompt, const Prompt& negative,
                                    const PaintSpec& spec) {
  const std::vector<PromptChunk> chunks = tokenize(prompt, negative, spec.guided());
  const auto known = std::find_if(encoded_.begin(), encoded_.end(), [&](const Encoded& e) {
    return e.chunks == chunks && e.clip_skip == spec.clip_skip;
  });
  const bool runs_layers = (hooks_.dump && hooks_.dump->wants_layers()) || hooks_.layers;
  if (known != encoded_.end() && !runs_layers) {
    encoded_.splice(encoded_.begin(), encoded_, known);
  } else {
    encoded_.push_front({chunks, spec.clip_skip, run_encoder(chunks, spec)});
    if (encoded_.size() > kKeptPrompts) encoded_.pop_back();
  }
  dump_text(encoded_.front().text, spec.guided());
  return encoded_.front().text;
}

std::vector<WordTokens> Text2Image::find_words(const Prompt& prompt,
                                               std::span<const std::string> words) {
  std::vector<int32_t> text;
  for (const PromptChunk& chunk : tokenizer().tokenize(prompt).rows) {
    text.insert(text.end(), chunk.ids.begin(), chunk.ids.end());
  }
  std::vector<WordTokens> found;
  for (const std::string& word : words) {
    const PromptChunk alone = tokenizer().tokenize({word}).rows[0];
    const int count = std::min(tokenizer().count({word}), tokenizer().capacity());
    const auto first = alone.ids.begin() + 1, last = first + count;
    WordTokens tokens{word, {}};
    for (auto at = text.begin(); count > 0; at += count) {
      at = std::search(at, text.end(), first, last);
      if (at == text.end()) break;
      for (int i = 0; i < count; ++i) {
        tokens.tokens.push_back(static_cast<int>(at - text.begin()) + i);
      }
    }
    if (!tokens.tokens.empty()) found.push_back(std::move(tokens));
  }
  return found;
}

PersistentTensor Text2Image::embed(const TextEmbeddings& text, const PaintSpec& spec) {
  check(text, spec);
  std::vector<float> values;
  if (spec.guided()) values = text.uncond->values;
  values.insert(values.end(), text.cond->values.begin(), text.cond->values.end());
  const int tokens = static_cast<int>(text.cond->dims[0]);
  const PersistentTensor rows = backend_.allocate(
      {spec.guided() ? 2 : 1, tokens, 1, static_cast<int>(text.cond->dims[1])}, DType::f32);
  backend_.write(rows, values.data());
  dump_text(rows, spec.guided());
  return rows;
}

EncodedPicture Text2Image::encode_picture(const Image& picture, const Image* mask,
                                          const PaintSpec& spec) {
  const Size px = size(spec, &picture);
  // The resized picture and its passes in bytes, its pixels as floats here and on the device.
  require_memory(fmt::format("a picture of {}x{}", px.width, px.height),
                 size_t{3} * (4 + 4 + 2) * px.width * std::max(px.height, picture.height),
                 backend_);
  const Image fitted = resize(picture, px.width, px.height, spec.resampling);
  std::vector<float> pixels(fitted.rgb.size());
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = fitted.rgb[i] / 127.5f - 1;
  EncodedPicture encoded{encode_pixels(pixels, px)};
  if (!mask) return encoded;
  require_memory(fmt::format("a mask of {}x{}", px.width, px.height),
                 size_t{3} * px.width * std::max(px.height, mask->height), backend_);
  const Mask repainted = read_mask(*mask, px.width, px.height);
  for (size_t i = 0; i < pixels.size(); ++i) {
    if (repainted[i / 3]) pixels[i] = 0;
  }
  encoded.masked = encode_pixels(pixels, px);
  // The first of the pixels that a latent's pixel stands for.
  const Shape latent = latent_shape(px);
  for (int y = 0; y < latent.h; ++y) {
    for (int x = 0; x < latent.w; ++x) {
      encoded.mask.push_back(repainted[(static_cast<size_t>(y) * px.width + x) * factor()]);
    }
  }
  return encoded;
}

// Pixels [height][width][3] in [-1, 1].
Latent Text2Image::encode_pixels(std::vector<float> pixels, Size px) {
  networks_.vae_config().before_encoder(pixels);
  const VaeEncoder& encoder = networks_.vae_encoder();
  const PersistentTensor image = backend_.allocate({1, px.height, px.width, 3}, DType::f32);
  backend_.write(image, pixels.data());
  Latent moments;
  Ctx c = context("vae");
  ws_.run(fmt::format("encode {} {}", px.width, px.height), [&] {
    const Activation out = encoder(c, image);
    if (!ws_.measuring()) moments = read_latent(backend_, out);
  });
  return moments;
}

Text2Image::Denoised Text2Image::denoise(const PersistentTensor& text, const PaintSpec& spec,
                                         Size px, uint64_t seed, const Start& start) {
  const Schedule schedule = this->schedule(spec, start.picture != nullptr);
  const Shape shape = latent_shape(px);
  if (start.noise && start.noise->values.size() != shape.count()) {
    throw usage_error("the first latent has {} numbers, expected {}", start.noise->values.size(),
                      shape.count());
  }
  const size_t moments = (networks_.vae_config().tiny ? 1 : 2) * shape.count();
  if (start.picture && start.picture->moments.values.size() != moments) {
    throw usage_error("the encoded picture has {} numbers, expected {}",
                      start.picture->moments.values.size(), moments);
  }
  const NoisePredictor& network = networks_.denoising_network(
      moments_of(schedule, spec.steps * (start.picture ? spec.strength : 1),
                 networks_.scheduler_config().num_train_timesteps));
  NoiseSource noise(seed, spec.rng);
  Denoised result;
  const StartSpec begins{.latent = shape,
                         .scaling_factor = networks_.vae_config().scaling_factor,
                         .strength = spec.strength,
                         .network_takes_mask = networks_.takes_mask(),
                         .exact = backend_.exact()};
  Beginning first = begin(start, begins, schedule, noise);
  result.init = {shape.c, shape.h, shape.w, first.x};
  if (hooks_.dump) hooks_.dump->add("latent.init", result.init.dims(), first.x);
  if (first.is_noise) {
    for (float& value : first.x) value *= static_cast<float>(schedule.init_scale);
  }

  const DenoiserSpec task{.network = network,
                          .schedule = schedule,
                          .text = text,
                          .guidance = spec.guidance,
                          .latent = shape,
                          .predicts = static_cast<bool>(hooks_.step),
                          .repaint = first.repaint ? &*first.repaint : nullptr,
                          .words = hooks_.words,
                          .plan = planned_calls(schedule, spec)};
  Denoiser denoiser(task, context("unet"), first.x, noise);
  for (int k = 0; k < denoiser.calls(); ++k) {
    CancelToken::check(hooks_.cancel);
    {
      const Timings::Span span(hooks_.timings, "unet_step");
      const Ctx c = context("unet", fmt::format(".{}", k));
      denoiser.call_model(c, k);
      dump_latent(fmt::format("eps.{}", k), denoiser.model_output());
      denoiser.update(c, k);
      dump_latent(fmt::format("latent.{}", k), denoiser.latent());
      // A device that queues work would see a cancellation only at the queue's end.
      if (hooks_.timings || hooks_.step || hooks_.cancel) backend_.wait();
    }
    if (hooks_.step) hooks_.step(denoiser, k);
  }
  dump_latent("latent", denoiser.latent());
  result.latent = read_latent(backend_, denoiser.latent());
  result.attention = denoiser.word_maps(backend_);
  return result;
}

std::vector<float> Text2Image::decode(const VaeDecoder& decoder, const Latent& latent,
                                      const Policy& policy) {
  const VaeConfig& config = networks_.vae_config();
  std::vector<float> z = to_nhwc(latent.values, latent.shape());
  config.before_decoder(z);
  const PersistentTensor input = backend_.allocate(latent.shape(), DType::f32);
  backend_.write(input, z.data());
  const int height = latent.height * factor(), width = latent.width * factor();
  require_memory(fmt::format("decoding {}x{}", width, height), size_t{3} * 5 * width * height,
                 backend_);
  std::vector<float> pixels(size_t{3} * width * height);
  Ctx c = context("vae");
  c.activations = policy.precision("vae.activations");
  const char* precision = precision_name(c.activations);
  ws_.run(fmt::format("decode {} {} {}", latent.height, latent.width, precision), [&] {
    const Activation out = decoder(c, input);
    if (!ws_.measuring()) backend_.read(pixels.data(), out);
  });
  config.after_decoder(pixels);
  return pixels;
}

Image Text2Image::decode(const Latent& latent) {
  if (!finite(latent.values)) throw run_error("the latent is not finite");
  const VaeDecoder& decoder = networks_.vae_decoder();
  std::vector<float> pixels = [&] {
    const Timings::Span span(hooks_.timings, "vae_decode");
    return decode(decoder, latent, networks_.policy());
  }();
  if (!finite(pixels)) {
    // Half precision ends at 65504, and some decoders go beyond.
    messages_.warn("the decoder's picture is not finite; decoding it again in f32");
    const Policy exact(Precision::f32);
    const VaeDecoder again = networks_.vae_decoder_as(exact);
    const Timings::Span span(hooks_.timings, "vae_decode");
    pixels = decode(again, latent, exact);
  }
  if (!finite(pixels)) throw run_error("the decoder's picture is not finite");
  const Image image = to_image(pixels, latent.width * factor(), latent.height * factor());
  if (hooks_.dump) {
    const Shape shape{1, image.height, image.width, 3};
    hooks_.dump->add("image", {1, 3, image.height, image.width}, to_nchw(pixels, shape));
  }
  return image;
}

Image Text2Image::preview(const Latent& latent, int side) {
  const int longer = std::max(latent.width, latent.height);
  const int by = side >= longer ? 1 : (longer + side - 1) / side;
  const Latent small = shrink(latent, std::min({by, latent.width, latent.height}));
  std::vector<float> pixels = decode(networks_.vae_decoder_too(), small, networks_.policy());
  for (float& value : pixels) {
    if (!std::isfinite(value)) value = 0;
  }
  return to_image(pixels, small.width * factor(), small.height * factor());
}

void Text2Image::fit_linear_preview(int channels) {
  // What is decoded here belongs to no dump.
  std::unique_ptr<DumpBackend> dump = std::exchange(dump_backend_, nullptr);
  try {
    linear_preview_.emplace(channels, factor(), [this](const Latent& noise) {
      return decode(networks_.vae_decoder_too(), noise, networks_.policy());
    });
  } catch (const Error& error) {
    if (error.kind() != Error::run) throw;
    has_no_linear_preview_ = true;
  }
  dump_backend_ = std::move(dump);
}

std::optional<Image> Text2Image::linear_preview(const Latent& latent) {
  if (!linear_preview_ && !has_no_linear_preview_) fit_linear_preview(latent.channels);
  if (!linear_preview_) return std::nullopt;
  return (*linear_preview_)(latent);
}

const std::vector<Resolved>& Text2Image::load_all() {
  networks_.load_all();
  return networks_.resolved();
}

}  // namespace yent
