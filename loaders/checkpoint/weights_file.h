// The weights of one network on disk: which file of a folder has them, and reading it.
#pragma once

#include <filesystem>
#include <string>

#include "loaders/tensors/tensor_set.h"

namespace yent {

// Which of several sets of weights is wanted.
struct WeightChoice {
  bool prefer_f16 = false;   // *.fp16.* before the plain ones, where a folder has both
  std::string variant = {};  // *.NAME.*, where a folder has them
};

// The names that a library gives its files: `<base>.safetensors`, `<torch_base>.bin`.
struct WeightNames {
  const char *base, *torch_base;
};
constexpr WeightNames diffusers_weights = {"diffusion_pytorch_model", "diffusion_pytorch_model"};
constexpr WeightNames transformers_weights = {"model", "pytorch_model"};

// The folder's file: of the variant, else plain; safetensors, else torch; whole, else the index of
// shards. Throws a file error when there is none.
std::filesystem::path find_weights(const std::filesystem::path& folder, const WeightNames& names,
                                   const WeightChoice& choice);
// Whether the folder has weights of this variant.
bool has_variant(const std::filesystem::path& folder, const WeightNames& names,
                 const std::string& variant);

// The floating-point tensors, 8-bit ones with their scales. Integer buffers such as position_ids
// are left out. Throws a file error.
TensorSet read_weights(const std::filesystem::path& path);
TensorSet weights_of(TensorSet set);

}  // namespace yent
