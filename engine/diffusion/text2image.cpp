#include "engine/diffusion/text2image.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/diffusion/memory_needs.h"
#include "kernels/error.h"
#include "loaders/tensors/convert.h"

namespace yent {
namespace {

uint8_t to_byte(float value) {
  return static_cast<uint8_t>(std::nearbyint(std::clamp((value + 1) / 2, 0.0f, 1.0f) * 255));
}

std::vector<int64_t> dims_of(const Latent& l) { return {1, l.channels, l.height, l.width}; }

Shape shape_of(const Latent& l) { return {1, l.height, l.width, l.channels}; }

}  // namespace

Text2Image::Text2Image(DiffusionCheckpoint files, Backend& backend, Options options)
    : files_(std::move(files)), backend_(backend), options_(std::move(options)) {
  const PartConfig unet = files_.unet_config(), vae = files_.vae_config();
  unet_config_ = UNetConfig::from_json(unet.json, unet.where);
  vae_config_ = VaeConfig::from_json(vae.json, vae.where);
  if (unet_config_.in_channels != vae_config_.latent_channels ||
      unet_config_.out_channels != vae_config_.latent_channels) {
    throw file_error("{}: {} channels in and {} out, expected the VAE's {}", unet.where,
                     unet_config_.in_channels, unet_config_.out_channels,
                     vae_config_.latent_channels);
  }
  scheduler_config_ = SchedulerConfig::stable_diffusion();
  if (const auto config = files_.scheduler_config()) {
    scheduler_config_ = SchedulerConfig::from_json(config->json, config->where);
    if (scheduler_config_.clips_sample) {
      options_.warn(config->where + " asks to clip samples, which is not done");
    }
  }
  if (options_.dump) dump_backend_ = std::make_unique<DumpBackend>(backend_, *options_.dump);
  match_loras();
}

void Text2Image::match_loras() {
  if (options_.loras.empty()) return;
  std::vector<LoraTarget> targets;
  const auto add = [&](const TensorSet& set, const std::string& part) {
    for (const HostTensor& t : set.tensors) {
      if (!t.name.ends_with(".weight") || t.dims.size() < 2) continue;
      targets.push_back({part + t.name.substr(0, t.name.size() - 7), t.dims});
    }
  };
  add(files_.unet(), "unet.");
  if (encodes_text()) add(files_.text_encoder(), "text_encoder.");
  for (const Lora& lora : options_.loras) {
    const LoraMatch match = lora.match(targets);
    for (const auto& [path, delta] : match.deltas) deltas_[path].push_back(delta);
    for (const std::string& key : match.unmatched) {
      options_.warn(
          fmt::format("{}: {} fits no layer and is left out", lora.path(), printable(key)));
    }
    options_.note(fmt::format("{} changes {} layers", lora.path(), match.deltas.size()));
  }
}

Text2Image::Size Text2Image::size(const PaintSpec& spec, const Image* picture) const {
  const int f = factor();
  const auto side = [&](int asked, const char* flag, int own) {
    if (asked == 0) return own;
    if (asked < 0 || asked % f != 0) {
      throw usage_error("{} is {}, expected a multiple of {}", flag, asked, f);
    }
    return asked;
  };
  const int own = unet_config_.sample_size * f;
  const int own_width = picture ? std::max(picture->width / f * f, f) : own;
  const int own_height = picture ? std::max(picture->height / f * f, f) : own;
  return {side(spec.width, "--width", own_width), side(spec.height, "--height", own_height)};
}

std::string Text2Image::sampler(const PaintSpec& spec) const {
  return sampler_name(spec.sampler.empty() ? scheduler_config_.sampler : spec.sampler);
}

Schedule Text2Image::schedule(const PaintSpec& spec, bool from_picture) const {
  const bool karras = spec.karras || (spec.sampler.empty() && scheduler_config_.karras);
  return make_schedule(sampler(spec), scheduler_config_, spec.steps, karras,
                       from_picture ? spec.strength : 1);
}

void Text2Image::check(const PaintSpec& spec, Size px) const {
  schedule(spec, false);
  files_.unet();
  files_.vae();
  if (!options_.text_is_given) files_.text_encoder();
  const Precision activations = options_.policy.precision("vae.activations");
  require_memory(fmt::format("a picture of {}x{}", px.width, px.height),
                 static_cast<size_t>(px.width) * px.height *
                     decoder_pixel_bytes(vae_config_, activations, backend_),
                 backend_);
}

ClipConfig Text2Image::clip_config() const {
  const PartConfig config = files_.text_config();
  ClipConfig clip = ClipConfig::from_json(config.json, config.where);
  if (clip.hidden_size != unet_config_.cross_attention_dim) {
    throw file_error("{}: hidden_size is {}, expected the UNet's cross_attention_dim {}",
                     config.where, clip.hidden_size, unet_config_.cross_attention_dim);
  }
  return clip;
}

const ClipTokenizer& Text2Image::tokenizer() {
  if (!tokenizer_) {
    const auto folder = options_.tokenizer.empty() ? files_.tokenizer_dir().value_or(options_.clip)
                                                   : options_.tokenizer;
    tokenizer_ = ClipTokenizer::load(folder);
    const int most = clip_config().vocab_size;
    if (tokenizer_->vocab_size() > most) {
      throw file_error("{}: {} tokens, expected at most the text encoder's {}", folder.string(),
                       tokenizer_->vocab_size(), most);
    }
  }
  return *tokenizer_;
}

int Text2Image::count_tokens(std::string_view prompt) {
  return static_cast<int>(tokenizer().encode(prompt).size());
}

std::vector<int32_t> Text2Image::tokenize(const std::string& prompt, const char* which,
                                          const char* dump_name) {
  const Timings::Span span(options_.timings, "tokenize");
  const auto tokens = tokenizer().tokenize(prompt, token_capacity() + 2);
  if (!tokens.lost.empty()) {
    options_.warn(
        fmt::format("the {} is cut to {} tokens; lost: {}", which, token_capacity(), tokens.lost));
  }
  if (options_.dump) {
    options_.dump->add(dump_name, {static_cast<int64_t>(tokens.ids.size())}, tokens.ids);
  }
  return tokens.ids;
}

void Text2Image::enter(Stage stage) {
  if (!options_.keep_loaded && stage != stage_) {
    if (stage != Stage::text) text_encoder_.reset();
    if (stage != Stage::picture) encoder_.reset();
    if (stage != Stage::steps) unet_.reset();
    if (stage != Stage::decode) decoder_.reset();
  }
  if (!ws_) ws_ = std::make_unique<Workspace>(backend_);
  stage_ = stage;
}

template <class Network, class Config>
void Text2Image::load(std::unique_ptr<Network>& network, const char* part, const TensorSet& set,
                      const Config& config, const Policy& policy) {
  const Timings::Span span(options_.timings, "load");
  require_memory(fmt::format("{}: loading the {}", set.path, part), packed_bytes(set, part, policy),
                 backend_);
  Checkpoint checkpoint = checkpoint_of(std::make_shared<TensorSet>(set), part);
  const std::string prefix = std::string(part) + ".";
  checkpoint.restyles = [this, prefix](const std::string& module) {
    return deltas_.contains(prefix + module);
  };
  checkpoint.restyle = [this, prefix](const std::string& module, float* w, int64_t rows,
                                      int64_t columns) {
    for (const LoraDelta& delta : deltas_.at(prefix + module)) add_to(delta, w, rows, columns);
  };
  const WeightBinder loader(std::move(checkpoint), backend_, policy);
  network = std::make_unique<Network>(loader, config);
  const auto& resolved = loader.resolved();
  resolved_.insert(resolved_.end(), resolved.begin(), resolved.end());
  if (std::string_view(part) == "vae") return;  // its other half is unread by intent
  for (const std::string& name : loader.unread()) {
    options_.note(fmt::format("{}: {} is not used", set.path, printable(name)));
  }
}

void Text2Image::load_text_encoder() {
  if (!text_encoder_) {
    load(text_encoder_, "text_encoder", files_.text_encoder(), clip_config(), options_.policy);
  }
}

void Text2Image::load_unet() {
  if (!unet_) load(unet_, "unet", files_.unet(), unet_config_, options_.policy);
}

void Text2Image::load_all() {
  if (encodes_text()) load_text_encoder();
  load_unet();
  if (!encoder_) load(encoder_, "vae", files_.vae(), vae_config_, options_.policy);
  if (!decoder_) load(decoder_, "vae", files_.vae(), vae_config_, options_.policy);
}

Ctx Text2Image::context(const char* part, const std::string& behind) {
  const Precision activations = options_.policy.precision(fmt::format("{}.activations", part));
  if (!dump_backend_) return {backend_, *ws_, activations};
  dump_backend_->label(std::string(part) + ".", behind);
  return {*dump_backend_, *ws_, activations};
}

void Text2Image::dump(const std::string& name, Tensor latent) {
  if (!options_.dump) return;
  const Shape s = latent.shape;
  std::vector<float> values(s.count());
  backend_.read(values.data(), latent);
  options_.dump->add(name, {s.n, s.c, s.h, s.w}, to_nchw(values, s));
}

PersistentTensor Text2Image::encode(const std::string& prompt, const std::string& negative,
                                    const PaintSpec& spec) {
  std::vector<int32_t> ids;
  if (spec.guided()) ids = tokenize(negative, "negative prompt", "tokens_uncond");
  const std::vector<int32_t> cond = tokenize(prompt, "prompt", "tokens");
  ids.insert(ids.end(), cond.begin(), cond.end());
  enter(Stage::text);
  load_text_encoder();
  const Timings::Span span(options_.timings, "text_encoder");
  Ctx c = context("text_encoder");
  c.activations = Precision::f32;  // small, and once per prompt
  PersistentTensor text = (*text_encoder_)(c, ids);
  if (options_.timings) backend_.wait();
  if (options_.dump) {
    const int rows = text.tensor.shape.h;
    const std::vector<int64_t> dims{rows, text.tensor.shape.c};
    std::vector<float> values(text.tensor.shape.count());
    backend_.read(values.data(), text);
    const auto half = values.end() - static_cast<ptrdiff_t>(dims[0] * dims[1]);
    if (spec.guided()) options_.dump->add("uncond", dims, std::vector<float>(values.begin(), half));
    options_.dump->add("cond", dims, std::vector<float>(half, values.end()));
  }
  return text;
}

PersistentTensor Text2Image::embed(const HostTensor* cond, const HostTensor* uncond,
                                   const PaintSpec& spec, const std::string& path) {
  std::vector<std::pair<const char*, const HostTensor*>> rows{{"cond", cond}};
  if (spec.guided()) rows.insert(rows.begin(), {"uncond", uncond});
  std::vector<float> values;
  int64_t tokens = 0;
  for (const auto& [name, t] : rows) {
    if (!t) throw file_error("{}: {} is missing", path, name);
    std::vector<int64_t> dims = t->dims;
    if (dims.size() == 3 && dims[0] == 1) dims.erase(dims.begin());
    const int64_t width = unet_config_.cross_attention_dim;
    if (dims.size() != 2 || dims[0] < 1 || dims[0] > 1 << 16 || dims[1] != width) {
      throw file_error("{}: {} is {}, expected [77,{}]", path, name, dims_text(t->dims), width);
    }
    if (tokens != 0 && dims[0] != tokens) {
      throw file_error("{}: cond has {} rows, expected uncond's {}", path, dims[0], tokens);
    }
    tokens = dims[0];
    std::vector<float> part(t->count());
    to_f32(*t, part.data());
    if (options_.dump) options_.dump->add(name, dims, part);
    values.insert(values.end(), part.begin(), part.end());
  }
  const PersistentTensor text =
      backend_.allocate({static_cast<int>(rows.size()), static_cast<int>(tokens), 1,
                         unet_config_.cross_attention_dim},
                        DType::f32);
  backend_.write(text, values.data());
  return text;
}

Latent Text2Image::encode_picture(const Image& picture, const PaintSpec& spec) {
  const Size px = size(spec, &picture);
  // The resized picture and its passes in bytes, its pixels as floats here and on the device.
  require_memory(fmt::format("a picture of {}x{}", px.width, px.height),
                 size_t{3} * (4 + 4 + 2) * px.width * std::max(px.height, picture.height),
                 backend_);
  const Image fitted = resize_lanczos(picture, px.width, px.height);
  std::vector<float> pixels(fitted.rgb.size());
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = fitted.rgb[i] / 127.5f - 1;
  enter(Stage::picture);
  if (!encoder_) load(encoder_, "vae", files_.vae(), vae_config_, options_.policy);
  const PersistentTensor image = backend_.allocate({1, px.height, px.width, 3}, DType::f32);
  backend_.write(image, pixels.data());
  Latent moments{2 * vae_config_.latent_channels, px.height / factor(), px.width / factor(), {}};
  Ctx c = context("vae");
  ws_->run(fmt::format("encode {} {}", px.width, px.height), [&] {
    const Activation out = (*encoder_)(c, image);
    if (ws_->measuring()) return;
    std::vector<float> values(out->shape.count());
    backend_.read(values.data(), out);
    moments.values = to_nchw(values, out->shape);
  });
  return moments;
}

Latent Text2Image::denoise(const PersistentTensor& text, const PaintSpec& spec, Size px,
                           uint64_t seed, const Start& start) {
  const Schedule schedule = this->schedule(spec, start.picture != nullptr);
  const int calls = static_cast<int>(schedule.calls.size());
  enter(Stage::steps);
  load_unet();

  Latent latent{unet_config_.in_channels, px.height / factor(), px.width / factor(), {}};
  const Shape shape = shape_of(latent);
  const auto noisy = static_cast<int>(std::count_if(schedule.calls.begin(), schedule.calls.end(),
                                                    [](auto& c) { return c.reads_noise(); }));
  require_memory(fmt::format("denoising {}x{}", px.width, px.height),
                 (kSlots + 4 + noisy) * sizeof(float) * shape.count(), backend_);
  std::array<PersistentTensor, kSlots> slots;
  for (PersistentTensor& slot : slots) slot = backend_.allocate(shape, DType::f32);
  NoiseSource source(seed, spec.rng);
  const auto draw = [&] {
    std::vector<float> values(shape.count());
    source.normal(values.data(), values.size());
    return values;
  };
  const auto write = [&](Tensor to, const std::vector<float>& nchw) {
    backend_.write(to, to_nhwc(nchw, shape).data());
  };
  const auto image = [&](Tensor batch, int i) {
    const int pixels = shape.h * shape.w;
    return batch.slice(static_cast<size_t>(i) * pixels, pixels).view(1, shape.h, shape.w);
  };

  // Where it begins.
  std::vector<float> x;
  if (start.picture) {
    const size_t count = shape.count();
    const std::vector<float>& moments = start.picture->values;
    ENSURE(moments.size() == 2 * count, "denoise: {} moments of {}", moments.size(), 2 * count);
    const std::vector<float> of_encoder = draw(), added = draw();
    x.resize(count);
    for (size_t i = 0; i < count; ++i) {
      const float log_variance = std::clamp(moments[count + i], -30.0f, 20.0f);
      const float z = moments[i] + std::exp(0.5f * log_variance) * of_encoder[i];
      x[i] = static_cast<float>(schedule.start_z * (z * vae_config_.scaling_factor) +
                                schedule.start_noise * added[i]);
    }
    if (options_.dump) options_.dump->add("latent.init", dims_of(latent), x);
  } else {
    x = start.noise ? start.noise->values : draw();
    if (options_.dump) options_.dump->add("latent.init", dims_of(latent), x);
    for (float& value : x) value *= static_cast<float>(schedule.init_scale);
  }
  ENSURE(x.size() == shape.count(), "denoise: {} numbers of noise for {}", x.size(), shape.count());
  write(slots[kX], x);

  // The noise of all calls, so that none of them waits for the host.
  PersistentTensor noise;
  if (noisy > 0) noise = backend_.allocate({noisy, shape.h, shape.w, shape.c}, DType::f32);
  for (int i = 0; i < noisy; ++i) write(image(noise, i), draw());

  // What the whole schedule needs from the text and the times, and all its coefficients.
  std::vector<double> times;
  std::vector<float> coefficients;
  const auto g = static_cast<float>(spec.guidance);
  if (spec.guided()) {
    coefficients = {1 - g, g};
  } else {
    coefficients = {1};
  }
  const int guidance_terms = static_cast<int>(coefficients.size());
  coefficients.push_back(1);  // what copies
  for (const Call& call : schedule.calls) {
    times.push_back(call.t);
    coefficients.push_back(static_cast<float>(call.input_scale));
    for (const Move& move : call.moves) {
      for (const Term& term : move.terms) {
        coefficients.push_back(static_cast<float>(term.coefficient));
      }
    }
  }
  const PersistentTensor table =
      backend_.allocate({1, 1, 1, static_cast<int>(coefficients.size())}, DType::f32);
  backend_.write(table, coefficients.data());
  Ctx prompt_context = context("unet");
  prompt_context.activations = Precision::f32;  // once per prompt: nothing to save
  Conditioning cond = unet_->condition(prompt_context, text, times);
  // Whatever differs from call to call lies at one place, so that a device can record a call once.
  cond.now = backend_.allocate(cond.time.tensor.slice(0, 1).shape, DType::f32);
  const Tensor one = table.tensor.cols(guidance_terms, 1);

  const int n = text.tensor.shape.n;
  const PersistentTensor input = backend_.allocate({n, shape.h, shape.w, shape.c}, DType::f32);
  int column = guidance_terms + 1, noise_read = 0;
  const auto next_coefficients = [&](size_t count) {
    column += static_cast<int>(count);
    return table.tensor.cols(column - static_cast<int>(count), static_cast<int>(count));
  };
  for (int k = 0; k < calls; ++k) {
    const Call& call = schedule.calls[k];
    const Timings::Span span(options_.timings, "unet_step");
    Ctx c = context("unet", fmt::format(".{}", k));
    const Tensor scale = next_coefficients(1);
    for (int i = 0; i < n; ++i) {
      backend_.linear_combination(*ws_, image(input, i), std::array{slots[kX].tensor}, scale);
    }
    backend_.linear_combination(*ws_, cond.now, std::array{cond.time.tensor.slice(k, 1)}, one);
    ws_->run(fmt::format("unet {} {} {} {}", n, shape.h, shape.w, text.tensor.shape.h), [&] {
      const Activation out = (*unet_)(c, input, cond, k);
      std::vector<Tensor> rows;
      for (int i = 0; i < n; ++i) rows.push_back(image(out, i));
      backend_.linear_combination(*ws_, slots[kE], rows, table.tensor.cols(0, guidance_terms));
    });
    dump(fmt::format("eps.{}", k), slots[kE]);
    if (call.reads_noise()) slots[kNoise].tensor = image(noise, noise_read++);
    for (const Move& move : call.moves) {
      std::vector<Tensor> terms;
      for (const Term& term : move.terms) terms.push_back(slots[term.slot]);
      backend_.linear_combination(*ws_, slots[move.to], terms, next_coefficients(terms.size()));
    }
    dump(fmt::format("latent.{}", k), slots[kX]);
    if (options_.timings || options_.progress) backend_.wait();
    if (options_.progress) options_.progress(k + 1, calls);
  }
  dump("latent", slots[kX]);
  std::vector<float> values(shape.count());
  backend_.read(values.data(), slots[kX]);
  latent.values = to_nchw(values, shape);
  return latent;
}

std::vector<float> Text2Image::decode(const Latent& latent, const Policy& policy) {
  if (!decoder_) load(decoder_, "vae", files_.vae(), vae_config_, policy);
  const Timings::Span span(options_.timings, "vae_decode");
  std::vector<float> z = to_nhwc(latent.values, shape_of(latent));
  for (float& value : z) value /= vae_config_.scaling_factor;
  const PersistentTensor input = backend_.allocate(shape_of(latent), DType::f32);
  backend_.write(input, z.data());
  const int height = latent.height * factor(), width = latent.width * factor();
  require_memory(fmt::format("decoding {}x{}", width, height), size_t{3} * 5 * width * height,
                 backend_);
  std::vector<float> pixels(size_t{3} * width * height);
  Ctx c = context("vae");
  c.activations = policy.precision("vae.activations");
  const char* precision = precision_name(c.activations);
  ws_->run(fmt::format("decode {} {} {}", latent.height, latent.width, precision), [&] {
    const Activation out = (*decoder_)(c, input);
    if (!ws_->measuring()) backend_.read(pixels.data(), out);
  });
  return pixels;
}

Image Text2Image::decode(const Latent& latent) {
  const auto finite = [](const std::vector<float>& values) {
    return std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
  };
  if (!finite(latent.values)) throw run_error("the latent is not finite");
  enter(Stage::decode);
  std::vector<float> pixels = decode(latent, options_.policy);
  if (!finite(pixels)) {
    // Half precision ends at 65504, and some decoders go beyond.
    options_.warn("the decoder's picture is not finite; decoding it again in f32");
    decoder_.reset();
    pixels = decode(latent, Policy(Precision::f32));
    decoder_.reset();  // the next one begins as it was asked for
  }
  if (!finite(pixels)) throw run_error("the decoder's picture is not finite");
  Image image(latent.width * factor(), latent.height * factor());
  for (size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = std::clamp(pixels[i], -1.0f, 1.0f);
    image.rgb[i] = to_byte(pixels[i]);
  }
  if (options_.dump) {
    const Shape shape{1, image.height, image.width, 3};
    options_.dump->add("image", {1, 3, image.height, image.width}, to_nchw(pixels, shape));
  }
  return image;
}

}  // namespace yent
