// Models of published shapes with seeded weights, so that speed can be measured anywhere.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "loaders/io/json.h"

namespace yent {

struct PainterConfigs {
  Json unet, vae, text;
};

// A painter as one file of torch.save, in LDM's names and f16: 2.1 GB for SD 1.5's configs.
void write_single_file(const std::filesystem::path& file, const PainterConfigs& configs,
                       uint64_t seed);

// Writes `kind` ("bk-sdm-tiny", "sd15": a diffusers folder, f16; "sd15-ckpt": the same as one file,
// sd15.ckpt; "micro-yent": micro-yent.gguf, Q8_0; "ascii-small" and its like: an ASCII transformer
// of a preset in f32, int8 and int4) into `folder`, which is made. `clip` is a folder with CLIP's
// vocabulary. Throws a usage error for another kind and run errors for failed writes.
void synthesize(const std::string& kind, const std::filesystem::path& folder,
                const std::filesystem::path& clip);

}  // namespace yent
