#include "engine/ascii_writer/export.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "engine/ascii_writer/writer.h"
#include "engine/core/random.h"
#include "kernels/error.h"
#include "loaders/io/mapped_file.h"
#include "loaders/io/output_file.h"
#include "loaders/io/sha256.h"
#include "loaders/tensors/convert.h"
#include "loaders/tensors/safetensors.h"

namespace yent::art {
namespace {

namespace fs = std::filesystem;

// A tensor of the set whose bytes the set owns, to be filled.
std::byte* add_tensor(TensorSet& set, const std::string& name, DType dtype,
                      std::vector<int64_t> dims) {
  HostTensor t{.name = name, .dtype = dtype, .dims = std::move(dims)};
  t.bytes = static_cast<size_t>(t.count()) / block_elements(dtype) * block_bytes(dtype);
  auto& bytes = set.owned.emplace_back(std::make_shared<std::vector<std::byte>>(t.bytes));
  t.data = bytes->data();
  set.tensors.push_back(t);
  return bytes->data();
}

// The matrices quantized, the rest in f16; or all of them in f16, or f32.
TensorSet converted(const TensorSet& weights, const AsciiTransformerConfig& config, DType dtype,
                    const std::optional<QuantMethod>& method) {
  TensorSet set{.path = weights.path};
  for (const NamedDims& named : ascii_transformer_tensors(config)) {
    const HostTensor& t = *weights.find(named.name);
    const auto* values = reinterpret_cast<const float*>(t.data);
    const DType type = method && named.quantizable ? method->type : dtype;
    std::byte* to = add_tensor(set, t.name, type, t.dims);
    switch (type) {
      case DType::q8_0:
        quantize_q8_0(values, t.count(), to);
        break;
      case DType::q4_0:
        quantize_q4_0(values, t.count(), to);
        break;
      case DType::f16:
        f32_to_f16(values, t.count(), to);
        break;
      default:
        std::memcpy(to, values, t.bytes);
    }
  }
  sort_by_name(set);
  return set;
}

ModelFiles in_memory(TensorSet set, const AsciiTransformerConfig& config) {
  return {set.path, config, std::make_shared<const TensorSet>(std::move(set)), "", ""};
}

// Drawings that the f32 weights make, to read them with others.
std::vector<std::vector<SequenceToken>> sample_sequences(const ModelFiles& files,
                                                         Backend& backend) {
  Writer writer(files, backend, Policy());
  std::vector<std::vector<SequenceToken>> all;
  for (const auto& [prompt, style] : {std::pair("cat", kLineArt), std::pair("", kAny)}) {
    DrawingRequest request;
    request.prompt = prompt;
    const std::vector<int32_t> tokens = prompt_tokens(prompt);
    const int room = files.config.block_size - static_cast<int>(sequence_head(tokens, {}).size());
    const int width = std::min(16, room - 1), height = std::min(8, room / (width + 1));
    request.rules = {
        {Limit::exactly, width}, {Limit::exactly, height}, style, characters_of_style(style)};
    const Finished drawn = writer.draw(request).front();
    const Conditions conditions = request.rules.conditions();
    auto& sequence = all.emplace_back(sequence_head(tokens, conditions));
    const auto tail = sequence_tail({drawn.width(), drawn.height(), drawn.rows}, conditions);
    sequence.insert(sequence.end(), tail.begin(), tail.end());
  }
  return all;
}

std::vector<float> logits_of(const ModelFiles& files, Backend& backend,
                             const std::vector<std::vector<SequenceToken>>& sequences) {
  const AsciiTransformer network = load_network(files, backend, Policy());
  Workspace ws(backend);
  Ctx c{backend, ws};
  std::vector<float> all;
  for (const auto& sequence : sequences) {
    auto state = network.start(static_cast<int>(sequence.size()));
    const std::vector<float> logits = network(c, state, sequence, true);
    all.insert(all.end(), logits.begin(), logits.end());
  }
  return all;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += double{a[i]} * b[i];
    aa += double{a[i]} * a[i];
    bb += double{b[i]} * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

double least_cosine(DType type, bool trained) {
  if (type == DType::f32 || type == DType::f16) return 0.9999;
  if (!trained) return 0;
  return type == DType::q8_0 ? 0.999 : 0.99;
}

// As the file holds them: quantized matrices are rows of bytes.
void write_weights(const fs::path& path, const TensorSet& set) {
  std::vector<HostTensor> tensors = set.tensors;
  for (HostTensor& t : tensors) {
    if (block_elements(t.dtype) == 1) continue;
    t.dims[1] = t.dims[1] / block_elements(t.dtype) * block_bytes(t.dtype);
    t.dtype = DType::u8;
  }
  write_safetensors(path, tensors);
}

Json quant_config(const AsciiTransformerConfig& config, const std::vector<QuantMethod>& methods,
                  const std::string& source) {
  Json tensors = Json::object();
  for (const NamedDims& t : ascii_transformer_tensors(config)) {
    if (t.quantizable) tensors[t.name] = t.dims;
  }
  return Json::object({{"format", "ascii-grid-quant"},
                       {"version", 1},
                       {"method", methods.size() > 1 ? "both" : methods.front().name},
                       {"block", kBlock},
                       {"tensors", tensors},
                       {"source_sha256", source}});
}

struct Version {
  std::string file;
  TensorSet set;
  DType type;
  double cosine = 1;
};

// Compares each with the f32 weights.
void check_logits(std::vector<Version>& versions, const TensorSet& weights,
                  const AsciiTransformerConfig& config, Backend& backend) {
  const ModelFiles exact = in_memory(weights, config);
  const auto sequences = sample_sequences(exact, backend);
  const std::vector<float> expected = logits_of(exact, backend, sequences);
  for (Version& v : versions) {
    v.cosine = cosine(logits_of(in_memory(v.set, config), backend, sequences), expected);
    const double least = least_cosine(v.type, config.trained_steps > 0);
    if (!(v.cosine >= least)) {
      throw run_error("{}: the logits have a cosine of {:.5f} with those of f32, expected {}",
                      v.file, v.cosine, least);
    }
  }
}

}  // namespace

TensorSet untrained_weights(const AsciiTransformerConfig& config, uint64_t seed) {
  TensorSet set{.path = "untrained weights"};
  NoiseSource noise(seed, Rng::cpu);
  for (const NamedDims& t : ascii_transformer_tensors(config)) {
    auto* values = reinterpret_cast<float*>(add_tensor(set, t.name, DType::f32, t.dims));
    const auto count = static_cast<size_t>(set.tensors.back().count());
    noise.normal(values, count);
    // Activations of about unit size everywhere; gains near 1, so that none could be left out.
    const auto columns = static_cast<float>(t.dims.back());
    const bool gain = t.dims.size() == 1;
    const float size = gain ? 0.1f : t.quantizable ? 1 / std::sqrt(columns) : 0.5f;
    for (size_t i = 0; i < count; ++i) values[i] = (gain ? 1.0f : 0.0f) + size * values[i];
  }
  sort_by_name(set);
  return set;
}

TensorSet weights_of(const TensorSet& from, const AsciiTransformerConfig& config) {
  TensorSet set{.path = from.path};
  for (const NamedDims& t : ascii_transformer_tensors(config)) {
    const HostTensor* found = from.find(t.name);
    if (!found) throw file_error("{}: {} is missing", from.path, t.name);
    if (found->dims != t.dims) {
      throw file_error("{}: {} is {}, expected {}", from.path, t.name, dims_text(found->dims),
                       dims_text(t.dims));
    }
    to_f32(*found, reinterpret_cast<float*>(add_tensor(set, t.name, DType::f32, t.dims)));
  }
  sort_by_name(set);
  return set;
}

std::vector<ExportedFile> export_model(const TensorSet& weights,
                                       const AsciiTransformerConfig& config, const ExportSpec& spec,
                                       Backend& backend) {
  std::vector<Version> versions;
  versions.push_back({"model.safetensors", converted(weights, config, spec.dtype, {}), spec.dtype});
  for (const QuantMethod& method : spec.methods) {
    versions.push_back({fmt::format("model_{}.safetensors", method.name),
                        converted(weights, config, DType::f16, method), method.type});
  }
  check_logits(versions, weights, config, backend);

  std::error_code error;
  fs::create_directories(spec.folder, error);
  if (error) throw run_error("{}: {}", spec.folder.string(), error.message());
  std::vector<ExportedFile> files;
  for (const Version& v : versions) {
    const fs::path path = spec.folder / v.file;
    write_weights(path, v.set);
    files.push_back({path, fs::file_size(path), v.cosine});
  }
  const std::string source = sha256_hex(MappedFile(files.front().path).bytes());
  Json json = config.to_json();
  json["weights_sha256"] = source;
  write_file_atomically(spec.folder / "config.json", json.dump(2) + "\n");
  if (!spec.methods.empty()) {
    write_file_atomically(spec.folder / "quant_config.json",
                          quant_config(config, spec.methods, source).dump(2) + "\n");
  }
  return files;
}

}  // namespace yent::art
