// Models of published shapes with seeded weights, so that speed can be measured anywhere.
#pragma once

#include <filesystem>
#include <string>

namespace yent {

// Writes `kind` ("bk-sdm-tiny", "sd15": a diffusers folder, f16; "micro-yent": micro-yent.gguf,
// Q8_0; "ascii-small" and its like: an ASCII transformer of a preset in f32, int8 and int4) into
// `folder`, which is made. `clip` is a folder with CLIP's vocabulary. Throws a usage
// error for another kind and run errors for failed writes.
void synthesize(const std::string& kind, const std::filesystem::path& folder,
                const std::filesystem::path& clip);

}  // namespace yent
