#include "loaders/tensors/scaled_f8.h"

#include <cmath>

#include "kernels/error.h"
#include "loaders/io/json.h"
#include "loaders/tensors/convert.h"

namespace yent {
namespace {

// The path of the layer, when the name is `<path>.<leaf>`.
std::optional<std::string> layer_of(const std::string& name, std::string_view leaf) {
  if (!name.ends_with(leaf) || name.size() <= leaf.size()) return {};
  const size_t dot = name.size() - leaf.size() - 1;
  if (name[dot] != '.') return {};
  return name.substr(0, dot);
}

bool has_leaf(const std::string& name, std::string_view leaf) {
  return name == leaf || layer_of(name, leaf).has_value();
}

float scale_of(const TensorSet& set, const HostTensor& scale) {
  const bool one = scale.count() == 1 && block_elements(scale.dtype) == 1;
  float value = 0;
  if (one) to_f32(scale, &value);
  if (one && std::isfinite(value)) return value;
  throw file_error("{}: {} is {} {}, expected one finite number for the whole weight", set.path,
                   printable(scale.name), dims_text(scale.dims), dtype_name(scale.dtype));
}

void check_scaled(const TensorSet& set, const HostTensor& scale, const HostTensor* weight) {
  if (weight && (weight->dtype == DType::f8_e4m3 || weight->dtype == DType::f8_e5m2)) return;
  throw file_error("{}: {} scales a weight that is {}, expected one of 8-bit floats", set.path,
                   printable(scale.name), weight ? dtype_name(weight->dtype) : "missing");
}

// A JSON object as bytes, which names the format of the layer's weight.
void check_format(const TensorSet& set, const HostTensor& note) {
  const std::string where = fmt::format("{}: {}", set.path, printable(note.name));
  const std::string_view text(reinterpret_cast<const char*>(note.data), note.bytes);
  const std::string format = get_string(parse_json(text, where), "format", "", where);
  if (format == "float8_e4m3fn" || format == "float8_e5m2") return;
  throw file_error("{}: the format is {}, expected float8_e4m3fn or float8_e5m2", where,
                   printable(format));
}

}  // namespace

void apply_f8_scales(TensorSet& set) {
  std::map<std::string, float> scales;  // by the name of the weight
  for (const HostTensor& tensor : set.tensors) {
    for (const char* leaf : {"scale_weight", "weight_scale"}) {
      const auto layer = layer_of(tensor.name, leaf);
      if (!layer) continue;
      const std::string weight = *layer + ".weight";
      check_scaled(set, tensor, set.find(weight));
      if (!scales.emplace(weight, scale_of(set, tensor)).second) {
        throw file_error("{}: {} has two scales", set.path, printable(weight));
      }
    }
    if (layer_of(tensor.name, "comfy_quant")) check_format(set, tensor);
  }
  for (HostTensor& tensor : set.tensors) {
    const auto scale = scales.find(tensor.name);
    if (scale != scales.end()) tensor.scale = scale->second;
  }
  std::erase_if(set.tensors, [](const HostTensor& tensor) {
    for (const char* leaf : {"scale_weight", "weight_scale", "scale_input", "input_scale",
                             "comfy_quant", "scaled_fp8"}) {
      if (has_leaf(tensor.name, leaf)) return true;
    }
    return false;
  });
}

}  // namespace yent
