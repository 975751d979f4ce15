#include "engine/diffusion/inputs.h"

#include <algorithm>
#include <cstring>

#include "kernels/error.h"
#include "loaders/tensors/convert.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

FirstLatents read_first_latents(const std::filesystem::path& path) {
  const TensorSet set = read_tensors(path);
  const HostTensor* t = set.find("latent");
  if (!t) throw file_error("{}: latent is missing", set.path);
  if (t->dtype != DType::f32 || t->dims.size() != 4 || t->count() == 0 ||
      *std::max_element(t->dims.begin(), t->dims.end()) > 1 << 16) {
    throw file_error("{}: latent is {} {}, expected f32 {{n, 4, h/8, w/8}}", set.path,
                     dims_text(t->dims), dtype_name(t->dtype));
  }
  const size_t count = t->count() / t->dims[0];
  const auto dim = [&](size_t i) { return static_cast<int>(t->dims[i]); };
  FirstLatents first{.origin = set.path};
  for (int64_t i = 0; i < t->dims[0]; ++i) {
    Latent& l = first.latents.emplace_back(Latent{dim(1), dim(2), dim(3)});
    l.values.resize(count);
    std::memcpy(l.values.data(), t->data + i * count * sizeof(float), count * sizeof(float));
  }
  return first;
}

TextEmbeddings read_embeddings(const std::filesystem::path& path) {
  const TensorSet set = read_tensors(path);
  TextEmbeddings text{.origin = set.path};
  const auto rows = [&](const char* name) -> std::optional<TextEmbeddings::Rows> {
    const HostTensor* t = set.find(name);
    if (!t) return std::nullopt;
    TextEmbeddings::Rows rows{t->dims, {}};
    if (rows.dims.size() == 3 && rows.dims[0] == 1) rows.dims.erase(rows.dims.begin());
    rows.values.resize(t->count());
    to_f32(*t, rows.values.data());
    return rows;
  };
  text.cond = rows("cond");
  text.uncond = rows("uncond");
  return text;
}

}  // namespace yent
