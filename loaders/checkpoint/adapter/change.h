// What one adapter file does to one tensor of the model, and its application to the tensor.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "loaders/checkpoint/adapter/kinds.h"

namespace yent {

// Borrows the tensors of the file, which must outlive it.
struct LoraChange {
  const AdapterKind* kind = nullptr;
  AdapterParts parts;
  // strength * factor * what the kind computes is added; with DoRA's magnitudes
  // strength * (decomposed(W + factor * what the kind computes) - W).
  double factor = 1;    // alpha / rank
  double strength = 1;  // the user's
  bool decomposes = false;

  bool operator==(const LoraChange&) const = default;
};

// Adds the changes to a weight of `rows` = out and `columns` = in * kh * kw, dense, in PyTorch's
// order; a vector has one column. Each change is computed from the weight as it comes in, so their
// order matters to rounding only.
void apply_changes(std::span<const LoraChange> changes, float* w, int64_t rows, int64_t columns);

}  // namespace yent
