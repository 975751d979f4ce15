// Low-rank adapters: small pairs of matrices that are added to a checkpoint's weights,
//   W += scale * (alpha / rank) * B A,
// A ("down") of shape [rank, in], B ("up") [out, rank]; alpha is the rank when a file has none.
//
// The suffixes of the keys tell four families of files apart:
// clang-format off
//   PEFT       <path>.lora_A.weight, .lora_B.weight, with or without `base_model.model.` before and
//              `.default` inside; alpha from the config beside the file, or from the metadata
//   diffusers  <path>.lora.down.weight, .lora.up.weight; older: .lora_linear_layer.down.weight,
//              .processor.to_q_lora.down.weight
//   kohya      lora_unet_<path with _ for .>.lora_down.weight, lora_te_...; alpha in .alpha tensors
//   BK-SDM     PEFT in lora.pt; keys of the text encoder begin with `text_encoder_`
// clang-format on
// A path begins with `unet.` or `text_encoder.`; without either it is a path of the UNet.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/tensor.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

// The change of one module. The tensors borrow from the Lora, which must outlive it.
struct LoraDelta {
  HostTensor down;  // [rank, in] or [rank, in, kh, kw]
  HostTensor up;    // [out, rank], possibly with 1x1 behind
  float scale = 1;  // the user's scale * alpha / rank

  int64_t rank() const { return down.dims[0]; }
};

// A module that could be changed: its checkpoint path ("unet.down_blocks.0.attentions.0.proj_in",
// "text_encoder.text_model.encoder.layers.0.mlp.fc1") and the dims of its weight.
struct LoraTarget {
  std::string path;
  std::vector<int64_t> dims;
};

struct LoraMatch {
  std::map<std::string, LoraDelta> deltas;  // by the path of the target
  std::vector<std::string> unmatched;       // keys of the file that fit no target, sorted
};

// One adapter file. Const functions may be called from several threads at once.
class Lora {
 public:
  // Reads a .safetensors file or a torch zip. Throws a file error that names the key: half a
  // pair, ranks that differ, an alpha that is no finite number, and the relatives that are not
  // plain LoRA: DoRA, LoHa, LoKr, a middle factor, rank-stabilized or per-module alphas in PEFT
  // configs.
  static Lora open(const std::filesystem::path& path, float scale);

  // Finds the targets that the file changes. Throws a file error when there are none, when a
  // shape does not fit its target, or when two pairs claim the same one.
  LoraMatch match(std::span<const LoraTarget> targets) const;

  const std::string& path() const { return set_.path; }

 private:
  // The parts of one delta as they are found.
  struct Pair {
    std::optional<HostTensor> down, up;
    std::optional<double> alpha;
    std::vector<std::string> keys;  // of the file, all that it consists of
  };

  void sort_keys();
  void check_pairs() const;
  void read_config_alphas();

  TensorSet set_;
  float scale_ = 1;
  std::map<std::string, Pair> pairs_;   // by module: a checkpoint path, or kohya's flat name
  std::vector<std::string> strangers_;  // keys that are no part of an adapter
};

// w += scale * B A for a weight of `rows` = out and `cols` = in * kh * kw, dense, in PyTorch's
// order. The sum of each row is formed before it is added.
void add_to(const LoraDelta& delta, float* w, int64_t rows, int64_t cols);

}  // namespace yent
