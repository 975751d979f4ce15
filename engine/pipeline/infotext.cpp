#include "engine/pipeline/infotext.h"

#include <fmt/core.h>

namespace yent {

std::string model_name(const std::filesystem::path& model) {
  return (model / "").parent_path().filename().string();
}

std::string lora_name(const std::string& path, float scale) {
  return scale == 1 ? path : fmt::format("{}:{}", path, scale);
}

std::string infotext(const PaintRequest& r, const Pipeline::Resolution& resolution, uint64_t seed,
                     const InfotextFacts& facts) {
  std::string text = fmt::format(
      "{}\nNegative prompt: {}\nSteps: {}, Sampler: {}, CFG scale: {}, Seed: {}, Size: {}x{}, "
      "Model: {}",
      r.prompt, r.negative, r.spec.steps, resolution.sampler, r.spec.guidance, seed,
      resolution.width, resolution.height, facts.model);
  if (r.spec.karras) text += ", Schedule type: Karras";
  if (r.picture) text += fmt::format(", Denoising strength: {}", r.spec.strength);
  for (const std::string& lora : facts.loras) text += fmt::format(", Lora: {}", lora);
  return text + fmt::format(", Version: yent {}", facts.version);
}

}  // namespace yent
