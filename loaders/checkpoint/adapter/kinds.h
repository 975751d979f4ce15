// The kinds of adapters: how their tensors are called in files, and what they do to a weight.
// A new kind is one file beside this one, a line below and a line in the table of kinds.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "loaders/checkpoint/adapter/parts.h"

namespace yent {

// How a key of a file ends. PEFT may put the name of the adapter between head and tail
// (".lora_A.default.weight"), where `named` allows it.
struct AdapterSuffix {
  std::string_view head, tail;
  std::string_view role;
  bool named = false;
};

// Writes what is added to one row of the weight at strength 1. `base` is that row of the model's
// own weight.
using RowChange = std::function<void(int64_t row, const float* base, float* change)>;

struct AdapterKind {
  const char* name;  // for messages
  // The tensor of the module that is changed: its bias, or its weight.
  bool of_bias;
  bool scaled;           // alpha / rank applies
  bool takes_magnitude;  // DoRA's form exists
  std::span<const AdapterSuffix> suffixes;
  // Checks the parts against the dims of the changed tensor; only dims are read. Returns the rank,
  // or nothing where the parts have none. Throws a file error.
  std::optional<int64_t> (*check)(const AdapterParts& parts, std::span<const int64_t> dims);
  // Reads the parts, which were checked. The weight is [rows, columns], dense, in PyTorch's order.
  RowChange (*rows)(const AdapterParts& parts, int64_t rows, int64_t columns);
};

extern const AdapterKind low_rank, low_rank_table, low_rank_bias;  // low_rank.cpp
extern const AdapterKind hadamard;                                 // hadamard.cpp
extern const AdapterKind kronecker;                                // kronecker.cpp
extern const AdapterKind difference, bias_difference;              // whole.cpp
extern const AdapterKind replacement, bias_replacement;            // whole.cpp

std::span<const AdapterKind* const> adapter_kinds();

// The meaning of a key.
struct AdapterKey {
  std::string_view module;     // what comes before the suffix
  std::string_view role;       // AdapterParts'
  const AdapterKind* kind;     // null for parts that kinds share: alpha and DoRA's magnitudes
  std::string_view peft_name;  // the name of the adapter, or empty
};

// Nothing when the key is no part of an adapter. The result points into the key.
std::optional<AdapterKey> parse_adapter_key(std::string_view key);

}  // namespace yent
