// txt2img and img2img.
#include <algorithm>

#include "engine/diffusion/samplers/sampler_table.h"
#include "loaders/image/image.h"
#include "loaders/io/base64.h"
#include "tools/server/repaint.h"
#include "tools/server/routes/a1111/a1111_fields.h"
#include "tools/server/routes/a1111/a1111_routes.h"
#include "tools/server/routes/image_wish.h"
#include "tools/server/routes/job_fields.h"
#include "tools/server/routes/request_job.h"

namespace yent::server {
namespace {

constexpr double kGuidance = 7;  // of AUTOMATIC1111

// eta is DDIM's; of other samplers that have one it must be theirs, and the rest know none.
void add_eta(const Fields& body, const TitledSampler* sampler, Json& wish) {
  if (!body.has("eta") || !sampler || !sampler->eta) return;
  if (sampler->takes_eta) wish["eta"] = body.json("eta");
  if (sampler->takes_eta || body.number("eta") == *sampler->eta) return;
  throw HttpError(Fault::bad_request,
                  fmt::format("eta is {}: with {} only {} can be honoured", body.number("eta"),
                              sampler->title, *sampler->eta),
                  "eta");
}

void add_sampler(const Fields& body, Json& wish) {
  const char* field = body.has("sampler_name") ? "sampler_name" : "sampler_index";
  const std::string name = body.text(field);
  const std::string scheduler = body.text("scheduler");
  if (!is_automatic(scheduler)) wish["scheduler"] = scheduler;
  if (is_automatic(name)) return;
  wish["sampler"] = name;
  const NamedSampler named = find_sampler(name);
  const TitledSampler* titled = titled_sampler(named.sampler.name);
  add_eta(body, titled, wish);
  if (!is_automatic(scheduler) || named.levels || !titled || !titled->automatic) return;
  wish["scheduler"] = noise_levels_table()[static_cast<size_t>(*titled->automatic)].name;
}

void add_count(const Fields& body, const RequestLimits& limits, Json& wish) {
  const int64_t count = body.integer("batch_size", 1) * body.integer("n_iter", 1);
  if (count > limits.count) {
    throw HttpError(
        Fault::bad_request,
        fmt::format("batch_size times n_iter is {}, expected at most {}", count, limits.count),
        "n_iter");
  }
  wish["count"] = count;
}

// The request in the words of POST /jobs.
Json wish_of(const Fields& body, const CallerOptions& options, const RequestLimits& limits) {
  Json wish = own_wish(body);
  wish["model"] = options.model;
  wish["grammar"] = "a1111";
  wish["negative_prompt"] = body.text("negative_prompt");
  wish["cfg_scale"] = body.number("cfg_scale", kGuidance);
  for (const char* name : {"steps", "width", "height"}) {
    if (body.has(name)) wish[name] = body.json(name);
  }
  const bool random = body.has("seed") && body.number("seed", -1) < 0;
  if (body.has("seed") && !random) wish["seed"] = body.json("seed");
  add_count(body, limits, wish);
  add_sampler(body, wish);
  // 0 asks for none.
  const int64_t skip = std::max<int64_t>(1, body.integer("clip_skip", options.clip_skip));
  if (!body.flag("react")) wish["clip_skip"] = skip;
  return wish;
}

CallerOptions options_of(const Call& call, OptionsOfCallers& all) {
  const Fields overrides(call.body.json("override_settings"));
  const CallerOptions options = changed(all.of(call.caller), overrides, call.server.shelf);
  if (!call.body.flag("override_settings_restore_afterwards", true)) all.set(call.caller, options);
  return options;
}

// ---- The start of a picture -------------------------------------------------------------------

bool is_true(const Json& value, bool fallback) {
  if (const auto flag = value.boolean()) return *flag;
  const auto number = value.number();
  return number ? *number != 0 : fallback;
}

RepaintWish repaint_wish(const Fields& body) {
  const int64_t under = body.integer("inpainting_fill");
  if (under != 0 && under != 1) {
    throw HttpError(Fault::bad_request,
                    fmt::format("inpainting_fill is {}, expected 0 or 1: the others cannot be "
                                "honoured",
                                under),
                    "inpainting_fill");
  }
  const double usual = RepaintWish().blur;
  const double blur_x = body.number("mask_blur", body.number("mask_blur_x", usual));
  const double blur_y = body.number("mask_blur", body.number("mask_blur_y", usual));
  if (blur_x != blur_y) {
    throw HttpError(Fault::bad_request, "mask_blur_x and mask_blur_y differ, expected the same",
                    "mask_blur_y");
  }
  return {.invert = body.integer("inpainting_mask_invert") == 1,
          .blur = blur_x,
          .keeps_start = under == 1,
          .around_mask = is_true(body.json("inpaint_full_res"), true),
          .padding = static_cast<int>(body.integer("inpaint_full_res_padding"))};
}

// A job and, where a part is repainted, where the result belongs.
struct Prepared {
  JobSpec spec;
  std::shared_ptr<const RepaintPlan> plan = {};
};

// On a side thread: pictures are decoded.
Prepared prepare(const Fields& body, Json wish, const Server& server) {
  if (body.json("init_images").empty()) {
    throw HttpError(Fault::bad_request, "init_images is empty", "init_images");
  }
  const RequestLimits& limits = server.config.limits;
  const std::string file = picture_file(*body.json("init_images")[0].text(), "init_images", limits);
  const Image picture = decode_image(bytes_of(file), "init_images");
  for (const auto& [name, side] : {std::pair("width", picture.width), {"height", picture.height}}) {
    const Json& asked = wish[name];
    if (asked.number().value_or(0) == 0) wish[name] = std::max(8, side / 8 * 8);
  }
  if (body.has("denoising_strength")) wish["strength"] = body.json("denoising_strength");
  Prepared prepared{image_job(wish, server)};
  PaintWish& painting = prepared.spec.painting;
  painting.picture = std::make_shared<const std::string>(file);
  if (!body.has("mask")) return prepared;
  const Image mask =
      decode_image(bytes_of(picture_file(body.text("mask"), "mask", limits)), "mask");
  auto plan = std::make_shared<RepaintPlan>(
      plan_repaint(picture, mask, repaint_wish(body), painting.spec.width, painting.spec.height));
  painting.picture = png_file(plan->picture);
  painting.mask = png_file(plan->mask);
  prepared.plan = std::move(plan);
  return prepared;
}

// ---- The answer -------------------------------------------------------------------------------

// The request again, without its pictures and secrets.
Json parameters_of(const Fields& body) {
  Json json = Json::object();
  for (const auto& [key, value] : body.all().items()) {
    const bool told = key != "init_images" && key != "mask" && key != "auth" && key != "url";
    if (told) json[key] = value;
  }
  return json;
}

struct Result {
  JobSpec spec;
  std::vector<FinishedPicture> pictures;
  std::optional<Answer> said;
};

Json info_of(const Result& result, const std::vector<std::string>& infotexts) {
  const PaintWish& painting = result.spec.painting;
  Json json = Json::object(), prompts = Json::array(), negatives = Json::array(),
       seeds = Json::array(), subseeds = Json::array();
  for (const FinishedPicture& picture : result.pictures) {
    prompts.push_back(picture.record.prompt);
    negatives.push_back(painting.negative);
    seeds.push_back(picture.record.seed);
    subseeds.push_back(-1);
  }
  json["prompt"] = prompts.empty() ? Json(painting.prompt) : prompts[0];
  json["all_prompts"] = std::move(prompts);
  json["negative_prompt"] = painting.negative;
  json["all_negative_prompts"] = std::move(negatives);
  json["seed"] = result.spec.seed;
  json["all_seeds"] = std::move(seeds);
  json["subseed"] = -1;
  json["all_subseeds"] = std::move(subseeds);
  json["subseed_strength"] = 0;
  if (!result.pictures.empty()) {
    json["width"] = result.pictures[0].record.width;
    json["height"] = result.pictures[0].record.height;
  }
  json["sampler_name"] = painting.spec.sampler;
  json["cfg_scale"] = painting.spec.guidance;
  json["steps"] = painting.spec.steps;
  json["batch_size"] = painting.count;
  json["sd_model_name"] = painting.model;
  json["denoising_strength"] = painting.picture ? Json(painting.spec.strength) : Json();
  json["clip_skip"] = painting.spec.clip_skip;
  json["index_of_first_image"] = 0;  // there is no grid in front
  json["infotexts"] = infotexts;
  json["styles"] = Json::array();
  json["version"] = "yent " YENT_VERSION;
  if (result.said) json["yent_words"] = result.said->reaction.words;
  return json;
}

void answer_with(const std::shared_ptr<Call>& call, const Job& job,
                 const std::shared_ptr<const RepaintPlan>& plan) {
  // Who interrupts gets what is finished, and no error.
  if (job.state == JobState::failed) return call->fail(failure_of(job));
  const auto json = std::make_shared<Json>(Json::object());
  const auto result =
      std::make_shared<const Result>(Result{job.spec, finished_pictures(job), job.answer});
  call->server.aside(
      call,
      [call, json, result, plan] {
        Json images = Json::array();
        std::vector<std::string> infotexts;
        for (const FinishedPicture& picture : result->pictures) {
          const std::string file = finished_file(picture, plan.get());
          infotexts.push_back(infotext_of(file));
          if (call->body.flag("send_images", true)) images.push_back(to_base64(file));
        }
        (*json)["images"] = std::move(images);
        (*json)["parameters"] = parameters_of(call->body);
        (*json)["info"] = info_of(*result, infotexts).dump();
      },
      [call, json] { call->answer(200, *json); });
}

void paint(const std::shared_ptr<Call>& call, Prepared prepared) {
  run_job(call, std::move(prepared.spec), false,
          [call, plan = prepared.plan](const Job& job) { answer_with(call, job, plan); });
}

void txt2img(const std::shared_ptr<Call>& call, OptionsOfCallers& options) {
  const Json wish = wish_of(call->body, options_of(*call, options), call->server.config.limits);
  paint(call, {image_job(wish, call->server)});
}

void img2img(const std::shared_ptr<Call>& call, OptionsOfCallers& options) {
  const Json wish = wish_of(call->body, options_of(*call, options), call->server.config.limits);
  const auto prepared = std::make_shared<Prepared>();
  call->server.aside(
      call, [call, wish, prepared] { *prepared = prepare(call->body, wish, call->server); },
      [call, prepared] { paint(call, std::move(*prepared)); });
}

}  // namespace

std::vector<Route> a1111_painting_routes(const RequestLimits& limits,
                                         const SharedOptions& options) {
  Route text =
      a1111_route("POST", "txt2img", "pictures of a prompt",
                  [options](const std::shared_ptr<Call>& call) { txt2img(call, *options); });
  text.body = txt2img_fields(limits);
  Route image =
      a1111_route("POST", "img2img", "a picture that is changed",
                  [options](const std::shared_ptr<Call>& call) { img2img(call, *options); });
  image.body = img2img_fields(limits);
  image.body_limit = limits.body_bytes;
  return {text, image};
}

}  // namespace yent::server
