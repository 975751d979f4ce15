// A backend that forwards every call to another. Backends that time, record or compare ops derive
// from it and override only those calls. The inner backend must outlive it.
#pragma once

#include "kernels/backend.h"

namespace yent {

class Decorator : public Backend {
 public:
  explicit Decorator(Backend& inner) : inner_(inner) {}

  std::string device() const override { return inner_.device(); }
  std::string isa() const override { return inner_.isa(); }
  int threads() const override { return inner_.threads(); }
  size_t available_bytes() const override { return inner_.available_bytes(); }
  bool exact() const override { return inner_.exact(); }
  std::unique_ptr<Backend> exact_twin() const override { return inner_.exact_twin(); }

  Layout layout(Shape shape, ConsumerHint hint) const override {
    return inner_.layout(shape, hint);
  }

  bool stores_natively(DType type) const override { return inner_.stores_natively(type); }
  LinearWeight pack_linear(const LinearSource& source, Precision precision) override {
    return inner_.pack_linear(source, precision);
  }
  ConvWeight pack_conv3x3(const std::string& name, const HostTensor& weight, const HostTensor& bias,
                          Precision precision, bool upsamples) override {
    return inner_.pack_conv3x3(name, weight, bias, precision, upsamples);
  }
  PersistentTensor upload(const HostTensor& tensor) override { return inner_.upload(tensor); }
  PersistentTensor allocate(Shape shape, DType dtype) override {
    return inner_.allocate(shape, dtype);
  }
  PersistentTensor working_memory(size_t bytes, PersistentTensor old) override {
    return inner_.working_memory(bytes, std::move(old));
  }

  bool writes_over_input(const Tensor& x, const LinearWeight& w) const override {
    return inner_.writes_over_input(x, w);
  }
  void linear(Arena& a, Tensor out, ConcatView x, const LinearWeight& w,
              const Epilogue& e) override {
    inner_.linear(a, out, x, w, e);
  }
  void conv3x3(Arena& a, Tensor out, Tensor x, const ConvWeight& w, const ConvGeom& g,
               const Epilogue& e) override {
    inner_.conv3x3(a, out, x, w, g, e);
  }
  // NOLINTNEXTLINE(readability-function-size): the arguments of a norm and of a convolution
  void norm_conv3x3(Arena& a, Tensor out, ConcatView x, const Prologue& p, const ConvWeight& w,
                    const ConvGeom& g, const Epilogue& e) override {
    inner_.norm_conv3x3(a, out, x, p, w, g, e);
  }
  void group_norm(Arena& a, Tensor out, ConcatView x, const NormWeight& w, int groups,
                  Fn fn) override {
    inner_.group_norm(a, out, x, w, groups, fn);
  }
  void layer_norm(Arena& a, Tensor out, Tensor x, const NormWeight& w) override {
    inner_.layer_norm(a, out, x, w);
  }
  void rms_norm(Arena& a, Tensor out, Tensor x, const NormWeight& w, int width) override {
    inner_.rms_norm(a, out, x, w, width);
  }
  void attention(Arena& a, Tensor out, Tensor q, Tensor k, Tensor v, const AttnSpec& s) override {
    inner_.attention(a, out, q, k, v, s);
  }
  void rope(Arena& a, Tensor x, Tensor table, Tensor positions, const RopeSpec& s) override {
    inner_.rope(a, x, table, positions, s);
  }
  void store_rows(Arena& a, Tensor cache, Tensor x, Tensor positions) override {
    inner_.store_rows(a, cache, x, positions);
  }
  void embed(Arena& a, Tensor out, std::span<const Lookup> lookups) override {
    inner_.embed(a, out, lookups);
  }
  void linear_combination(Arena& a, Tensor out, std::span<const Tensor> terms, Tensor coefficients,
                          bool rectified) override {
    inner_.linear_combination(a, out, terms, coefficients, rectified);
  }
  void quantize(Arena& a, Tensor out, ConcatView x, const QuantGrid& g,
                const QuantMix& m) override {
    inner_.quantize(a, out, x, g, m);
  }
  void replay(const std::string& key, const std::function<void()>& forward) override {
    inner_.replay(key, forward);
  }
  void wait() override { inner_.wait(); }
  void write(Tensor dst, const void* src) override { inner_.write(dst, src); }
  void read(void* dst, Tensor src) override { inner_.read(dst, src); }

 protected:
  Backend& inner_;
};

}  // namespace yent
