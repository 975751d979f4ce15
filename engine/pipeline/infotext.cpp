#include "engine/pipeline/infotext.h"

#include <fmt/format.h>

#include "loaders/io/json.h"

namespace yent {
namespace {

struct Setting {
  const char* key;
  std::string value;
};

std::string as_json(const std::string& text) { return Json(text).dump(); }

bool has_any(const std::string& text, const char* characters) {
  return text.find_first_of(characters) != std::string::npos;
}

// Readers split at commas and colons, take what begins with a quote for JSON, and cut spaces off.
bool must_be_quoted(const std::string& value) {
  if (value.empty()) return false;
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  return has_any(value, ",:\"\n\r") || is_space(value.front()) || is_space(value.back());
}

// Elements with a comma are JSON strings, too, so that the list can be taken apart again.
std::string list_of(const std::vector<std::string>& elements) {
  std::string list;
  for (const std::string& e : elements) {
    list += list.empty() ? "" : ", ";
    list += has_any(e, ",\"\n\r") ? as_json(e) : e;
  }
  return list;
}

// Quoted values come last: some readers end at the first of them.
std::string settings_line(const std::vector<Setting>& settings) {
  std::string plain, quoted;
  for (const auto& [key, value] : settings) {
    std::string& line = must_be_quoted(value) ? quoted : plain;
    line += fmt::format(", {}: {}", key, must_be_quoted(value) ? as_json(value) : value);
  }
  return (plain + quoted).substr(2);
}

}  // namespace

std::string model_name(const std::filesystem::path& model) {
  return (model / "").parent_path().filename().string();
}

std::string lora_name(const std::string& path, float scale) {
  return scale == 1 ? path : fmt::format("{}:{}", path, scale);
}

std::string infotext(const PaintRequest& r, const Pipeline::Resolution& resolution, uint64_t seed,
                     const InfotextFacts& facts) {
  std::vector<Setting> settings{{"Steps", fmt::to_string(r.spec.steps)},
                                {"Sampler", resolution.sampler}};
  if (resolution.levels != NoiseLevels::spaced) {
    const auto index = static_cast<size_t>(resolution.levels);
    settings.push_back({"Schedule type", std::string(noise_levels_table()[index].title)});
  }
  settings.push_back({"CFG scale", fmt::to_string(r.spec.guidance)});
  if (r.spec.eta != 0) settings.push_back({"Eta DDIM", fmt::to_string(r.spec.eta)});
  settings.push_back({"Seed", fmt::to_string(seed)});
  settings.push_back({"Size", fmt::format("{}x{}", resolution.width, resolution.height)});
  settings.push_back({"Model", facts.model});
  if (!facts.vae.empty()) settings.push_back({"VAE", facts.vae});
  if (r.spec.clip_skip != 1) settings.push_back({"Clip skip", fmt::to_string(r.spec.clip_skip)});
  if (r.spec.cache != 1) settings.push_back({"Cache", fmt::to_string(r.spec.cache)});
  if (const ScheduleShare& part = r.spec.guided_in; !part.whole()) {
    settings.push_back({"CFG interval", fmt::format("{}-{}", part.begin, part.end)});
  }
  if (r.picture) settings.push_back({"Denoising strength", fmt::to_string(r.spec.strength)});
  std::vector<std::string> loras = facts.loras;
  for (const LoraFile& lora : r.loras) loras.push_back(lora_name(lora.path.string(), lora.scale));
  if (!loras.empty()) settings.push_back({"Lora", list_of(loras)});
  if (!facts.embeddings.empty()) settings.push_back({"Embeddings", list_of(facts.embeddings)});
  if (!facts.policy.empty()) settings.push_back({"Policy", facts.policy});
  settings.push_back({"Version", fmt::format("yent {}", facts.version)});

  std::string text = r.prompt;
  if (!r.negative.empty()) text += "\nNegative prompt: " + r.negative;
  return text + "\n" + settings_line(settings);
}

}  // namespace yent
