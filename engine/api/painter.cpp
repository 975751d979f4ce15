// Painters and pictures of the C API.
#include "engine/api/painter.h"

#include <cmath>
#include <deque>
#include <mutex>

#include "engine/api/images.h"
#include "engine/api/values.h"
#include "engine/pipeline/assets.h"
#include "engine/pipeline/measured.h"
#include "loaders/io/output_file.h"

using namespace yent;
using namespace yent::api;

// What a step's callback may look at; the copies live as long as it does.
struct yent_step {
  const StepEvent& event;
  Latent latent = {}, x0 = {};
};

namespace {

yent_latent view(const Latent& l) { return {l.values.data(), l.channels, l.height, l.width}; }

}  // namespace

struct yent_pictures {
  // One picture and what its C struct points to.
  struct Kept {
    Painted painted;
    std::string infotext;
    yent_picture picture = {};

    Kept(Painted&& made, std::string text) : painted(std::move(made)), infotext(std::move(text)) {
      picture = {.struct_size = sizeof picture,
                 .index = painted.index,
                 .seed = painted.seed,
                 .image = {painted.image.rgb.data(), painted.image.width, painted.image.height},
                 .first_latent = view(painted.init),
                 .last_latent = view(painted.latent),
                 .infotext = infotext.c_str()};
    }
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;
  };

  std::deque<Kept> pictures;  // do not move: their structs point into them
  std::string measured;
};

namespace {

Grammar grammar_of(const char* name) { return name ? grammar_named(name) : Grammar::literal; }

Rng rng_of(const char* name) {
  const std::string wanted = name ? name : "cpu";
  if (wanted == "cpu") return Rng::cpu;
  if (wanted == "cuda") return Rng::cuda;
  throw usage_error("rng is {}, expected cpu or cuda", wanted);
}

std::optional<NoiseLevels> levels_of(const yent_paint_params& p) {
  if (p.noise_levels) return find_noise_levels(p.noise_levels);
  if (p.karras != 0) return NoiseLevels::karras;
  return {};
}

Resampling resampling_of(const char* name) {
  if (!name) return Resampling::lanczos;
  if (const auto found = find_resampling(name)) return *found;
  throw usage_error("resize is {}, expected lanczos or bicubic", name);
}

LoraFile lora_of(const yent_lora& given) {
  if (!std::isfinite(given.scale)) throw usage_error("a LoRA's scale is {}", given.scale);
  return {text_of(given.path), given.scale};
}

PaintRequest request_of(const yent_paint_params& p, Dump* dump, Timings* timings) {
  if (p.uncond && !p.cond) throw usage_error("uncond is given without cond");
  if (p.dump_layers && !p.dump_path) throw usage_error("dump_layers is given without dump_path");
  if (p.preview_every < 0 || p.preview_side < 1) {
    throw usage_error("a preview every {} calls, {} wide: expected 0 or more, 1 or more",
                      p.preview_every, p.preview_side);
  }
  PaintRequest r{.prompt = text_of(p.prompt),
                 .negative = text_of(p.negative),
                 .spec = {.width = p.width,
                          .height = p.height,
                          .steps = p.steps,
                          .guidance = p.guidance,
                          .sampler = text_of(p.sampler),
                          .levels = levels_of(p),
                          .rng = rng_of(p.rng),
                          .eta = p.eta,
                          .strength = p.strength,
                          .resampling = resampling_of(p.resize),
                          .clip_skip = p.clip_skip == 0 ? 1 : p.clip_skip,
                          .cache = p.cache == 0 ? 1 : p.cache,
                          .guided_in = {p.guided_from, p.guided_to}},
                 .seed = p.seed,
                 .count = p.count,
                 .dump = dump,
                 .timings = timings,
                 .grammar = grammar_of(p.grammar),
                 .negative_grammar = grammar_of(p.grammar)};
  if (p.steps_offset >= 0) r.spec.steps_offset = p.steps_offset;
  if (p.picture.rgb) r.picture = image_of(p.picture);
  if (p.mask.rgb) r.mask = image_of(p.mask);
  if (p.cond) {
    r.embeddings = embeddings_of(p.cond, p.uncond, p.tokens, p.embedding_width);
  }
  for (size_t i = 0; i < p.lora_count; ++i) {
    r.loras.push_back(lora_of((&required(p.loras, "loras"))[i]));
  }
  for (int32_t k = 0; p.first_latents && k < p.count; ++k) {
    r.noise.latents.push_back(latent_of(p.first_latents[k], "a first latent"));
  }
  return r;
}

PaintEvents events_of(const yent_paint_params& p) {
  PaintEvents events{.preview_every = p.preview_every, .preview_side = p.preview_side};
  if (p.on_step) {
    events.step = [&p](const StepEvent& event) {
      yent_step step{event};
      p.on_step(p.user, &step);
    };
  }
  if (p.on_preview) {
    events.preview = [&p](const Image& image, int picture, int call) {
      p.on_preview(p.user, picture, call, {image.rgb.data(), image.width, image.height});
    };
  }
  return events;
}

}  // namespace

void yent_painter_params_init(yent_painter_params* params, size_t struct_size) {
  yent_painter_params p = {};
  p.model = "default";
  p.precision = "auto";
  p.keep_loaded = 1;
  init_params(params, struct_size, p);
}

yent_status yent_painter_create(yent_device* device, const yent_painter_params* params,
                                yent_painter** painter) {
  return guard([&] {
    required(painter, "painter") = nullptr;
    const yent_painter_params p = taken(params, yent_painter_params_init);
    auto made = std::make_unique<yent_painter>();
    made->devices = required(device, "device").devices;
    const std::filesystem::path model = painter_path(p.model ? p.model : "default");
    made->facts = {.model = model_name(model),
                   .version = YENT_VERSION,
                   .vae = p.vae ? model_name(p.vae) : "",
                   .policy = text_of(p.policy)};
    PipelineConfig config{
        .model = model,
        .policy = policy_of(p.precision, p.policy, p.policy_text, *made->devices->backends[0]),
        .prefer_f16 = text_of(p.precision) == "f16",
        .tokenizer = {.instead = text_of(p.tokenizer), .fallback = [] { return shipped("clip"); }},
        .text_is_given = p.text_is_given != 0,
        .keep_loaded = p.keep_loaded != 0};
    config.measure_layers = p.measure_layers != 0;
    made->measures_layers = config.measure_layers;
    config.lora_dir = text_of(p.lora_dir);
    config.choice = {.variant = text_of(p.variant), .vae = text_of(p.vae)};
    if (p.prediction) config.prediction = prediction_named(p.prediction);
    for (size_t i = 0; i < p.embedding_count; ++i) {
      const std::string file = text_of((&required(p.embeddings, "embeddings"))[i]);
      config.embeddings.push_back(read_textual_inversion(file));
      made->facts.embeddings.push_back(file);
    }
    for (size_t i = 0; i < p.lora_count; ++i) {
      const LoraFile lora = lora_of((&required(p.loras, "loras"))[i]);
      config.loras.push_back(Lora::open(lora.path, lora.scale));
      made->facts.loras.push_back(lora_name(lora.path.string(), lora.scale));
    }
    const auto say = [user = p.user](yent_message_fn to) {
      return [user, to](const std::string& sentence) { to(user, sentence.c_str()); };
    };
    if (p.on_warning) config.messages.warn = say(p.on_warning);
    if (p.on_note) config.messages.note = say(p.on_note);
    made->pipeline = std::make_unique<Pipeline>(std::move(config), made->devices->pointers());
    *painter = made.release();
  });
}

void yent_painter_destroy(yent_painter* painter) { delete painter; }

yent_status yent_painter_explain(yent_painter* painter, char** text) {
  return guard([&] {
    required(text, "text") = nullptr;
    *text = new_text(layers_text(required(painter, "painter").pipeline->explain()));
  });
}

yent_status yent_painter_count_tokens(yent_painter* painter, const char* prompt, int32_t* count,
                                      int32_t* capacity) {
  return yent_painter_count_prompt(painter, prompt, nullptr, count, capacity);
}

yent_status yent_painter_count_prompt(yent_painter* painter, const char* prompt,
                                      const char* grammar, int32_t* count, int32_t* capacity) {
  return guard([&] {
    Pipeline& pipeline = *required(painter, "painter").pipeline;
    if (count) *count = pipeline.count_tokens({text_of(prompt), grammar_of(grammar)});
    if (capacity) *capacity = pipeline.token_capacity();
  });
}

int32_t yent_step_picture(const yent_step* step) { return step ? step->event.picture : 0; }
int32_t yent_step_call(const yent_step* step) { return step ? step->event.call : 0; }
int32_t yent_step_calls(const yent_step* step) { return step ? step->event.calls : 0; }

yent_status yent_step_latent(yent_step* step, yent_latent* latent) {
  return guard([&] {
    required(latent, "latent") = {};
    required(step, "step").latent = step->event.latent();
    *latent = view(step->latent);
  });
}

yent_status yent_step_x0(yent_step* step, yent_latent* x0) {
  return guard([&] {
    required(x0, "x0") = {};
    required(step, "step").x0 = step->event.x0();
    *x0 = view(step->x0);
  });
}

void yent_paint_params_init(yent_paint_params* params, size_t struct_size) {
  yent_paint_params p = {};
  p.prompt = "";
  p.negative = "extra fingers, blurry, watermark";
  p.steps = 25;
  p.guidance = 7.5;
  p.rng = "cpu";
  p.count = 1;
  p.strength = 0.75;
  p.preview_side = 32;
  p.steps_offset = -1;
  p.cache = 1;
  p.guided_to = 1;
  init_params(params, struct_size, p);
}

yent_status yent_paint(yent_painter* painter, const yent_paint_params* params,
                       yent_pictures** pictures) {
  return guard([&] {
    if (pictures) *pictures = nullptr;
    Pipeline& pipeline = *required(painter, "painter").pipeline;
    const yent_paint_params p = taken(params, yent_paint_params_init);
    std::optional<Dump> dump;
    if (p.dump_path) {
      ensure_writable(p.dump_path);
      dump.emplace(text_of(p.dump_layers));
    }
    Timings timings;
    LayerMeasures layers;
    PaintRequest request = request_of(p, dump ? &*dump : nullptr, pictures ? &timings : nullptr);
    if (pictures && painter->measures_layers) request.layers = &layers;
    const Pipeline::Resolution made = pipeline.check(request);
    auto result = std::make_unique<yent_pictures>();
    PaintEvents events = events_of(p);
    events.picture = [&](Painted&& painted) {
      std::string text = infotext(request, made, painted.seed, painter->facts);
      const auto& kept = result->pictures.emplace_back(std::move(painted), std::move(text));
      if (p.on_picture) p.on_picture(p.user, &kept.picture);
      if (!pictures) result->pictures.pop_back();
    };
    {
      const Timings::Span total(&timings, "total");
      pipeline.paint(request, events, token_of(p.cancel));
    }
    if (dump) dump->write(p.dump_path);
    if (!pictures) return;
    result->measured = measured_json(timings, pipeline.backend(), request.layers);
    *pictures = result.release();
  });
}

void yent_pictures_destroy(yent_pictures* pictures) { delete pictures; }

size_t yent_pictures_count(const yent_pictures* pictures) {
  return pictures ? pictures->pictures.size() : 0;
}

const yent_picture* yent_pictures_get(const yent_pictures* pictures, size_t index) {
  return index < yent_pictures_count(pictures) ? &pictures->pictures[index].picture : nullptr;
}

const char* yent_pictures_measured(const yent_pictures* pictures) {
  return pictures ? pictures->measured.c_str() : "";
}
