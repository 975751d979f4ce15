#include "loaders/checkpoint/textual_inversion.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "kernels/error.h"
#include "loaders/tensors/convert.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

constexpr std::string_view kNested = "string_to_param.";
constexpr int64_t kMostVectors = 1 << 12, kWidest = 1 << 16;

bool is_nested(const HostTensor& t) { return t.name.starts_with(kNested); }

// The only embedding of a file.
const HostTensor& embedding_of(const TensorSet& set) {
  if (set.find("clip_g")) {
    throw file_error("{}: an embedding for the two text encoders of SDXL, expected one encoder's",
                     set.path);
  }
  const auto nested = std::find_if(set.tensors.begin(), set.tensors.end(), is_nested);
  const auto count = nested == set.tensors.end()
                         ? static_cast<ptrdiff_t>(set.tensors.size())
                         : std::count_if(set.tensors.begin(), set.tensors.end(), is_nested);
  if (count != 1) throw file_error("{}: {} tensors, expected one embedding", set.path, count);
  return nested == set.tensors.end() ? set.tensors[0] : *nested;
}

// What tools write where a file has no token of its own.
bool is_no_word(std::string_view name) {
  constexpr std::array names{"emb_params", "clip_l", "*", ""};
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

TextualInversion read_textual_inversion(const std::filesystem::path& path) {
  const TensorSet set = read_tensors(path);
  const HostTensor& t = embedding_of(set);
  const size_t rank = t.dims.size();
  const int64_t vectors = rank == 2 ? t.dims[0] : 1, width = rank == 0 ? 0 : t.dims.back();
  const bool floats = t.dtype == DType::f32 || t.dtype == DType::f16 || t.dtype == DType::bf16 ||
                      t.dtype == DType::f64;
  if (!floats || rank > 2 || vectors < 1 || width < 1 || vectors > kMostVectors ||
      width > kWidest) {
    throw file_error("{}: {} is {} {}, expected vectors {{n, d}}", set.path, printable(t.name),
                     dims_text(t.dims), dtype_name(t.dtype));
  }
  TextualInversion made{.path = set.path, .word = t.name};
  if (is_nested(t) || is_no_word(t.name)) made.word = path.stem().string();
  const auto name = set.metadata.find("name");
  if (is_nested(t) && name != set.metadata.end() && !is_no_word(name->second)) {
    made.other_word = name->second;
  }
  made.vectors = static_cast<int>(vectors);
  made.width = static_cast<int>(width);
  made.values.resize(static_cast<size_t>(vectors * width));
  to_f32(t, made.values.data());
  if (std::all_of(made.values.begin(), made.values.end(), [](float x) { return std::isfinite(x); }))
    return made;
  throw file_error("{}: {} has numbers that are not finite", set.path, printable(t.name));
}

}  // namespace yent
