// Inputs of a run that the caller has in memory or in a safetensors file: text embeddings and
// first latents.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/diffusion/latent.h"
#include "kernels/error.h"

namespace yent {

// Text embeddings instead of a prompt, [tokens, width] each.
struct TextEmbeddings {
  std::string origin = {};  // the file, for error sentences; empty: the caller's memory
  struct Rows {
    std::vector<int64_t> dims;
    std::vector<float> values;
  };
  std::optional<Rows> cond = {}, uncond = {};  // uncond is not needed unguided
};

// Unit noise of each picture, instead of a seed.
struct FirstLatents {
  std::string origin = {};  // as above
  std::vector<Latent> latents = {};
};

// `cond` and, where it is there, `uncond` [tokens, width] of a file, in any type. Throws file
// errors.
TextEmbeddings read_embeddings(const std::filesystem::path& path);

// `latent` [n, c, h, w] f32 of a file: unit noise of n pictures. Throws file errors.
FirstLatents read_first_latents(const std::filesystem::path& path);

// An input that does not fit: a file error where it came from a file, else a usage error.
inline Error misfit(const std::string& origin, const std::string& sentence) {
  return origin.empty() ? usage_error("{}", sentence) : file_error("{}: {}", origin, sentence);
}

}  // namespace yent
