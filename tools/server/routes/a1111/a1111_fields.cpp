#include "tools/server/routes/a1111/a1111_fields.h"

#include <algorithm>

#include "engine/diffusion/samplers/sampler_table.h"
#include "kernels/spelling.h"
#include "tools/server/http/message.h"
#include "tools/server/routes/image_wish.h"

namespace yent::server {
namespace {

constexpr const char* kNotHonoured = "it would change the picture and cannot be honoured";

// Fields that something else has to ask for first: then that is what is refused.
constexpr const char* kAskForNothingAlone[] = {
    // of subseed_strength and seed_resize_from
    "subseed", "seed_enable_extras",
    // of s_churn
    "s_tmax", "s_tmin",
    // of enable_hr
    "firstphase_width", "firstphase_height", "hr_scale", "hr_upscaler", "hr_second_pass_steps",
    "hr_resize_x", "hr_resize_y", "hr_checkpoint_name", "hr_sampler_name", "hr_scheduler",
    "hr_prompt", "hr_negative_prompt", "hr_cfg", "hr_distilled_cfg", "hr_additional_modules",
    "hr_force",
    // of refiner_checkpoint and script_name
    "refiner_switch_at", "script_args",
    // of models that change pictures by instruction, and of distilled ones, which are not here
    "image_cfg_scale", "distilled_cfg_scale",
    // what the server would do beside the answer: it keeps no files of these routes
    "save_images", "do_not_save_samples", "do_not_save_grid",
    // of other programs: the address of this server, its key again, names of the task
    "url", "auth", "force_task_id", "comments"};

struct Harmless {
  const char* name;
  std::vector<Json> values;  // beside null
};

const std::vector<Harmless>& harmless() {
  static const std::vector<Harmless> table = {
      {"styles", {Json::array()}},
      {"subseed_strength", {0}},
      {"seed_resize_from_h", {-1, 0}},
      {"seed_resize_from_w", {-1, 0}},
      {"restore_faces", {false}},
      {"tiling", {false}},
      {"s_min_uncond", {0}},
      {"s_churn", {0}},
      {"s_noise", {1}},
      {"enable_hr", {false}},
      {"refiner_checkpoint", {"", "None"}},
      {"disable_extra_networks", {false}},
      {"firstpass_image", {}},
      {"script_name", {"", "None"}},
      {"alwayson_scripts", {Json::object()}},
      {"infotext", {""}},
  };
  return table;
}

const std::vector<Harmless>& harmless_of_pictures() {
  static const std::vector<Harmless> table = {
      {"resize_mode", {0}},
      {"latent_mask", {}},
      {"initial_noise_multiplier", {1}},
      {"include_init_images", {false}},
      {"mask_round", {true}},
  };
  return table;
}

void add_harmless(std::vector<Field>& fields, const std::vector<Harmless>& table) {
  for (const Harmless& row : table) {
    fields.push_back(only_field(row.name, kNotHonoured, row.values));
  }
}

// What both kinds of requests have.
std::vector<Field> painting(const RequestLimits& limits) {
  std::vector<Field> fields{
      text_field("prompt", "in AUTOMATIC1111's grammar, with <lora:name:scale>")
          .up_to(limits.text_bytes),
      text_field("negative_prompt", "the same of what should not be there")
          .up_to(limits.text_bytes),
      integer_field("seed", "-1: random").between(-1, 18446744073709551615.0),
      integer_field("steps", "of denoising (25)").between(1, limits.steps),
      number_field("cfg_scale", "guidance (7)").between(0, 30),
      integer_field("width", "0: the model's own").between(0, limits.side),
      integer_field("height", "0: the model's own").between(0, limits.side),
      text_field("sampler_name", "of samplers; empty: the model's own").up_to(64),
      text_field("sampler_index", "the old name of sampler_name").up_to(64),
      text_field("scheduler", "of schedulers (Automatic)").up_to(64),
      integer_field("batch_size", "pictures, the k-th with seed + k (1)").between(1, limits.count),
      integer_field("n_iter", "as often as this (1)").between(1, limits.count),
      number_field("eta", "of DDIM (0); with other samplers that have one: 1").between(0, 1),
      integer_field("clip_skip", "the text encoder's layer from its last, which is 1")
          .between(0, 12),
      object_field("override_settings", "options for this request", option_fields()),
      flag_field("override_settings_restore_afterwards", "false: they stay (true)"),
      flag_field("send_images", "false: only what was made of them (true)"),
  };
  for (Field& field : own_fields(limits)) fields.push_back(std::move(field));
  add_harmless(fields, harmless());
  for (const char* name : kAskForNothingAlone) fields.push_back(any_field(name, "not used"));
  return fields;
}

constexpr TitledSampler kSamplers[] = {
    {"ddim", "DDIM", {}, 0, true},
    {"pndm", "PLMS"},
    {"ddpm", "DDPM"},
    {"euler", "Euler"},
    {"euler-a", "Euler a", {}, 1},
    {"dpm++2m", "DPM++ 2M", NoiseLevels::karras},
    {"dpm++2m-sde", "DPM++ 2M SDE", NoiseLevels::exponential, 1},
    {"dpm++2m-sde-heun", "DPM++ 2M SDE Heun", NoiseLevels::exponential, 1},
    {"dpm++3m-sde", "DPM++ 3M SDE", NoiseLevels::exponential, 1},
    {"dpm++sde", "DPM++ SDE", NoiseLevels::karras, 1},
    {"dpm++2s-a", "DPM++ 2S a", NoiseLevels::karras, 1},
    {"heun", "Heun"},
    {"dpm2", "DPM2", NoiseLevels::karras},
    {"dpm2-a", "DPM2 a", NoiseLevels::karras, 1},
    {"lms", "LMS"},
    {"unipc", "UniPC"},
    {"lcm", "LCM"},
    {"tcd", "TCD"},
};

}  // namespace

std::span<const TitledSampler> titled_samplers() { return kSamplers; }

const TitledSampler* titled_sampler(const std::string& name) {
  const auto found = std::ranges::find_if(
      kSamplers, [&](const TitledSampler& sampler) { return sampler.name == name; });
  return found == std::end(kSamplers) ? nullptr : &*found;
}

bool is_automatic(const std::string& scheduler) {
  return scheduler.empty() || lower_case(scheduler) == "automatic";
}

std::vector<Field> txt2img_fields(const RequestLimits& limits) {
  std::vector<Field> fields = painting(limits);
  fields.push_back(any_field("denoising_strength", "of enable_hr: not used"));
  return fields;
}

std::vector<Field> img2img_fields(const RequestLimits& limits) {
  std::vector<Field> fields = painting(limits);
  fields.push_back(
      array_field("init_images", "one PNG or JPEG in base64", Kind::text).up_to(1).require());
  fields.push_back(
      number_field("denoising_strength", "of what may change (0.75)").between(0.01, 1));
  fields.push_back(text_field("mask", "a picture in base64: white is repainted, and the rest stays")
                       .up_to(limits.body_bytes));
  fields.push_back(number_field("mask_blur", "pixels at the mask's edge (4)").between(0, 64));
  fields.push_back(number_field("mask_blur_x", "the same").between(0, 64));
  fields.push_back(number_field("mask_blur_y", "the same").between(0, 64));
  fields.push_back(integer_field("inpainting_fill",
                                 "under the mask to begin with: 0 the colours "
                                 "around it, 1 the picture (0)"));
  fields.push_back(any_field("inpaint_full_res",
                             "only what is around the mask is painted, in the "
                             "whole size (true)"));
  fields.push_back(
      integer_field("inpaint_full_res_padding", "pixels around the mask (0)").between(0, 1024));
  fields.push_back(
      integer_field("inpainting_mask_invert", "1: black is repainted (0)").between(0, 1));
  add_harmless(fields, harmless_of_pictures());
  return fields;
}

const std::vector<FixedOption>& fixed_options() {
  static const std::vector<FixedOption> options = {
      {"sd_vae", "Automatic", {"None", ""}},
      {"samples_format", "png"},
      {"return_grid", false},
      {"eta_noise_seed_delta", 0},
      {"randn_source", "CPU"},
      {"emphasis", "Original"},
      {"token_merging_ratio", 0},
      {"img2img_fix_steps", false},
      {"img2img_color_correction", false},
      {"samples_save", false, {true}},
      {"grid_save", false, {true}},
      {"live_previews_enable", true, {false}},
  };
  return options;
}

std::vector<Field> option_fields() {
  std::vector<Field> fields{
      text_field("sd_model_checkpoint", "a model of sd-models").up_to(200),
      integer_field("CLIP_stop_at_last_layers", "clip_skip (1)").between(1, 12)};
  for (const FixedOption& option : fixed_options()) {
    std::vector<Json> values = option.others;
    values.push_back(option.value);
    fields.push_back(only_field(option.name, kNotHonoured, std::move(values)));
  }
  return fields;
}

}  // namespace yent::server
