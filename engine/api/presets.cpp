// Styles and presets of the C API.
#include "engine/api/api.h"
#include "engine/pipeline/assets.h"
#include "engine/pipeline/preset.h"
#include "engine/pipeline/style.h"
#include "engine/yent/persona.h"

using namespace yent;
using namespace yent::api;

struct yent_style {
  Style style;
  std::string file;  // the adapter's
  yent_lora adapter;
};

struct yent_preset {
  Preset preset;
  std::string resampling;
};

const char* yent_style_name(size_t index) {
  static const std::vector<std::string> names =
      names_or_none([] { return style_names(built_in_persona()); });
  return index < names.size() ? names[index].c_str() : nullptr;
}

yent_status yent_style_find(const char* style, const char* model, yent_style** found) {
  return guard([&] {
    required(found, "found") = nullptr;
    const auto painter = painter_path(model ? model : "default");
    auto made = std::make_unique<yent_style>();
    made->style = find_style(&required(style, "style"), painter, built_in_persona());
    if (const auto& adapter = made->style.adapter) {
      made->file = adapter->path.string();
      made->adapter = {made->file.c_str(), adapter->scale};
    }
    *found = made.release();
  });
}

void yent_style_destroy(yent_style* style) { delete style; }

const char* yent_style_suffix(const yent_style* style) {
  return style ? style->style.suffix.c_str() : "";
}

const yent_lora* yent_style_adapter(const yent_style* style) {
  return style && style->style.adapter ? &style->adapter : nullptr;
}

const char* yent_preset_name(size_t index) {
  static const std::vector<std::string> names = names_or_none(preset_names);
  return index < names.size() ? names[index].c_str() : nullptr;
}

yent_status yent_preset_find(const char* preset, yent_preset** found) {
  return guard([&] {
    required(found, "found") = nullptr;
    auto made = std::make_unique<yent_preset>();
    made->preset = find_preset(&required(preset, "preset"));
    if (const auto& filter = made->preset.resampling) {
      made->resampling = resampling_names().at(static_cast<size_t>(*filter));
    }
    *found = made.release();
  });
}

void yent_preset_destroy(yent_preset* preset) { delete preset; }

yent_status yent_preset_apply(const yent_preset* preset, yent_paint_params* params) {
  return guard([&] {
    const Preset& from = required(preset, "preset").preset;
    // In a copy, because a caller built against an older header has fewer fields.
    yent_paint_params p = taken(&required(params, "params"), yent_paint_params_init);
    const size_t size = params->struct_size;
    if (from.negative) p.negative = from.negative->c_str();
    if (from.sampler) p.sampler = from.sampler->c_str();
    p.steps = from.steps.value_or(p.steps);
    p.guidance = from.guidance.value_or(p.guidance);
    p.width = from.width.value_or(p.width);
    p.height = from.height.value_or(p.height);
    p.seed = from.seed.value_or(p.seed);
    p.strength = from.strength.value_or(p.strength);
    p.steps_offset = from.steps_offset.value_or(p.steps_offset);
    if (!preset->resampling.empty()) p.resize = preset->resampling.c_str();
    p.struct_size = size;
    std::memcpy(static_cast<void*>(params), &p, std::min(size, sizeof p));
  });
}

yent_status yent_preset_prefixed(const yent_preset* preset, const char* prompt, char** prefixed) {
  return guard([&] {
    required(prefixed, "prefixed") = nullptr;
    *prefixed = new_text(required(preset, "preset").preset.prefixed(text_of(prompt)));
  });
}

const char* yent_preset_prompt(const yent_preset* preset, size_t index) {
  if (!preset || index >= preset->preset.prompts.size()) return nullptr;
  return preset->preset.prompts[index].text.c_str();
}

const char* yent_preset_negative(const yent_preset* preset, size_t index) {
  if (!preset || index >= preset->preset.prompts.size()) return nullptr;
  const auto& own = preset->preset.prompts[index].negative;
  const auto& negative = own ? own : preset->preset.negative;
  return negative ? negative->c_str() : "";
}
