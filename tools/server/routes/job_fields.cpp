#include "tools/server/routes/job_fields.h"

#include <algorithm>

#include "engine/diffusion/samplers/noise_levels.h"
#include "engine/yent/mood.h"
#include "loaders/io/base64.h"
#include "tools/server/jobs/jobs.h"
#include "tools/server/limits.h"
#include "tools/server/routes/http_error.h"

namespace yent::server {
namespace {

std::shared_ptr<const std::string> picture_of(const Fields& fields, const char* name,
                                              const RequestLimits& limits) {
  if (!fields.has(name)) return nullptr;
  return std::make_shared<const std::string>(picture_file(*fields.json(name).text(), name, limits));
}

void check_sides(const PaintSpec& spec) {
  for (const auto& [name, side] : {std::pair("width", spec.width), {"height", spec.height}}) {
    if (side % 8 == 0) continue;
    throw HttpError(Fault::bad_request,
                    fmt::format("{} is {}, expected a multiple of 8", name, side), name);
  }
}

// The request as a visitor may repeat it: without pictures, with the seed that was drawn.
Json kept_request(const Fields& fields, uint64_t seed) {
  Json kept = Json::object();
  for (const auto& [key, value] : fields.all().items()) {
    if (key != "init_image" && key != "mask" && !value.is_null()) kept[key] = value;
  }
  kept["seed"] = seed;
  return kept;
}

VoiceWish voice_wish(const Fields& fields, const Shelf& shelf) {
  VoiceWish wish;
  wish.input = fields.text("input");
  wish.mood = fields.text("mood");
  wish.temperature = fields.number("temperature", wish.temperature);
  wish.max_tokens = static_cast<int>(fields.integer("max_tokens", wish.max_tokens));
  wish.roast = fields.flag("roast", wish.roast);
  if (trimmed(wish.input).empty()) {
    throw HttpError(Fault::bad_request, "input is empty", "input");
  }
  if (!wish.mood.empty()) mood_named(wish.mood, shelf.persona());
  return wish;
}

}  // namespace

std::string picture_file(const std::string& base64, const char* field,
                         const RequestLimits& limits) {
  auto bytes = from_base64(base64);
  if (!bytes) {
    const bool address = base64.starts_with("http:") || base64.starts_with("https:");
    throw HttpError(Fault::bad_request,
                    fmt::format("{} is {}, expected a PNG or a JPEG in base64", field,
                                address ? "an address" : "no base64"),
                    field);
  }
  try {
    check_image_size(*bytes, field, limits.image_pixels);
  } catch (const Error& error) {
    throw HttpError(Fault::bad_request, error.what(), field);
  }
  return std::move(*bytes);
}

const char* usual_negative() { return "extra fingers, blurry, watermark"; }

std::vector<Field> painting_fields(const RequestLimits& limits) {
  const size_t picture = limits.body_bytes;
  std::vector<Field> fields;
  fields.push_back(integer_field("seed", "random without it").between(0, 18446744073709551615.0));
  fields.push_back(integer_field("steps", "of denoising (25)").between(1, limits.steps));
  fields.push_back(number_field("cfg_scale", "guidance (7.5)").between(0, 30));
  fields.push_back(
      number_field("guided_from", "share of the noise schedule where guidance begins (0)")
          .between(0, 1));
  fields.push_back(number_field("guided_to", "share of it where guidance ends (1)").between(0, 1));
  fields.push_back(
      integer_field("cache", "calls of the network that share one pass through its deep layers (1)")
          .between(1, 1000));
  fields.push_back(
      text_field("negative_prompt", "what should not be there").up_to(limits.text_bytes));
  fields.push_back(text_field("sampler", "empty: the model's own").up_to(64));
  fields.push_back(text_field("scheduler", "noise levels; empty: the model's own").up_to(64));
  fields.push_back(number_field("eta", "of ddim: fresh noise in each step, 1 as much as ddpm (0)")
                       .between(0, 1));
  fields.push_back(integer_field("width", "0: the model's own").between(0, limits.side));
  fields.push_back(integer_field("height", "0: the model's own").between(0, limits.side));
  fields.push_back(
      integer_field("count", "pictures, the k-th with seed + k (1)").between(1, limits.count));
  fields.push_back(text_field("style", "a style of GET /options").up_to(200));
  fields.push_back(text_field("policy", "precision and quantization style, by name").up_to(200));
  fields.push_back(text_field("policy_text", "the same as rules").up_to(limits.policy_bytes));
  fields.push_back(integer_field("bits", "of the network's weights").between(2, 8));
  fields.push_back(text_field("model", "a model of GET /options (default)").up_to(200));
  Field loras = objects_field(
      "loras", "adapters of GET /options",
      {text_field("name", "").up_to(200).require(), number_field("scale", "1").between(-10, 10)});
  fields.push_back(std::move(loras).up_to(16));
  fields.push_back(
      text_field("filter", "what the PNG shows (none)").one_of({"none", "ascii", "blend"}));
  fields.push_back(integer_field("columns", "of the filter (100)").between(10, limits.columns));
  fields.push_back(
      text_field("charset", "of the filter: a name, or characters (techno)").up_to(1024));
  fields.push_back(flag_field("previews", "steps come with pictures (true)"));
  fields.push_back(
      text_field("init_image", "where to start: a PNG or JPEG in base64").up_to(picture));
  fields.push_back(text_field("mask", "of init_image: white is repainted").up_to(picture));
  fields.push_back(
      number_field("strength", "of what may change in init_image (0.75)").between(0.01, 1));
  fields.push_back(text_field("grammar", "of the prompt (literal)").one_of({"literal", "a1111"}));
  return fields;
}

std::vector<Field> reaction_fields(const RequestLimits& limits) {
  std::vector<Field> fields;
  fields.push_back(text_field("input", "what is said to Yent").up_to(limits.text_bytes));
  fields.push_back(text_field("mood", "a mood of GET /options").up_to(64));
  fields.push_back(number_field("temperature", "of the voice (0.8)").between(0.1, 2));
  fields.push_back(
      integer_field("max_tokens", "of what Yent adds (30)").between(1, limits.max_tokens));
  fields.push_back(flag_field("roast", "the other Yent comments (true)"));
  return fields;
}

std::vector<Field> job_fields(const RequestLimits& limits) {
  std::vector<Field> fields;
  fields.push_back(text_field("kind", "Yent reacts, or a prompt is painted as it stands (react)")
                       .one_of({"react", "paint"}));
  fields.push_back(text_field("prompt", "of kind paint").up_to(limits.text_bytes));
  fields.push_back(integer_field("clip_skip", "the text encoder's layer from its last, which is 1")
                       .between(1, 12));
  fields.push_back(flag_field("paint", "of kind react: a picture follows (true)"));
  for (Field& field : reaction_fields(limits)) fields.push_back(std::move(field));
  for (Field& field : painting_fields(limits)) fields.push_back(std::move(field));
  return fields;
}

PaintWish paint_wish(const Fields& fields, const RequestLimits& limits) {
  PaintWish wish;
  wish.prompt = fields.text("prompt");
  wish.negative = fields.text("negative_prompt", usual_negative());
  wish.model = fields.text("model", "default");
  wish.style = fields.text("style");
  wish.policy = fields.text("policy");
  wish.policy_text = fields.text("policy_text");
  wish.bits = static_cast<int>(fields.integer("bits"));
  PaintSpec& spec = wish.spec;
  spec.width = static_cast<int>(fields.integer("width"));
  spec.height = static_cast<int>(fields.integer("height"));
  spec.steps = static_cast<int>(fields.integer("steps", spec.steps));
  spec.guidance = fields.number("cfg_scale", spec.guidance);
  spec.sampler = fields.text("sampler");
  if (!fields.text("scheduler").empty()) spec.levels = find_noise_levels(fields.text("scheduler"));
  spec.guided_in = {fields.number("guided_from", 0), fields.number("guided_to", 1)};
  spec.cache = static_cast<int>(fields.integer("cache", 1));
  spec.eta = fields.number("eta", spec.eta);
  spec.strength = fields.number("strength", spec.strength);
  spec.clip_skip = static_cast<int>(fields.integer("clip_skip", 1));
  wish.count = static_cast<int>(fields.integer("count", 1));
  wish.grammar = grammar_named(fields.text("grammar", "literal"));
  for (const Json& lora : fields.json("loras")) {
    const double scale = lora["scale"].number().value_or(1);
    wish.loras.push_back({*lora["name"].text(), static_cast<float>(scale)});
  }
  wish.filter = fields.text("filter", "none");
  wish.columns = static_cast<int>(fields.integer("columns", wish.columns));
  wish.charset = fields.text("charset", wish.charset);
  wish.previews = fields.flag("previews", true);
  wish.picture = picture_of(fields, "init_image", limits);
  wish.mask = picture_of(fields, "mask", limits);
  return wish;
}

void check_work(const PaintWish& wish, const RequestLimits& limits) {
  check_sides(wish.spec);
  if (wish.mask && !wish.picture) {
    throw HttpError(Fault::bad_request, "mask needs an init_image", "mask");
  }
  const int ways = !wish.policy.empty() + !wish.policy_text.empty() + (wish.bits > 0);
  if (ways > 1) {
    throw HttpError(Fault::bad_request, "expected one of policy, policy_text and bits", "policy");
  }
  const int64_t width = wish.spec.width > 0 ? wish.spec.width : 512;
  const int64_t height = wish.spec.height > 0 ? wish.spec.height : 512;
  const int64_t work = width * height * wish.spec.steps * wish.count;
  if (width * height > limits.pixels || work > limits.pixel_steps) {
    throw HttpError(
        Fault::too_large,
        fmt::format("{}x{} pixels, {} steps, {} pictures are too much work for one request", width,
                    height, wish.spec.steps, wish.count),
        "steps");
  }
}

JobSpec job_spec(const Fields& fields, const Shelf& shelf, const RequestLimits& limits) {
  JobSpec spec;
  const bool paints = fields.text("kind", "react") == "paint";
  spec.kind = paints ? JobKind::paint : JobKind::react;
  spec.seed = fields.has("seed") ? fields.natural("seed") : random_seed();
  spec.painting = paint_wish(fields, limits);
  for (const char* field : {"input", "mood", "temperature", "max_tokens", "roast", "paint"}) {
    if (paints && fields.has(field)) {
      throw HttpError(Fault::bad_request, fmt::format("{} is for the kind react", field), field);
    }
  }
  for (const char* field : {"prompt", "clip_skip"}) {
    if (!paints && fields.has(field)) {
      throw HttpError(Fault::bad_request, fmt::format("{} is for the kind paint", field), field);
    }
  }
  if (paints && !fields.has("prompt")) {
    throw HttpError(Fault::bad_request, "prompt is missing", "prompt");
  }
  if (!paints) spec.voice = voice_wish(fields, shelf);
  spec.paints = paints || fields.flag("paint", true);
  check_work(spec.painting, limits);
  shelf.check(spec.painting);
  spec.request = kept_request(fields, spec.seed);
  return spec;
}

}  // namespace yent::server
