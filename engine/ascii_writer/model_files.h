// The files of an ASCII transformer: config.json and model.safetensors (F32 or F16), or
// model_int8.safetensors or model_int4.safetensors with quant_config.json, side by side.
//
// Quantized matrices are U8 rows of the blocks of Q8_0 or Q4_0, so kernels that compute with these
// read the file in place.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/models/ascii_transformer.h"
#include "loaders/tensors/tensor_set.h"

namespace yent::art {

struct ModelFiles {
  std::string path;  // of the weights
  AsciiTransformerConfig config;
  std::shared_ptr<const TensorSet> tensors;  // with the dims and types of the matrices
  std::string precision;                     // f32, f16, int8 or int4
  std::string sha256;  // of the f32 or f16 weights, as the configs say; may be empty
};

// `path` is a file of weights or a folder, on disk or embedded. Of a folder's files `precision`
// takes one: f32 and f16 the floating one, int8 or int4 the quantized one, and auto the first that
// is there of int8, f32 or f16, int4. Throws a file error for what is missing, contradicts itself
// or is no such model.
ModelFiles open_model(const std::filesystem::path& path, const std::string& precision = "auto");

// The folder of the model that ships, if there is one in it.
std::optional<std::filesystem::path> find_shipped_model();

// The network, packed for this backend. `files` must outlive it. `layers` gets what each computes
// with, unless it is null.
AsciiTransformer load_network(const ModelFiles& files, Backend& backend, const Policy& policy,
                              std::vector<Resolved>* layers = nullptr);

// How a quantized matrix is stored.
struct QuantMethod {
  const char* name;  // int8, int4
  DType type;
};
constexpr int kBlock = 32;
const QuantMethod* find_quant_method(std::string_view name);  // null: there is none

}  // namespace yent::art
