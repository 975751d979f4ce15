#include "engine/core/loader.h"

#include <algorithm>

#include "kernels/error.h"
#include "loaders/convert.h"

namespace yent {
namespace {

// {320, 320, 1, 1} is {320, 320}; a height of 0 in `wanted` accepts any.
bool fits(std::vector<int64_t> found, std::span<const int64_t> wanted) {
  while (found.size() > wanted.size() && found.back() == 1) found.pop_back();
  if (found.size() != wanted.size()) return false;
  for (size_t i = 0; i < found.size(); ++i) {
    if (wanted[i] != 0 && found[i] != wanted[i]) return false;
  }
  return true;
}

// Blocks are for matrices, which are computed with in place; norms and biases are read as floats.
bool accepts(const Backend& backend, const HostTensor& t) {
  const bool matrix = t.dims.size() == 2;
  return t.dtype == DType::f32 || t.dtype == DType::f16 || t.dtype == DType::bf16 ||
         (matrix && backend.keeps(t.dtype));
}

// Rows [begin, begin + count) of the outermost dimension.
HostTensor outer_rows(const HostTensor& t, int64_t begin, int64_t count) {
  HostTensor part = t;
  const size_t row = t.bytes / t.dims[0];
  part.dims[0] = count;
  part.data = t.data + begin * row;
  part.bytes = count * row;
  return part;
}

}  // namespace

Checkpoint checkpoint_of(std::shared_ptr<const TensorSet> set, std::string part) {
  Checkpoint c{.path = set->path, .part = std::move(part), .find = {}};
  c.find = [set](const std::string& name, std::span<const int64_t>) { return set->find(name); };
  c.release = [set](const HostTensor& t) { set->release(t); };
  for (const HostTensor& t : set->tensors) c.names.insert(t.name);
  return c;
}

Loader::Loader(Checkpoint checkpoint, Backend& backend, const Policy& policy)
    : load_(std::make_shared<Load>(Load{std::move(checkpoint), backend, policy, {}})) {}

Loader Loader::operator/(std::string_view step) const {
  Loader next = *this;
  next.path_ = name(step);
  return next;
}

std::string Loader::name(std::string_view leaf) const {
  if (path_.empty()) return std::string(leaf);
  return leaf.empty() ? path_ : fmt::format("{}.{}", path_, leaf);
}

bool Loader::has(std::string_view leaf) const {
  return load_->checkpoint.names.contains(name(leaf));
}

Loader::Taken Loader::take(std::string_view leaf, std::vector<int64_t> dims,
                           const Style& style) const {
  Checkpoint& c = load_->checkpoint;
  const std::string full = name(leaf);
  const HostTensor* found = c.find(full, dims);
  if (!found) {
    throw file_error("{}: {} is missing, expected {}", c.path, full, dims_text(dims));
  }
  if (!fits(found->dims, dims)) {
    throw file_error("{}: {} is {} {}, expected {}", c.path, full, dims_text(found->dims),
                     dtype_name(found->dtype), dims_text(dims));
  }
  c.names.erase(full);
  Taken taken{*found, *found, nullptr};
  taken.tensor.dims.resize(dims.size());  // what was cut off are ones
  const bool restyled = leaf == "weight" && c.restyles(path_);
  if (restyled || style.grid || !accepts(load_->backend, taken.tensor)) {
    taken.owned = std::make_shared<std::vector<float>>(found->count());
    float* values = taken.owned->data();
    const int64_t rows = found->dims[0];
    to_f32(*found, values);
    if (restyled) c.restyle(path_, values, rows, found->count() / rows);
    if (style.grid) onto_grid(style, c.part + "." + path_, values, rows, found->count() / rows);
    taken.tensor.dtype = DType::f32;
    taken.tensor.data = reinterpret_cast<const std::byte*>(taken.owned->data());
    taken.tensor.bytes = taken.owned->size() * sizeof(float);
  }
  return taken;
}

const Style& Loader::style(std::string_view layer) const {
  return load_->policy.style(fmt::format("{}.{}", load_->checkpoint.part, layer));
}

Loader::Taken Loader::weight(std::vector<int64_t> dims) const {
  return take("weight", std::move(dims), style(path_));
}

LinearW Loader::pack(const LinearSource& source, const std::vector<Taken>& taken) const {
  const Checkpoint& c = load_->checkpoint;
  const Precision precision = load_->policy.precision(c.part + "." + source.name);
  LinearW w = load_->backend.pack_linear(source, precision);
  w.one_scale = style(source.name).one_scale;
  for (const Taken& t : taken) {
    if (t.tensor.dtype != DType::q8_0) c.release(t.in_file);  // q8_0 is read in place
  }
  for (const LinearW::Part& part : w.parts) {
    load_->resolved.push_back({c.part + "." + part.name, precision, style(part.name).words,
                               w.packed->kernel, w.packed->bytes * part.out / w.out});
  }
  return w;
}

LinearW Loader::linear(int in, int out, Bias bias) const {
  std::vector<Taken> taken{weight({out, in})};
  LinearSource source{.name = path_, .parts = {{path_, taken[0].tensor}}};
  if (wants(bias)) source.parts[0].bias = taken.emplace_back(take("bias", {out})).tensor;
  return pack(source, taken);
}

LinearW Loader::stacked(int in, const std::vector<Row>& rows, Bias bias, bool paired) const {
  std::vector<Taken> taken;
  LinearSource source{.name = {}, .parts = {}, .paired = paired};
  for (const Row& row : rows) {
    const Loader at = *this / row.name;
    auto& part = source.parts.emplace_back();
    part.name = at.path_;
    part.weight = taken.emplace_back(at.weight({row.out, in})).tensor;
    if (at.wants(bias)) part.bias = taken.emplace_back(at.take("bias", {row.out})).tensor;
  }
  source.name = source.parts.front().name;
  return pack(source, taken);
}

LinearW Loader::gated(int in, int out) const {
  const std::vector<Taken> taken{weight({2 * out, in}), take("bias", {2 * out})};
  LinearSource source{.name = path_, .parts = {}, .paired = true};
  for (const int first : {0, out}) {
    source.parts.push_back(
        {path_, outer_rows(taken[0].tensor, first, out), outer_rows(taken[1].tensor, first, out)});
  }
  return pack(source, taken);
}

ConvW Loader::conv3x3(int in, int out, bool upsamples) const {
  const Checkpoint& c = load_->checkpoint;
  const Taken filter = weight({out, in, 3, 3});
  const Taken bias = take("bias", {out});
  const Precision precision = load_->policy.precision(c.part + "." + path_);
  ConvW w = load_->backend.pack_conv3x3(path_, filter.tensor, bias.tensor, precision, upsamples);
  c.release(filter.in_file);
  w.one_scale = style(path_).one_scale;
  load_->resolved.push_back(
      {c.part + "." + path_, precision, style(path_).words, w.packed->kernel, w.packed->bytes});
  return w;
}

NormW Loader::norm(int channels, float eps, bool bias) const {
  NormW w{.name = path_, .eps = eps};
  w.weight = load_->backend.upload(take("weight", {channels}).tensor);
  if (bias) w.bias = load_->backend.upload(take("bias", {channels}).tensor);
  return w;
}

Stored Loader::table(int rows, int columns) const {
  const Taken taken = take("weight", {rows, columns});
  Stored table = load_->backend.upload(taken.tensor);
  if (taken.tensor.dtype != DType::q8_0) load_->checkpoint.release(taken.in_file);
  return table;
}

bool Loader::wants(Bias bias) const {
  return bias == Bias::yes || (bias == Bias::maybe && has("bias"));
}

Stored Loader::vector(int count) const { return load_->backend.upload(take("", {count}).tensor); }

}  // namespace yent
