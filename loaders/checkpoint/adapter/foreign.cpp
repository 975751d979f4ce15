#include "loaders/checkpoint/adapter/foreign.h"

#include <span>

#include "kernels/error.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

// What a key contains, and what it is then part of.
struct Mark {
  std::string_view text;
  const char* owner;
};

constexpr Mark other_formulas[] = {
    {".ia3_l", "IA3"},
    {".on_input", "IA3"},
    {".oft_", "OFT"},
    {"oft_blocks", "OFT or BOFT"},
    {"oft_diag", "OFT"},
    {".boft_", "BOFT"},
    {".vera_lambda_", "VeRA"},
    {".randlora_", "RandLora"},
    {".hra_", "HRA"},
    {".vblora_", "VB-LoRA"},
    {".fourierft_", "FourierFT"},
    {".lora_E", "AdaLoRA"},
    {".ranknum", "AdaLoRA"},
    {".a1.weight", "GLoRA"},
    {".bm.weight", "GLoRA"},
    {".bone_", "Bone"},
    {".miss_", "MiSS"},
    {"trainable_tokens_", "trained tokens"},
    {"bundle_emb.", "a textual inversion inside a LoRA file"},
    {"lora_controlnet", "a ControlNet"},
    {"_custom_diffusion.", "Custom Diffusion"},
};

constexpr Mark other_models[] = {
    {"lora_te2_", "SDXL"},
    {"text_encoder_2.", "SDXL"},
    {"text_encoders.clip_g.", "SDXL"},
    {"lora_te3_", "SD 3"},
    {"text_encoders.t5xxl.", "a model with T5"},
    {"double_blocks", "Flux"},
    {"single_blocks", "Flux"},
    {"single_transformer_blocks", "Flux"},
    {"joint_blocks", "SD 3"},
    {"lora_prior_", "Stable Cascade"},
    {"add_embedding", "SDXL"},
    {"label_emb", "SDXL"},
};

const char* owner_of(std::string_view key, std::span<const Mark> marks) {
  for (const Mark& mark : marks) {
    if (key.find(mark.text) != std::string_view::npos) return mark.owner;
  }
  return nullptr;
}

}  // namespace

void refuse_foreign_key(std::string_view key, const std::string& path) {
  if (const char* formula = owner_of(key, other_formulas)) {
    throw file_error("{}: {} is of {}, which is not supported", path, printable(key), formula);
  }
  if (const char* model = owner_of(key, other_models)) {
    throw file_error("{}: {} is for {}, expected an adapter for SD 1.x or 2.x", path,
                     printable(key), model);
  }
}

}  // namespace yent
