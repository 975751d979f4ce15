#include "engine/pipeline/infotext.h"

#include <fmt/format.h>

namespace yent {

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
