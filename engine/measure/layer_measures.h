// How much quantization each layer of a run got: its weights, what it read, what it gave. The
// numbers are those that the layers compute with, whatever made them: grids of a policy, int8, bf16
// or f16.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/measure/measures.h"
#include "kernels/decorate.h"
#include "kernels/quantize/quant_error.h"

namespace yent {

// Sums over all calls of a layer, under its name with part: "unet.conv_in".
class LayerMeasures {
 public:
  enum class What { weights, input, output };
  struct Layer {
    std::string name;
    What what;
    QuantError error;
  };

  void add(const std::string& layer, What what, const QuantError& error);
  // In order of first use.
  const std::vector<Layer>& layers() const { return layers_; }

 private:
  std::vector<Layer> layers_;
  std::map<std::pair<std::string, What>, size_t> index_;
};
const char* what_name(LayerMeasures::What what);

// Measures the layers that run through it, and changes no bit of theirs. Linears and convolutions
// are always listed, norms and attentions where grids round what they read or give. A norm that
// writes what its consumer multiplies (int8, bf16) is computed a second time, in f32. Waits for the
// device at every layer.
class MeasuringBackend : public Decorator {
 public:
  MeasuringBackend(Backend& inner, LayerMeasures& measures) : Decorator(inner), to_(measures) {}

  // What stands before every path from now on: "unet.".
  void label(std::string before) {
    before_ = std::move(before);
    rounded_.clear();
  }

  // What a layer reads is measured once it has computed.
  bool writes_over_input(const Tensor&, const LinearWeight&) const override { return false; }
  void linear(Arena& a, Tensor out, ConcatView x, const LinearWeight& w,
              const Epilogue& e) override;
  void conv3x3(Arena& a, Tensor out, Tensor x, const ConvWeight& w, const ConvGeom& g,
               const Epilogue& e) override;
  // In two ops: what is in between is measured.
  // NOLINTNEXTLINE(readability-function-size): the arguments of a norm and of a convolution
  void norm_conv3x3(Arena& a, Tensor out, ConcatView x, const Prologue& p, const ConvWeight& w,
                    const ConvGeom& g, const Epilogue& e) override {
    Backend::norm_conv3x3(a, out, x, p, w, g, e);
  }
  void group_norm(Arena& a, Tensor out, ConcatView x, const NormWeight& w, int groups,
                  Fn fn) override;
  void layer_norm(Arena& a, Tensor out, Tensor x, const NormWeight& w) override;
  void attention(Arena& a, Tensor out, Tensor q, Tensor k, Tensor v, const AttnSpec& s) override;
  void quantize(Arena& a, Tensor out, ConcatView x, const QuantGrid& g, const QuantMix& m) override;

 private:
  // Values before the grids of a layer, and after those so far.
  struct Rounded {
    std::vector<float> before, now;
    std::vector<int64_t> codes = {};
    int grids = 0;
  };

  Rounded rounded(ConcatView x);
  void forget(const Tensor& out);
  template <class Norm>
  void normalize(Arena& a, Tensor out, ConcatView x, const NormWeight& w, const Norm& norm);
  void add(std::string_view layer, LayerMeasures::What what, const QuantError& error);
  void add_input(const std::vector<LinearWeight::Part>& layers, ConcatView x, Precision precision,
                 Sharing sharing);
  void add_weights(const std::shared_ptr<const LayerErrors>& errors);
  void add_gridded(std::string_view layer, ConcatView x);

  LayerMeasures& to_;
  std::string before_;
  std::map<const void*, Rounded> rounded_;  // by where they lie, until others are written there
};

// The three numbers of one entry; each may be undefined.
struct QuantMeasures {
  Measure sqnr = {}, code_used = {}, code_eff = {}, code_ends = {};
};
QuantMeasures quant_measures(const QuantError& error);

}  // namespace yent
