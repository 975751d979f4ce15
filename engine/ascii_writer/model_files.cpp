#include "engine/ascii_writer/model_files.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "engine/pipeline/assets.h"
#include "kernels/error.h"
#include "loaders/io/embedded.h"
#include "loaders/tensors/safetensors.h"

namespace yent::art {
namespace {

namespace fs = std::filesystem;

constexpr const char* kQuantFormat = "ascii-grid-quant";
constexpr QuantMethod kMethods[] = {{"int8", DType::q8_0}, {"int4", DType::q4_0}};

int64_t row_bytes(DType type, int64_t columns) { return columns / kBlock * block_bytes(type); }

// Names of a folder's files that `precision` may mean, the best first.
std::vector<const char*> candidates(const std::string& precision) {
  constexpr const char *whole = "model.safetensors", *int8 = "model_int8.safetensors",
                       *int4 = "model_int4.safetensors";
  if (precision == "int8") return {int8};
  if (precision == "int4") return {int4};
  if (precision == "auto") return {int8, whole, int4};
  return {whole};
}

fs::path weights_in(const fs::path& path, const std::string& precision) {
  if (!is_folder(path)) return path;
  for (const char* name : candidates(precision)) {
    if (is_file(path / name)) return path / name;
  }
  throw file_error("{}: no weights of an ASCII transformer, expected {}", path.string(),
                   candidates(precision).front());
}

// What quant_config.json says of the matrices: their rows and columns.
using QuantizedDims = std::map<std::string, std::array<int64_t, 2>>;

QuantizedDims quantized_dims(const Json& j, const std::string& path) {
  const Json& tensors = j["tensors"];
  if (!tensors.is_object()) throw file_error("{}: no tensors, expected an object", path);
  QuantizedDims all;
  for (const auto& [name, dims] : tensors.items()) {
    const auto side = [&dims = dims](size_t i) {
      return dims.size() == 2 ? dims[i].natural().value_or(0) : 0;
    };
    constexpr uint64_t most = 1 << 24;
    const uint64_t out = side(0), in = side(1);
    if (out < 1 || out > most || in < 1 || in > most || in % kBlock != 0) {
      throw file_error("{}: {} is {}, expected rows and a multiple of {} columns", path,
                       printable(name), printable(dims.dump()), kBlock);
    }
    all[name] = {static_cast<int64_t>(out), static_cast<int64_t>(in)};
  }
  return all;
}

// The method by which the file's matrices are quantized: that of the config, or of the two that
// it names the one that fits.
const QuantMethod& method_of(const Json& j, const TensorSet& set, const QuantizedDims& dims,
                             const std::string& path) {
  const std::string name = get_string(j, "method", {}, path);
  if (const QuantMethod* method = find_quant_method(name)) return *method;
  if (name != "both") {
    throw file_error("{}: the method is {}, expected int8, int4 or both", path, printable(name));
  }
  for (const QuantMethod& method : kMethods) {
    const HostTensor* first = dims.empty() ? nullptr : set.find(dims.begin()->first);
    const int64_t columns = dims.empty() ? 0 : dims.begin()->second[1];
    if (first && first->dims.size() == 2 && first->dims[1] == row_bytes(method.type, columns)) {
      return method;
    }
  }
  throw file_error("{}: the matrices of {} are neither int8 nor int4", path, set.path);
}

// Gives the matrices their rows and columns.
const QuantMethod& read_quantized(TensorSet& set, const AsciiTransformerConfig& config,
                                  const Json& j, const std::string& path) {
  const std::string format = get_string(j, "format", {}, path);
  if (format != kQuantFormat) {
    throw file_error("{}: the format is {}, expected {}", path, printable(format), kQuantFormat);
  }
  get_int(j, "version", {}, 1, 1, path);
  get_int(j, "block", {}, kBlock, kBlock, path);
  const QuantizedDims dims = quantized_dims(j, path);
  std::set<std::string> matrices;
  for (const NamedDims& t : ascii_transformer_tensors(config)) {
    if (t.quantizable) matrices.insert(t.name);
  }
  const QuantMethod& method = method_of(j, set, dims, path);
  for (HostTensor& t : set.tensors) {
    const auto found = dims.find(t.name);
    if (t.dtype != DType::u8 && found == dims.end()) continue;
    if (found == dims.end()) {
      throw file_error("{}: {} is quantized, which {} does not say", set.path, printable(t.name),
                       path);
    }
    const auto [out, in] = found->second;
    const std::array<int64_t, 2> stored{out, row_bytes(method.type, in)};
    if (t.dtype != DType::u8 || !std::ranges::equal(t.dims, stored) || !matrices.contains(t.name)) {
      throw file_error("{}: {} is {} {}, expected {} u8 of a matrix in {}", set.path,
                       printable(t.name), dims_text(t.dims), dtype_name(t.dtype), dims_text(stored),
                       method.name);
    }
    t.dtype = method.type;
    t.dims = {out, in};
  }
  for (const auto& [name, ignored] : dims) {
    if (!set.find(name)) {
      throw file_error("{}: {} is missing, which {} has", set.path, printable(name), path);
    }
  }
  return method;
}

// The type of the floating tensors, which are either.
DType check_types(const TensorSet& set) {
  for (const HostTensor& t : set.tensors) {
    const bool quantized =
        std::ranges::any_of(kMethods, [&](const QuantMethod& m) { return m.type == t.dtype; });
    if (!quantized && t.dtype != DType::f32 && t.dtype != DType::f16) {
      throw file_error("{}: {} is {}, expected f32 or f16", set.path, printable(t.name),
                       dtype_name(t.dtype));
    }
  }
  const HostTensor* head = set.find("head.weight");
  return head ? head->dtype : DType::f32;
}

}  // namespace

const QuantMethod* find_quant_method(std::string_view name) {
  const auto* found =
      std::ranges::find_if(kMethods, [&](const QuantMethod& m) { return name == m.name; });
  return found == std::end(kMethods) ? nullptr : found;
}

std::optional<fs::path> find_shipped_model() {
  const auto config = find_shipped("ascii-transformer/config.json");
  if (!config) return {};
  return config->parent_path();
}

ModelFiles open_model(const fs::path& path, const std::string& precision) {
  const fs::path weights = weights_in(path, precision);
  const fs::path config_path = weights.parent_path() / "config.json";
  const fs::path quant_path = weights.parent_path() / "quant_config.json";
  TensorSet set = read_safetensors(weights);
  const Json config = read_json(config_path);
  ModelFiles files{weights.string(),
                   AsciiTransformerConfig::from_json(config, config_path.string()), nullptr, "",
                   get_string(config, "weights_sha256", "", config_path.string())};
  const bool quantized =
      std::ranges::any_of(set.tensors, [](const HostTensor& t) { return t.dtype == DType::u8; });
  if (quantized) {
    const std::string where = quant_path.string();
    const Json quant = read_json(quant_path);
    files.precision = read_quantized(set, files.config, quant, where).name;
    const std::string source = get_string(quant, "source_sha256", "", where);
    if (!source.empty() && !files.sha256.empty() && source != files.sha256) {
      throw file_error("{}: made from other weights than {} is of", where, config_path.string());
    }
  }
  const DType type = check_types(set);
  if (!quantized) files.precision = dtype_name(type);
  files.tensors = std::make_shared<const TensorSet>(std::move(set));
  return files;
}

AsciiTransformer load_network(const ModelFiles& files, Backend& backend, const Policy& policy,
                              std::vector<Resolved>* layers) {
  const WeightBinder binder(checkpoint_of(files.tensors, "ascii"), backend, policy);
  AsciiTransformer network(binder, files.config);
  if (!binder.unread().empty()) {
    throw file_error("{}: {} is no tensor of this network", files.path,
                     printable(*binder.unread().begin()));
  }
  if (layers) *layers = binder.resolved();
  return network;
}

}  // namespace yent::art
