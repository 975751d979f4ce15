// What a picture needs to be made again, in the words of AUTOMATIC1111: the text of the PNG chunk
// `parameters`. The prompt, the negative prompt where there is one, then a line of settings; a
// value that would break the line apart is a JSON string there, as AUTOMATIC1111 writes it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/pipeline/pipeline.h"

namespace yent {

// What the request does not say itself. The pipeline's own adapters and embeddings as the caller
// wrote them; a VAE and a policy by name, where they are not the model's own.
struct InfotextFacts {
  std::string model, version;
  std::vector<std::string> loras = {}, embeddings = {};
  std::string vae = {}, policy = {};
};

// How the infotext names a model (the last part of its path) and an adapter (FILE:SCALE, or FILE
// where the scale is 1).
std::string model_name(const std::filesystem::path& model);
std::string lora_name(const std::string& path, float scale);

std::string infotext(const PaintRequest& request, const Pipeline::Resolution& resolution,
                     uint64_t seed, const InfotextFacts& facts);

}  // namespace yent
