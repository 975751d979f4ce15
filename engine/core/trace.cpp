#include "engine/core/trace.h"

#include <algorithm>
#include <chrono>
#include <numeric>

namespace yent {
namespace {

double size_of(Tensor t) {
  return t ? static_cast<double>(t.shape.count()) * block_bytes(t.dtype) : 0;
}

double size_of(const ConcatView& x) { return size_of(x.a) + size_of(x.b); }

double size_of(const Epilogue& e) { return size_of(e.row_bias) + size_of(e.residual); }

}  // namespace

double wall_clock() {
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(time).count();
}

template <class Call>
void TraceBackend::trace(const Arena& arena, const std::string& name, const char* op, double macs,
                         double bytes, Call call) {
  const auto [at, is_new] = index_.try_emplace(name + " " + op, ops_.size());
  if (is_new) ops_.push_back({name, op});
  ops_[at->second].macs = macs, ops_[at->second].bytes = bytes;
  if (arena.measuring()) {
    call();
    return;
  }
  const double start = clock_();
  call();
  TracedOp& traced = ops_[at->second];
  traced.ms += clock_() - start;
  ++traced.calls;
}

double TraceBackend::macs() const {
  double sum = 0;
  for (const TracedOp& op : ops_) sum += op.macs;
  return sum;
}

void TraceBackend::clear() {
  ops_.clear();
  index_.clear();
}

void TraceBackend::linear(Arena& a, Tensor out, ConcatView x, const LinearWeight& w,
                          const Epilogue& e) {
  const double macs = static_cast<double>(x.rows()) * w.in * w.out;
  const double bytes = size_of(x) + size_of(out) + size_of(e) + w.packed->bytes;
  trace(a, w.name, "linear", macs, bytes, [&] { inner_.linear(a, out, x, w, e); });
}

void TraceBackend::conv3x3(Arena& a, Tensor out, Tensor x, const ConvWeight& w, const ConvGeom& g,
                           const Epilogue& e) {
  const double macs = static_cast<double>(out.rows()) * 9 * w.in * w.out;
  const double bytes = size_of(x) + size_of(out) + size_of(e) + w.packed->bytes;
  trace(a, w.name, "conv3x3", macs, bytes, [&] { inner_.conv3x3(a, out, x, w, g, e); });
}

// NOLINTNEXTLINE(readability-function-size): the arguments of a norm and of a convolution
void TraceBackend::norm_conv3x3(Arena& a, Tensor out, ConcatView x, const Prologue& p,
                                const ConvWeight& w, const ConvGeom& g, const Epilogue& e) {
  const double macs = static_cast<double>(out.rows()) * 9 * w.in * w.out;
  const double bytes = size_of(x) + size_of(out) + size_of(e) + w.packed->bytes;
  trace(a, w.name, "norm_conv3x3", macs, bytes,
        [&] { inner_.norm_conv3x3(a, out, x, p, w, g, e); });
}

void TraceBackend::group_norm(Arena& a, Tensor out, ConcatView x, const NormWeight& w, int groups,
                              Fn fn) {
  trace(a, w.name, "group_norm", 0, size_of(x) + size_of(out),
        [&] { inner_.group_norm(a, out, x, w, groups, fn); });
}

void TraceBackend::layer_norm(Arena& a, Tensor out, Tensor x, const NormWeight& w) {
  trace(a, w.name, "layer_norm", 0, size_of(x) + size_of(out),
        [&] { inner_.layer_norm(a, out, x, w); });
}

void TraceBackend::rms_norm(Arena& a, Tensor out, Tensor x, const NormWeight& w, int width) {
  trace(a, w.name, "rms_norm", 0, size_of(x) + size_of(out),
        [&] { inner_.rms_norm(a, out, x, w, width); });
}

void TraceBackend::attention(Arena& a, Tensor out, Tensor q, Tensor k, Tensor v,
                             const AttnSpec& s) {
  // A cache is longer than the text so far: only the keys that are visible count.
  const double keys = static_cast<double>(k.rows()) / k.shape.n;
  double seen = keys, most = keys;
  if (s.positions && !a.measuring()) {
    std::vector<int32_t> last(s.positions.rows());
    inner_.read(last.data(), s.positions);
    most = *std::max_element(last.begin(), last.end()) + 1;
    seen = std::accumulate(last.begin(), last.end(), 0.0) / static_cast<double>(last.size()) + 1;
  }
  const double macs = 2.0 * static_cast<double>(q.rows()) * seen * q.shape.c;
  const double bytes = size_of(q) + (size_of(k) + size_of(v)) * most / keys + size_of(out);
  trace(a, std::string(s.name), "attention", macs, bytes,
        [&] { inner_.attention(a, out, q, k, v, s); });
}

}  // namespace yent
