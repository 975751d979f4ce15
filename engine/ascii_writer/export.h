// Files of an ASCII transformer from its weights, in every precision of the format.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/ascii_writer/model_files.h"

namespace yent::art {

// Random f32 weights of this shape: what to try the programs with where nothing is trained.
TensorSet untrained_weights(const AsciiTransformerConfig& config, uint64_t seed);

// f32 weights, which own their bytes, of the tensors that the network has; others, which a
// checkpoint of a training may hold, are left out. Throws a file error for what is missing or
// misshapen.
TensorSet weights_of(const TensorSet& set, const AsciiTransformerConfig& config);

struct ExportSpec {
  std::filesystem::path folder;  // is made
  DType dtype = DType::f32;      // or f16: of model.safetensors
  std::vector<QuantMethod> methods = {};
};

// How near the logits of a written file are to those of the f32 weights.
struct ExportedFile {
  std::filesystem::path path;
  size_t bytes = 0;
  double cosine = 1;
};

// Writes config.json, model.safetensors, and for every method model_METHOD.safetensors, with
// quant_config.json. Throws a run error, and writes nothing, where the logits of drawings differ by
// more than the format allows: by a cosine of 0.9999 in f16 and, of trained weights, of 0.999 in
// int8 and 0.99 in int4. `weights` are f32.
std::vector<ExportedFile> export_model(const TensorSet& weights,
                                       const AsciiTransformerConfig& config, const ExportSpec& spec,
                                       Backend& backend);

}  // namespace yent::art
