#include "engine/core/dump.h"

#include "engine/core/nchw.h"
#include "engine/core/policy.h"
#include "kernels/error.h"
#include "loaders/tensors/safetensors.h"

namespace yent {

void Dump::append(const std::string& name, DType dtype, std::vector<int64_t> dims,
                  const void* values, size_t bytes) {
  const auto [at, is_new] = entries_.try_emplace(name, Entry{dtype, dims, {}});
  Entry& entry = at->second;
  if (!is_new) {
    ENSURE(entry.dtype == dtype && entry.dims.size() == dims.size(), "dump: {} changes", name);
    entry.dims[0] += dims[0];
  }
  const auto* from = static_cast<const std::byte*>(values);
  entry.bytes.insert(entry.bytes.end(), from, from + bytes);
}

void Dump::add(const std::string& name, std::vector<int64_t> dims,
               const std::vector<float>& values) {
  append(name, DType::f32, std::move(dims), values.data(), values.size() * sizeof(float));
}

void Dump::add(const std::string& name, std::vector<int64_t> dims,
               const std::vector<int32_t>& values) {
  append(name, DType::i32, std::move(dims), values.data(), values.size() * sizeof(int32_t));
}

void Dump::add(const std::string& name, Backend& backend, Tensor tensor) {
  const Shape s = tensor.shape;
  std::vector<float> values(s.count());
  backend.read(values.data(), tensor);
  if (s.w == 1) return add(name, {s.n, s.h, s.c}, values);
  add(name, {s.n, s.c, s.h, s.w}, to_nchw(values, s));
}

bool Dump::wants_layer(const std::string& path) const {
  return !layers_.empty() && glob_match(layers_, path);
}

void Dump::write(const std::filesystem::path& path) const {
  std::vector<HostTensor> tensors;
  for (const auto& [name, e] : entries_) {
    tensors.push_back({name, e.dtype, e.dims, e.bytes.data(), e.bytes.size()});
  }
  write_safetensors(path, tensors);
}

void DumpBackend::record(const Arena& a, const std::string& path, Tensor out) {
  const std::string name = before_ + path + behind_;
  if (!a.measuring() && dump_.wants_layer(name)) dump_.add(name, inner_, out);
}

void DumpBackend::linear(Arena& a, Tensor out, ConcatView x, const LinearWeight& w,
                         const Epilogue& e) {
  inner_.linear(a, out, x, w, e);
  // PyTorch's module that returns the gated product is ff.net.0, one above ff.net.0.proj.
  if (w.paired) return record(a, w.name.substr(0, w.name.rfind(".proj")), out);
  int first = 0;
  for (const LinearWeight::Part& part : w.parts) {
    record(a, part.name, out.cols(first, part.out));
    first += part.out;
  }
}

void DumpBackend::conv3x3(Arena& a, Tensor out, Tensor x, const ConvWeight& w, const ConvGeom& g,
                          const Epilogue& e) {
  inner_.conv3x3(a, out, x, w, g, e);
  record(a, w.name, out);
}

void DumpBackend::group_norm(Arena& a, Tensor out, ConcatView x, const NormWeight& w, int groups,
                             Fn fn) {
  inner_.group_norm(a, out, x, w, groups, fn);
  record(a, w.name, out);
}

void DumpBackend::layer_norm(Arena& a, Tensor out, Tensor x, const NormWeight& w) {
  inner_.layer_norm(a, out, x, w);
  record(a, w.name, out);
}

void DumpBackend::rms_norm(Arena& a, Tensor out, Tensor x, const NormWeight& w, int width) {
  inner_.rms_norm(a, out, x, w, width);
  record(a, w.name, out);
}

}  // namespace yent
