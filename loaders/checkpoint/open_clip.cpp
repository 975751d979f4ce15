#include "loaders/checkpoint/open_clip.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "kernels/error.h"
#include "loaders/checkpoint/take_prefix.h"

namespace yent {
namespace {

using Rename = std::pair<std::string_view, std::string_view>;

constexpr Rename tower[] = {
    {"token_embedding.weight", "text_model.embeddings.token_embedding.weight"},
    {"positional_embedding", "text_model.embeddings.position_embedding.weight"},
    {"ln_final.weight", "text_model.final_layer_norm.weight"},
    {"ln_final.bias", "text_model.final_layer_norm.bias"},
};

constexpr Rename block[] = {
    {"ln_1.", "layer_norm1."},
    {"ln_2.", "layer_norm2."},
    {"mlp.c_fc.", "mlp.fc1."},
    {"mlp.c_proj.", "mlp.fc2."},
    {"attn.out_proj.", "self_attn.out_proj."},
};

// Takes "transformer.resblocks.12." off the front.
std::optional<int> take_block(std::string_view& name) {
  if (!take_prefix(name, "transformer.resblocks.")) return {};
  int number = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (failure != std::errc() || number < 0) return {};
  name.remove_prefix(static_cast<size_t>(end - name.data()));
  if (!take_prefix(name, ".")) return {};
  return number;
}

// The rows of q, of k and of v lie below each other.
void split(const TensorSet& set, const HostTensor& fused, const std::string& layer,
           std::string_view leaf, std::vector<HostTensor>& out) {
  const size_t rank = leaf == "weight" ? 2 : 1;
  if (fused.dims.size() != rank || fused.dims[0] % 3 != 0) {
    throw file_error("{}: {} is {}, expected three projections of one size", set.path,
                     printable(fused.name), dims_text(fused.dims));
  }
  const size_t bytes = fused.bytes / 3;
  for (size_t i = 0; i < 3; ++i) {
    HostTensor part = fused;
    part.name = fmt::format("{}self_attn.{}_proj.{}", layer, "qkv"[i], leaf);
    part.dims[0] /= 3;
    part.data += i * bytes;
    part.bytes = bytes;
    out.push_back(std::move(part));
  }
}

void convert(const TensorSet& set, const HostTensor& tensor, int last,
             std::vector<HostTensor>& out) {
  std::string_view name = tensor.name;
  const std::optional<int> number = take_block(name);
  if (number && *number == last) return;
  const std::string layer = number ? fmt::format("text_model.encoder.layers.{}.", *number) : "";
  if (number && name == "attn.in_proj_weight") return split(set, tensor, layer, "weight", out);
  if (number && name == "attn.in_proj_bias") return split(set, tensor, layer, "bias", out);
  const std::span<const Rename> renames = number ? std::span<const Rename>(block) : tower;
  for (const auto& [old, modern] : renames) {
    if (!take_prefix(name, old)) continue;
    out.push_back(tensor);
    out.back().name = fmt::format("{}{}{}", layer, modern, name);
    return;
  }
}

}  // namespace

void convert_open_clip(TensorSet& text) {
  int last = -1;
  for (const HostTensor& tensor : text.tensors) {
    std::string_view name = tensor.name;
    last = std::max(last, take_block(name).value_or(-1));
  }
  std::vector<HostTensor> converted;
  for (const HostTensor& tensor : text.tensors) convert(text, tensor, last, converted);
  text.tensors = std::move(converted);
  sort_by_name(text);
}

}  // namespace yent
