#include "loaders/checkpoint/weights_file.h"

#include <optional>
#include <vector>

#include "kernels/error.h"
#include "loaders/io/embedded.h"
#include "loaders/tensors/scaled_f8.h"

namespace yent {
namespace {

namespace fs = std::filesystem;

// diffusers and transformers put the variant before the last extension, and in an index at either
// place: model.fp16.safetensors, model.safetensors.index.fp16.json,
// model.fp16.safetensors.index.json.
std::optional<fs::path> find_file(const fs::path& folder, const std::string& base,
                                  const std::string& ending, const std::string& variant) {
  const std::string infix = variant.empty() ? "" : "." + variant;
  for (const std::string& name : {base + infix + ending, base + ending + ".index" + infix + ".json",
                                  base + infix + ending + ".index.json"}) {
    if (is_file(folder / name)) return folder / name;
  }
  return {};
}

std::optional<fs::path> find_variant(const fs::path& folder, const WeightNames& names,
                                     const std::string& variant) {
  const auto found = find_file(folder, names.base, ".safetensors", variant);
  return found ? found : find_file(folder, names.torch_base, ".bin", variant);
}

bool is_float(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16 ||
         dtype == DType::f64 || dtype == DType::f8_e4m3 || dtype == DType::f8_e5m2;
}

}  // namespace

fs::path find_weights(const fs::path& folder, const WeightNames& names,
                      const WeightChoice& choice) {
  if (!choice.variant.empty()) {
    if (const auto found = find_variant(folder, names, choice.variant)) return *found;
  }
  const std::string first = choice.prefer_f16 ? "fp16" : "",
                    second = choice.prefer_f16 ? "" : "fp16";
  for (const auto& [base, ending] :
       {std::pair(names.base, ".safetensors"), std::pair(names.torch_base, ".bin")}) {
    for (const std::string& variant : {first, second}) {
      if (const auto found = find_file(folder, base, ending, variant)) return *found;
    }
  }
  const bool adapted = is_file(folder / "adapter_model.safetensors");
  throw file_error("{}: {}, expected {}.safetensors or {}.bin", folder.string(),
                   adapted ? "only an adapter" : "no weights", names.base, names.torch_base);
}

bool has_variant(const fs::path& folder, const WeightNames& names, const std::string& variant) {
  return find_variant(folder, names, variant).has_value();
}

TensorSet read_weights(const fs::path& path) { return weights_of(read_tensors(path)); }

TensorSet weights_of(TensorSet set) {
  apply_f8_scales(set);
  std::erase_if(set.tensors, [](const HostTensor& t) { return !is_float(t.dtype); });
  return set;
}

}  // namespace yent
