#include "engine/core/weight_binder.h"

#include <algorithm>
#include <iterator>

#include "kernels/error.h"
#include "kernels/half.h"
#include "kernels/quantize/quantize.h"
#include "loaders/tensors/convert.h"

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

// GGUF-quantized types are for matrices, which are used in place; norms and biases are read as
// floats.
bool accepts(const Backend& backend, const HostTensor& t) {
  const bool matrix = t.dims.size() == 2;
  return t.dtype == DType::f32 || t.dtype == DType::f16 || t.dtype == DType::bf16 ||
         (matrix && backend.stores_natively(t.dtype));
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

void quantize_weight(const std::vector<GridStep>& steps, float* values, size_t rows,
                     size_t columns) {
  const size_t count = rows * columns;
  for (const GridStep& step : steps) {
    const std::vector<float> before(values, values + count);
    quantize_rows(step.grid, {values, rows, columns, columns, rows});
    if (step.share == 1) continue;
    std::vector<float> other = before;
    if (step.other) {
      quantize_rows(*step.other, {other.data(), rows, columns, columns, rows});
      for (size_t i = 0; i < count; ++i) {
        other[i] = step.other_share * other[i] + (1 - step.other_share) * before[i];
      }
    }
    for (size_t i = 0; i < count; ++i) {
      values[i] = step.share * values[i] + (1 - step.share) * other[i];
    }
  }
}

std::vector<float> f32_values(const HostTensor& t) {
  std::vector<float> values(t.count());
  to_f32(t, values.data());
  return values;
}

void round_to(Precision precision, std::span<float> values, size_t rows) {
  const size_t columns = values.size() / rows;
  switch (precision) {
    case Precision::f32:
      return;
    case Precision::f16:
      for (float& v : values) v = f16_to_f32(f32_to_f16(v));
      return;
    case Precision::bf16:
      for (float& v : values) v = bf16_to_f32(f32_to_bf16(v));
      return;
    case Precision::int8:
      quantize_rows({.sharing = Sharing::row}, {values.data(), rows, columns, columns, rows});
  }
}

// The grid whose codes weights have; int8 behind a grid, in kernels or as a grid of its own, keeps
// nearly all of that one's.
std::optional<QuantGrid> only_grid(const std::vector<GridStep>& steps, Precision precision) {
  if (steps.empty())
    return precision == Precision::int8 ? std::optional(QuantGrid()) : std::nullopt;
  const bool alone = steps.size() == 1 || (steps.size() == 2 && steps[1].grid == QuantGrid());
  return alone && !steps[0].other ? std::optional(steps[0].grid) : std::nullopt;
}

std::shared_ptr<const LayerGrids> grids_of(const LayerStyle& style) {
  if (style.grids.input.empty() && style.grids.output.empty()) return nullptr;
  return std::make_shared<const LayerGrids>(style.grids);
}

}  // namespace

Checkpoint checkpoint_of(std::shared_ptr<const TensorSet> set, std::string part) {
  Checkpoint c{.path = set->path, .part = std::move(part), .find = {}};
  c.find = [set](const std::string& name, std::span<const int64_t>) { return set->find(name); };
  c.release = [set](const HostTensor& t) { set->release(t); };
  for (const HostTensor& t : set->tensors) c.names.insert(t.name);
  return c;
}

WeightBinder::WeightBinder(Checkpoint checkpoint, Backend& backend, const Policy& policy,
                           BoundWeights kept, bool measures)
    : load_(std::make_shared<Load>(
          Load{std::move(checkpoint), backend, policy, std::move(kept), measures})) {}

WeightBinder WeightBinder::operator/(std::string_view step) const {
  WeightBinder next = *this;
  next.path_ = name(step);
  return next;
}

std::string WeightBinder::name(std::string_view leaf) const {
  if (path_.empty()) return std::string(leaf);
  return leaf.empty() ? path_ : fmt::format("{}.{}", path_, leaf);
}

bool WeightBinder::has(std::string_view leaf) const {
  return load_->checkpoint.names.contains(name(leaf));
}

WeightBinder::Taken WeightBinder::take(std::string_view leaf, std::vector<int64_t> dims,
                                       std::optional<LayerKind> kind) const {
  Checkpoint& c = load_->checkpoint;
  const std::string full = name(leaf);
  load_->asked.push_back(full);
  const bool restyled = c.restyles(full);
  const HostTensor* found = c.find(full, dims);
  const HostTensor made{.name = full, .dims = dims};
  if (!found && restyled && leaf == "bias") found = &made;
  if (!found) {
    throw file_error("{}: {} is missing, expected {}", c.path, full, dims_text(dims));
  }
  if (!fits(found->dims, dims)) {
    throw file_error("{}: {} is {} {}, expected {}", c.path, full, dims_text(found->dims),
                     dtype_name(found->dtype), dims_text(dims));
  }
  c.names.erase(full);
  Taken taken{.tensor = *found, .in_file = *found};
  taken.tensor.dims.resize(dims.size());  // only ones are cut off
  if (kind == LayerKind::linear) kind = taken.kind();
  const auto steps = kind ? style(path_, *kind).weights : std::vector<GridStep>();
  if (restyled || !steps.empty() || !accepts(load_->backend, taken.tensor)) {
    taken.owned = std::make_shared<std::vector<float>>(found->count());
    float* values = taken.owned->data();
    const int64_t rows = found->dims[0];
    if (found->data) to_f32(*found, values);
    if (restyled) c.restyle(full, values, rows, found->count() / rows);
    if (load_->measures && kind) taken.before = *taken.owned;
    const int64_t channels = kind == LayerKind::norm ? 1 : rows;  // a norm's are one row
    quantize_weight(steps, values, channels, found->count() / channels);
    taken.tensor.dtype = DType::f32;
    taken.tensor.data = reinterpret_cast<const std::byte*>(taken.owned->data());
    taken.tensor.bytes = taken.owned->size() * sizeof(float);
  } else if (load_->measures && kind) {
    taken.before = f32_values(*found);
  }
  taken.grids = steps;
  return taken;
}

LayerStyle WeightBinder::style(std::string_view layer, LayerKind kind) const {
  return load_->policy.layer(fmt::format("{}.{}", load_->checkpoint.part, layer), kind);
}

std::shared_ptr<const LayerErrors> WeightBinder::errors(std::span<const Taken> taken,
                                                        Precision precision) const {
  if (!load_->measures) return nullptr;
  auto all = std::make_shared<LayerErrors>();
  for (const Taken& t : taken) {
    if (t.before.empty()) continue;
    std::vector<float> before = t.before, after = f32_values(t.tensor);
    const bool vector = t.tensor.dims.size() == 1;  // a norm's, which is one row
    const size_t rows = vector ? 1 : t.tensor.dims[0], columns = before.size() / rows;
    std::vector<int64_t> codes;
    if (const auto grid = only_grid(t.grids, precision)) {
      codes = code_histogram(*grid, {before.data(), rows, columns, columns, rows});
    }
    round_to(precision, after, rows);
    const std::string& name = t.in_file.name;
    all->push_back({name.substr(0, name.rfind('.')), quant_error(before, after, std::move(codes))});
  }
  return all;
}

void WeightBinder::resolve(const Resolved& layer) const { load_->resolved.push_back(layer); }

template <class Weight>
Weight WeightBinder::bind(const std::function<Weight()>& make) const {
  Load& load = *load_;
  BoundWeight& bound = load.bound[path_];
  const auto kept = load.kept.find(path_);
  if (kept != load.kept.end() && std::holds_alternative<Weight>(kept->second.weight)) {
    bound = kept->second;
    for (const std::string& tensor : bound.tensors) load.checkpoint.names.erase(tensor);
    load.resolved.insert(load.resolved.end(), bound.resolved.begin(), bound.resolved.end());
  } else {
    load.asked.clear();
    const auto known = static_cast<ptrdiff_t>(load.resolved.size());
    bound = {make(), load.asked, {}};
    bound.resolved.assign(load.resolved.begin() + known, load.resolved.end());
  }
  return std::get<Weight>(bound.weight);
}

LinearWeight WeightBinder::pack(LinearSource& source, const std::vector<Taken>& taken) const {
  const Checkpoint& c = load_->checkpoint;
  const LayerKind kind = taken.front().kind();
  source.name = source.parts.front().name;
  const LayerStyle first = style(source.name, kind);
  LinearWeight w = load_->backend.pack_linear(source, first.precision);
  w.per_tensor = first.per_tensor;
  w.grids = grids_of(first);
  w.errors = errors(taken, w.precision);
  for (const Taken& t : taken) {
    if (t.in_file.data && !load_->backend.stores_natively(t.tensor.dtype)) c.release(t.in_file);
  }
  for (const LinearWeight::Part& part : w.parts) {
    resolve({c.part + "." + part.name, first.precision, style(part.name, kind).words,
             w.packed->kernel, w.packed->bytes * part.out / w.out});
  }
  return w;
}

void WeightBinder::add_part(LinearSource& source, std::vector<Taken>& taken, int in, int out,
                            Bias bias) const {
  auto& part = source.parts.emplace_back();
  part.name = path_;
  part.weight = taken.emplace_back(weight({out, in})).tensor;
  if (wants(bias)) part.bias = taken.emplace_back(take("bias", {out})).tensor;
}

LinearWeight WeightBinder::linear(int in, int out, Bias bias) const {
  return bind<LinearWeight>([&] {
    std::vector<Taken> taken;
    LinearSource source;
    add_part(source, taken, in, out, bias);
    return pack(source, taken);
  });
}

std::vector<LinearWeight> WeightBinder::stacked(int in, const std::vector<Row>& rows,
                                                Bias bias) const {
  return (*this / rows.front().name).bind<std::vector<LinearWeight>>([&] {
    std::vector<LinearWeight> products;
    std::vector<Taken> taken;
    LinearSource source;
    LayerStyle before;
    for (const Row& row : rows) {
      const WeightBinder at = *this / row.name;
      LinearSource next;
      std::vector<Taken> taken_next;
      at.add_part(next, taken_next, in, row.out, bias);
      LayerStyle style = this->style(at.path_, taken_next.front().kind());
      if (!taken.empty() && !style.multiplies_as(before)) {
        products.push_back(pack(source, taken));
        source.parts.clear(), taken.clear();
      }
      source.parts.push_back(std::move(next.parts.front()));
      std::ranges::move(taken_next, std::back_inserter(taken));
      before = std::move(style);
    }
    products.push_back(pack(source, taken));
    return products;
  });
}

LinearWeight WeightBinder::paired(int in, int out, const std::string& value,
                                  const std::string& gate) const {
  return (*this / value).bind<LinearWeight>([&] {
    std::vector<Taken> taken;
    LinearSource source{.name = {}, .parts = {}, .paired = true};
    for (const std::string& name : {value, gate}) {
      (*this / name).add_part(source, taken, in, out, Bias::no);
    }
    const LayerStyle of_value = style(name(value), LayerKind::linear);
    const LayerStyle of_gate = style(name(gate), LayerKind::linear);
    const bool gridded = grids_of(of_value) || grids_of(of_gate);
    if (gridded && of_value.words != of_gate.words) {
      throw usage_error("{}.{} and {} are one product, expected one rule for its input and output",
                        load_->checkpoint.part, name(value), gate);
    }
    return pack(source, taken);
  });
}

LinearWeight WeightBinder::gated(int in, int out) const {
  return bind<LinearWeight>([&] {
    const std::vector<Taken> taken{weight({2 * out, in}), take("bias", {2 * out})};
    LinearSource source{.name = {}, .parts = {}, .paired = true};
    for (const int first : {0, out}) {
      source.parts.push_back({path_, outer_rows(taken[0].tensor, first, out),
                              outer_rows(taken[1].tensor, first, out)});
    }
    return pack(source, taken);
  });
}

ConvWeight WeightBinder::conv3x3(int in, int out, bool upsamples, Bias has_bias) const {
  return bind<ConvWeight>([&] {
    const Checkpoint& c = load_->checkpoint;
    const Taken filter = weight({out, in, 3, 3});
    const Taken bias = wants(has_bias) ? take("bias", {out}) : Taken{};
    const LayerStyle style = this->style(path_, LayerKind::conv);
    ConvWeight w =
        load_->backend.pack_conv3x3(path_, filter.tensor, bias.tensor, style.precision, upsamples);
    w.errors = errors({&filter, 1}, w.precision);
    c.release(filter.in_file);
    w.per_tensor = style.per_tensor;
    w.grids = grids_of(style);
    resolve(
        {c.part + "." + path_, style.precision, style.words, w.packed->kernel, w.packed->bytes});
    return w;
  });
}

NormWeight WeightBinder::norm(int channels, float eps, bool bias) const {
  return bind<NormWeight>([&] {
    NormWeight w{.name = path_, .eps = eps};
    const Taken weight = take("weight", {channels}, LayerKind::norm);
    w.weight = load_->backend.upload(weight.tensor);
    if (!weight.grids.empty()) w.errors = errors({&weight, 1}, Precision::f32);
    if (bias) w.bias = load_->backend.upload(take("bias", {channels}).tensor);
    const LayerStyle style = this->style(path_, LayerKind::norm);
    w.grids = grids_of(style);
    if (!style.words.empty()) {
      resolve({load_->checkpoint.part + "." + path_, Precision::f32, style.words, "norm",
               channels * sizeof(float) * (bias ? 2 : 1)});
    }
    return w;
  });
}

AttentionRule WeightBinder::attention(Precision precision) const {
  const std::string full = load_->checkpoint.part + "." + path_;
  const LayerStyle style = this->style(path_, LayerKind::attention);
  AttentionRule rule{load_->policy.attention_precision(full).value_or(precision), grids_of(style)};
  if (!style.grids.input.empty()) rule.precision = Precision::f32;
  if (!style.words.empty()) resolve({full, rule.precision, style.words, "attention", 0});
  return rule;
}

PersistentTensor WeightBinder::table(int rows, int columns) const {
  return bind<PersistentTensor>([&] {
    const Taken taken = take("weight", {rows, columns});
    PersistentTensor table = load_->backend.upload(taken.tensor);
    if (!load_->backend.stores_natively(taken.tensor.dtype)) {
      load_->checkpoint.release(taken.in_file);
    }
    return table;
  });
}

bool WeightBinder::wants(Bias bias) const {
  load_->asked.push_back(name("bias"));
  return bias == Bias::yes || (bias == Bias::maybe && has("bias")) ||
         load_->checkpoint.restyles(name("bias"));
}

PersistentTensor WeightBinder::vector(int count) const {
  return bind<PersistentTensor>([&] { return load_->backend.upload(take("", {count}).tensor); });
}

}  // namespace yent
