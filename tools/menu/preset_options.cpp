#include "tools/menu/preset_options.h"

#include "kernels/error.h"
#include "tools/command_line/option_group.h"

namespace yent {
namespace {

// diffusers fits a picture to no size but its own, and asks the model where timesteps begin.
bool goes_diffusers_way(const Options& o, bool from_picture) {
  return from_picture && o.img2img == "diffusers";
}

// A menu has no Yent in it.
void check_menu(const Options& o, const CommandLine& line) {
  if (!o.words.empty()) throw usage_error("-I with --preset is a menu, expected no words");
  for (const char* flag :
       {"--session", "--dual", "--mood", "--prompt-only", "--init-latent", "--mask"}) {
    if (line.given(flag)) throw usage_error("-I with --preset is a menu, which has no {}", flag);
  }
}

}  // namespace

void add_preset_options(CommandLine& line, Options& o) {
  OptionGroup preset(line, "Presets");
  preset.add("--preset FILE|FILE:NAME|NAME", o.preset_name,
             "what the people who use a model give it: words in front of every prompt, sampler, "
             "steps, guidance, size, seed and prompts, except what you give yourself; by name, or "
             "from your own file. With -I a menu of it; alone it paints its first prompt",
             preset_names);
  preset.add("--img2img own|diffusers", o.img2img,
             "how a picture becomes another with --preset (own): as the program of its users makes "
             "it, at the preset's size, resampling and timesteps; or as diffusers does, at the "
             "picture's own size, by Lanczos and with the model's timesteps");
  preset.add("--steps-offset", o.steps_offset,
             "added to timesteps that are counted from 0 (the model's own: 1 for single files)");
  preset.add("--resize lanczos|bicubic", o.resize,
             "how an input picture is fitted to the size (lanczos)");
}

void check_preset(const Options& o, const CommandLine& line) {
  const auto given = [&](const char* flag) { return line.given(flag); };
  if (given("--preset") && o.preset_name.empty()) {
    throw usage_error("--preset is empty, expected a name or a file");
  }
  if (given("--img2img") && !o.preset) throw usage_error("--img2img needs --preset");
  if (given("--steps-offset")) in_range("--steps-offset", o.steps_offset, 0, 9999);
  if (given("--resize") && o.init_image.empty() && !(o.preset && o.interactive)) {
    throw usage_error("--resize needs -i");
  }
  if (o.preset && o.interactive) check_menu(o, line);
}

void apply_preset(Options& o, const CommandLine& line) {
  if (o.preset_name.empty()) return;
  Preset& p = o.preset.emplace(find_preset(o.preset_name));
  const auto take = [&](const char* option, const auto& from, auto& to) {
    if (from && !line.given(option)) to = *from;
  };
  take("--sampler", p.sampler, o.sampler);
  take("--steps", p.steps, o.steps);
  take("--cfg-scale", p.guidance, o.guidance);
  take("--strength", p.strength, o.strength);
  take("--negative", p.negative, o.negative);
  if (p.seed && !line.given("--seed")) o.seed = p.seed;
  if (!line.given("--negative")) return;
  for (PresetPrompt& prompt : p.prompts) prompt.negative = o.negative;
}

void take_first_prompt(Options& o) {
  const PresetPrompt& first = o.preset->prompts.front();
  o.prompt = first.text;
  o.negative = first.negative.value_or(o.negative);
}

void shape_by_preset(const Options& o, PaintSpec& spec, bool from_picture) {
  if (o.steps_offset >= 0) spec.steps_offset = o.steps_offset;
  if (!o.resize.empty()) spec.resampling = find_resampling(o.resize).value();
  if (!o.preset || goes_diffusers_way(o, from_picture)) return;
  const Preset& p = *o.preset;
  if (spec.width == 0) spec.width = p.width.value_or(0);
  if (spec.height == 0) spec.height = p.height.value_or(0);
  if (!spec.steps_offset) spec.steps_offset = p.steps_offset;
  if (o.resize.empty()) spec.resampling = p.resampling.value_or(spec.resampling);
}

std::string prefixed(const Options& o, const std::string& prompt) {
  return o.preset ? o.preset->prefixed(prompt) : prompt;
}

PromptLimit with_prefix(const Options& o, PromptLimit limit) {
  if (!o.preset || !limit.count_tokens) return limit;
  return {[count = std::move(limit.count_tokens), preset = *o.preset](std::string_view text) {
            return count(preset.prefixed(std::string(text)));
          },
          limit.capacity};
}

std::vector<std::string> resolved_arguments(const Options& o, const PaintRequest& request,
                                            bool words_are_kept) {
  std::vector<std::string> arguments = o.arguments;
  if (!o.preset) return arguments;
  const auto set = [&](const std::string& option, const auto& value, bool given = true) {
    const std::string begin = option + "=";
    std::erase_if(arguments, [&](const std::string& a) { return a.starts_with(begin); });
    if (given) arguments.push_back(fmt::format("{}{}", begin, value));
  };
  const PaintSpec& spec = request.spec;
  set("--prompt", request.prompt, !words_are_kept);
  set("--negative", request.negative);
  set("--steps", spec.steps);
  set("--cfg-scale", spec.guidance);
  set("--sampler", spec.sampler, !spec.sampler.empty());
  set("--width", spec.width, spec.width > 0);
  set("--height", spec.height, spec.height > 0);
  set("--steps-offset", spec.steps_offset.value_or(0), spec.steps_offset.has_value());
  const bool from_picture = request.picture.has_value();
  set("--init-img", o.init_image, from_picture);
  set("--strength", spec.strength, from_picture);
  set("--resize", resampling_names().at(static_cast<size_t>(spec.resampling)), from_picture);
  return in_order(std::move(arguments));
}

}  // namespace yent
