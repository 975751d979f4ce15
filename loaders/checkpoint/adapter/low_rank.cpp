// LoRA: W += B A, with A ("down") of shape [rank, in, kernel...] and B ("up") [out, rank]. LyCORIS
// calls it LoCon where convolutions have it; in Tucker form a middle factor ("mid") [rank, rank,
// kernel...] takes the kernel, and A is 1x1. PEFT's form for tables of embeddings is transposed.
// PEFT's lora_bias adds a vector to B's output, so to the layer's bias.
#include <memory>

#include "kernels/error.h"
#include "loaders/checkpoint/adapter/factors.h"
#include "loaders/checkpoint/adapter/kinds.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

constexpr AdapterSuffix low_rank_suffixes[] = {
    {".lora_A", ".weight", "down", true},
    {".lora_B", ".weight", "up", true},
    {"_lora.down", ".weight", "down"},
    {"_lora.up", ".weight", "up"},
    {".lora.down", ".weight", "down"},
    {".lora.up", ".weight", "up"},
    {".lora_linear_layer.down", ".weight", "down"},
    {".lora_linear_layer.up", ".weight", "up"},
    {".lora_down", ".weight", "down"},
    {".lora_up", ".weight", "up"},
    {".lora_mid", ".weight", "mid"},
};

constexpr AdapterSuffix low_rank_table_suffixes[] = {
    {".lora_embedding_A", "", "table_down", true},
    {".lora_embedding_B", "", "table_up", true},
};

constexpr AdapterSuffix low_rank_bias_suffixes[] = {
    {".lora_B", ".bias", "up_bias", true},
    {".lora.up", ".bias", "up_bias"},
    {".lora_up", ".bias", "up_bias"},
};

Error ranks_differ(const AdapterParts& parts, const HostTensor& down, const HostTensor& up) {
  return file_error("{}: {} is {} and {} {}, expected the same rank", parts.path(),
                    printable(down.name), dims_text(down.dims), printable(up.name),
                    dims_text(up.dims));
}

std::optional<int64_t> check_low_rank(const AdapterParts& parts, std::span<const int64_t> dims) {
  const HostTensor &down = parts.get("down"), &up = parts.get("up");
  const HostTensor* mid = parts.find("mid");
  const std::vector<int64_t> outputs = squeezed(up.dims);
  if (down.dims.size() < 2 || outputs.size() != 2 || down.dims[0] < 1 || outputs[1] < 1 ||
      (!mid && down.dims[0] != outputs[1])) {
    throw ranks_differ(parts, down, up);
  }
  const int64_t rank = down.dims[0];
  std::vector<int64_t> inputs(dims.begin(), dims.end());
  inputs.at(0) = rank;
  if (mid) {
    std::vector<int64_t> core = inputs;
    core[0] = outputs[1];
    core.at(1) = rank;
    parts.get("mid", core);
    inputs.resize(2);
  }
  parts.get("down", squeezed(inputs));
  parts.get("up", std::vector<int64_t>{dims[0], outputs[1]});
  return rank;
}

RowChange rows_of(LowRankMatrix product) {
  const auto shared = std::make_shared<const LowRankMatrix>(std::move(product));
  return [shared](int64_t row, const float*, float* change) { shared->row(row, change); };
}

RowChange low_rank_rows(const AdapterParts& parts, int64_t, int64_t) {
  FactorMatrix down = matrix_of(parts.get("down"));
  if (const HostTensor* mid = parts.find("mid")) down = through_core(*mid, down);
  return rows_of({matrix_of(parts.get("up")), std::move(down)});
}

std::optional<int64_t> check_table(const AdapterParts& parts, std::span<const int64_t> dims) {
  const HostTensor &down = parts.get("table_down"), &up = parts.get("table_up");
  if (down.dims.size() != 2 || up.dims.size() != 2 || down.dims[0] < 1 ||
      down.dims[0] != up.dims[1]) {
    throw ranks_differ(parts, down, up);
  }
  const int64_t rank = down.dims[0], width = dims.size() == 2 ? dims[1] : 0;
  parts.get("table_down", std::vector<int64_t>{rank, dims[0]});
  parts.get("table_up", std::vector<int64_t>{width, rank});
  return rank;
}

RowChange table_rows(const AdapterParts& parts, int64_t, int64_t) {
  return rows_of({transposed(matrix_of(parts.get("table_down"))),
                  transposed(matrix_of(parts.get("table_up")))});
}

std::optional<int64_t> check_up_bias(const AdapterParts& parts, std::span<const int64_t> dims) {
  parts.get("up");
  parts.get("up_bias", dims);
  return {};
}

RowChange up_bias_rows(const AdapterParts& parts, int64_t, int64_t) {
  return [values = floats_of(parts.get("up_bias"))](int64_t row, const float*, float* change) {
    *change = values[static_cast<size_t>(row)];
  };
}

}  // namespace

const AdapterKind low_rank = {"LoRA",         false,        true, true, low_rank_suffixes,
                              check_low_rank, low_rank_rows};
const AdapterKind low_rank_table = {"LoRA of a table",       false,       true,      false,
                                    low_rank_table_suffixes, check_table, table_rows};
const AdapterKind low_rank_bias = {"LoRA's bias",          true,          true,        false,
                                   low_rank_bias_suffixes, check_up_bias, up_bias_rows};

}  // namespace yent
